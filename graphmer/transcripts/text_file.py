"""Files in the encodings that other programs write."""

import codecs
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from graphmer.errors import CorpusError

HEAD = 2**16
"""Bytes from the beginning of a file by which its encoding and its format are detected."""

LARGEST = 2**29
"""Bytes of the largest file that is read whole."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = "latin-1"
"""Decodes any byte, so that formats can look for the marks of binary files."""

_UNTYPICAL = frozenset(range(32)) - {9, 10, 12, 13, 21, 27}
"""Control characters that text has not; 21 encloses the times of CHAT."""


@dataclass(frozen=True)
class TextFile:
    """A file, of which only the beginning is read until its text is asked for.

    Args:
        path: of the file.
        encoding: name of its encoding; see `opened`. ``None`` for a binary file.
        head: its beginning, up to `HEAD` bytes; of a binary file, one character per byte.
    """

    path: Path
    encoding: str | None
    head: str

    @classmethod
    def opened(cls, path: Path) -> "TextFile":
        """A file with its encoding: by its byte order mark, else UTF-16, UTF-8 or Windows-1252.

        Raises:
            CorpusError: if there is no such file, or it is empty.
        """
        if not path.is_file():
            raise CorpusError(f"{path}: no such file. Name a transcript.")
        with path.open("rb") as file:
            begin = file.read(HEAD)
        if not begin.strip():
            raise CorpusError(f"{path}: empty file. Name a transcript with at least one turn.")
        encoding = _encoding(begin)
        if encoding is None:
            return cls(path, None, begin.decode(_BINARY))
        text = begin[: len(begin) // 2 * 2] if encoding.startswith("utf-16") else begin
        head = _lines(text.decode(encoding, errors="replace"))
        return cls(path, None, begin.decode(_BINARY)) if "\0" in head else cls(path, encoding, head)

    @cached_property
    def text(self) -> str:
        """The whole text with line feeds as the only ends of lines.

        Raises:
            CorpusError: if the file is binary or larger than `LARGEST`, or its bytes are not in the encoding.
        """
        if self.encoding is None:
            raise CorpusError(f"{self.path}: binary file, not text. Export the transcript as text.")
        require_size(self.path)
        content = self.path.read_bytes()
        try:
            text = _lines(content.decode(self.encoding))
        except UnicodeDecodeError as error:
            if self.encoding == "utf-8" and not _UNTYPICAL.intersection(content):
                return _lines(content.decode("cp1252", errors="replace"))  # ASCII up to here
            line = content[: error.start].count(b"\n") + 1
            raise CorpusError(
                f"{self.path}:{line}: not in {self.encoding} ({error.reason}). Save the file as UTF-8."
            ) from None
        if "\0" in text:
            line = text[: text.index("\0")].count("\n") + 1
            raise CorpusError(f"{self.path}:{line}: has a NUL character. Save the file as UTF-8 text again.")
        return text


def require_size(path: Path) -> None:
    """Refuse a file that is too large to be read whole.

    Raises:
        CorpusError: if it has more than `LARGEST` bytes.
    """
    size = path.stat().st_size
    if size > LARGEST:
        raise CorpusError(
            f"{path}: a transcript has at most {LARGEST // 2**20} MiB; got {size // 2**20} MiB. Split it."
        )


def _encoding(begin: bytes) -> str | None:
    for mark, name in _MARKS:
        if begin.startswith(mark):
            return name
    if not _UNTYPICAL.intersection(begin):
        return "utf-8" if _is_utf8(begin) else "cp1252"
    for name, zero, other in (("utf-16-le", 1, 0), ("utf-16-be", 0, 1)):  # mostly Latin letters
        half = len(begin) // 2
        if 2 * begin[zero::2].count(0) > half and not _UNTYPICAL.intersection(begin[other::2]):
            return name
    return None


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
