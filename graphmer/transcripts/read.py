"""Reading of transcripts in any known format."""

from pathlib import Path

from graphmer.errors import CorpusError
from graphmer.transcripts.chat import ChatFormat
from graphmer.transcripts.elan import ElanFormat
from graphmer.transcripts.label_studio import LabelStudioFormat
from graphmer.transcripts.meld import MeldFormat
from graphmer.transcripts.subtitles import SRT, WEBVTT
from graphmer.transcripts.talkbank import TalkBankFormat
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.textgrid import TextGridFormat
from graphmer.transcripts.transcript import ReadingOptions, Transcript, TranscriptFormat
from graphmer.transcripts.whatsapp import WhatsAppFormat

FORMATS: tuple[TranscriptFormat, ...] = (
    WEBVTT,
    SRT,
    MeldFormat(),
    ElanFormat(),
    TextGridFormat(),
    TalkBankFormat(),
    LabelStudioFormat(),
    WhatsAppFormat(),
    ChatFormat(),
)
"""Known formats; the first one that matches the beginning of a file reads it."""


def read_transcript(path: str | Path, options: ReadingOptions | None = None) -> Transcript:
    """Read a transcript, whose format is detected by its contents.

    A file of no known format is refused after its beginning was read.

    Args:
        path: file.
        options: choices that the file cannot answer.

    Raises:
        CorpusError: if it has no known format or is invalid; the message names file and line.
    """
    file = TextFile.opened(Path(path))
    head = file.head.lstrip("\ufeff\n\t ")
    for known in FORMATS:
        if known.matches(head):
            return known.read(file, options or ReadingOptions())
    names = ", ".join(known.name for known in FORMATS)
    raise CorpusError(f"{path}: no known format of transcripts. Known are {names}.")
