"""Text files in the encodings that other programs write."""

import codecs
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from graphmer.errors import CorpusError

HEAD = 2**16
"""Bytes from the beginning of a file by which its encoding and its format are detected."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNTYPICAL = frozenset(range(32)) - {9, 10, 12, 13, 21, 27}
"""Control characters that text has not; 21 encloses the times of CHAT."""


@dataclass(frozen=True)
class TextFile:
    """A text file, of which only the beginning is read until its text is asked for.

    Args:
        path: of the file.
        encoding: name of its encoding; see `opened`.
        head: its beginning, up to `HEAD` bytes.
    """

    path: Path
    encoding: str
    head: str

    @classmethod
    def opened(cls, path: Path) -> "TextFile":
        """A file with its encoding: by its byte order mark, else UTF-8, else Windows-1252.

        Raises:
            CorpusError: if there is no such file, it is empty, or it is binary.
        """
        if not path.is_file():
            raise CorpusError(f"{path}: no such file. Name a transcript.")
        with path.open("rb") as file:
            begin = file.read(HEAD)
        if not begin.strip():
            raise CorpusError(f"{path}: empty file. Name a transcript with at least one turn.")
        encoding = next((name for mark, name in _MARKS if begin.startswith(mark)), None)
        if encoding is None:
            if _UNTYPICAL.intersection(begin):
                raise CorpusError(f"{path}: binary file, not text. Export the transcript as text.")
            encoding = "utf-8" if _is_utf8(begin) else "cp1252"
        text = begin[: len(begin) // 2 * 2] if encoding == "utf-16" else begin
        return cls(path, encoding, _lines(text.decode(encoding, errors="replace")))

    @cached_property
    def text(self) -> str:
        """The whole text with line feeds as the only ends of lines.

        Raises:
            CorpusError: if its bytes are not in the encoding.
        """
        content = self.path.read_bytes()
        try:
            return _lines(content.decode(self.encoding))
        except UnicodeDecodeError as error:
            if self.encoding == "utf-8" and not _UNTYPICAL.intersection(content):
                return _lines(content.decode("cp1252", errors="replace"))  # ASCII up to here
            line = content[: error.start].count(b"\n") + 1
            raise CorpusError(
                f"{self.path}:{line}: not in {self.encoding} ({error.reason}). Save the file as UTF-8."
            ) from None


def _is_utf8(begin: bytes) -> bool:
    """Whether it is UTF-8, which may be cut within its last character."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(begin, final=len(begin) < HEAD)
    except UnicodeDecodeError:
        return False
    return True


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
