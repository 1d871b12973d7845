"""Word documents (``.docx``), whose text has one of the other formats."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from xml.etree.ElementTree import Element

from graphmer.errors import CorpusError
from graphmer.transcripts.markup import parsed
from graphmer.transcripts.text_file import HEAD, LARGEST, TextFile, require_size
from graphmer.transcripts.transcript import ReadingOptions, Transcript, TranscriptFormat

_DOCUMENT = "word/document.xml"
_BLANKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
"""Elements that stand for a character."""


@dataclass(frozen=True)
class _Contents(TextFile):
    """Text that was found in another file."""

    content: str = ""

    @cached_property
    def text(self) -> str:
        return self.content


class WordFormat:
    """Paragraphs as lines, in the first known format that they have: of Teams, Meet, Otter, Rev.

    Args:
        formats: of text.
    """

    name = "Word"

    def __init__(self, formats: Sequence[TranscriptFormat]) -> None:
        self.formats = formats

    def matches(self, head: str) -> bool:
        return head.startswith("PK\x03\x04") and "word/" in head

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        text = _paragraphs(file.path)
        head = text[:HEAD].lstrip("\ufeff\n\t ")
        known = next((known for known in self.formats if known.matches(head)), None)
        if known is None:
            raise CorpusError(
                f"{file.path}: no known format of transcripts in its paragraphs. Write lines `Name: text`, "
                "or a table as .xlsx or CSV."
            )
        found = known.read(_Contents(file.path, "utf-8", text[:HEAD], text), options)
        found.report.taken = {"document": f"paragraphs as {known.name}", **found.report.taken}
        return Transcript(self.name, found.dialogues, found.report)


def _paragraphs(path: Path) -> str:
    """The paragraphs of a document, one a line."""
    require_size(path)
    try:
        with zipfile.ZipFile(path) as archive:
            size = archive.getinfo(_DOCUMENT).file_size
            content = archive.read(_DOCUMENT) if size <= LARGEST else None
    except Exception as error:  # a damaged archive can raise anything
        raise CorpusError(f"{path}: damaged Word document ({error}). Save it again, or as text.") from None
    if content is None:
        raise CorpusError(f"{path}: has more than {LARGEST // 2**20} MiB unpacked. Split it.")
    try:
        xml = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CorpusError(f"{path}: damaged Word document (not in UTF-8). Save it again.") from None
    root = parsed(_Contents(path, "utf-8", "", xml))
    return "".join(f"{_text(paragraph)}\n" for paragraph in root.iter() if _kind(paragraph) == "p")


def _kind(element: Element) -> str:
    """Name of an element without the prefix of its namespace."""
    return element.tag.rpartition(":")[2]


def _text(paragraph: Element) -> str:
    parts = []
    for element in paragraph.iter():
        kind = _kind(element)
        parts.append((element.text or "") if kind == "t" else _BLANKS.get(kind, ""))
    return "".join(parts)
