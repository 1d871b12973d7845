"""Reading of transcripts in any known format."""

from pathlib import Path

from graphmer.errors import CorpusError
from graphmer.transcripts.chat import ChatFormat
from graphmer.transcripts.convokit import ConvoKitFormat
from graphmer.transcripts.edireef import EdirefFormat
from graphmer.transcripts.emocontext import EmoContextFormat
from graphmer.transcripts.emorynlp import EmoryNlpFormat
from graphmer.transcripts.iemocap import IemocapFormat
from graphmer.transcripts.meld import MeldFormat
from graphmer.transcripts.reccon import RecconFormat
from graphmer.transcripts.subtitles import SRT, WEBVTT
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import FolderFormat, ReadingOptions, Transcript, TranscriptFormat

FORMATS: tuple[TranscriptFormat, ...] = (
    WEBVTT,
    SRT,
    MeldFormat(),
    MeldFormat(dyadic=True),
    EmoryNlpFormat(),
    EdirefFormat(),
    RecconFormat(),
    EmoContextFormat(),
    ChatFormat(),
)
"""Known formats; the first one that matches the beginning of a file reads it."""

FOLDERS: tuple[FolderFormat, ...] = (IemocapFormat(), ConvoKitFormat())
"""Corpora that are folders."""


def read_transcript(path: str | Path, options: ReadingOptions | None = None) -> Transcript:
    """Read a transcript, whose format is detected by its contents.

    A file of no known format is refused after its beginning was read.

    Args:
        path: file, or folder of a corpus in `FOLDERS`.
        options: choices that the file cannot answer.

    Raises:
        CorpusError: if it has no known format or is invalid; the message names file and line.
    """
    path, chosen = Path(path), options or ReadingOptions()
    if path.is_dir():
        folder = folder_format(path)
        if folder is None:
            names = ", ".join(known.name for known in FOLDERS)
            raise CorpusError(f"{path}: a folder of no known corpus. Known are {names}.")
        return folder.read(path, chosen)
    file = TextFile.opened(path)
    found = _format(file)
    if found is None:
        names = ", ".join(known.name for known in FORMATS)
        raise CorpusError(f"{path}: no known format of transcripts. Known are {names}.")
    return found.read(file, chosen)


def detected(path: str | Path) -> TranscriptFormat | None:
    """Format of a file by its beginning; ``None`` if it is not known.

    Raises:
        CorpusError: if there is no such file, or it is empty.
    """
    return _format(TextFile.opened(Path(path)))


def folder_format(path: Path) -> FolderFormat | None:
    """Corpus that a folder holds, by its files; ``None`` if it has no known one."""
    return next((known for known in FOLDERS if known.matches(path)), None)


def _format(file: TextFile) -> TranscriptFormat | None:
    head = file.head.lstrip("\ufeff\n\t ")
    return next((known for known in FORMATS if known.matches(head)), None)
