"""Reading of transcripts in any known format."""

from pathlib import Path

from graphmer.errors import CorpusError
from graphmer.transcripts.amazon import AMAZON, AMAZON_CALL
from graphmer.transcripts.assemblyai import ASSEMBLYAI
from graphmer.transcripts.azure import AZURE
from graphmer.transcripts.chat import ChatFormat
from graphmer.transcripts.deepgram import DEEPGRAM
from graphmer.transcripts.excel import ExcelFormat
from graphmer.transcripts.google import GOOGLE
from graphmer.transcripts.json_turns import JsonTurnsFormat
from graphmer.transcripts.meld import MeldFormat
from graphmer.transcripts.rttm import RttmFormat
from graphmer.transcripts.subtitles import SRT, WEBVTT
from graphmer.transcripts.table import TableFormat
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, Transcript, TranscriptFormat
from graphmer.transcripts.whisper import WHISPER, WHISPER_CPP, WHISPERX

FORMATS: tuple[TranscriptFormat, ...] = (
    WEBVTT,
    SRT,
    RttmFormat(),
    WHISPER_CPP,
    WHISPERX,
    WHISPER,
    AMAZON,
    AMAZON_CALL,
    DEEPGRAM,
    ASSEMBLYAI,
    GOOGLE,
    AZURE,
    MeldFormat(),
    JsonTurnsFormat(),
    ChatFormat(),
    TableFormat(),
)
"""Known formats; the first one that matches the beginning of a file reads it.

Formats that match files of any program, such as tables, come last.
"""

BINARY_FORMATS: tuple[TranscriptFormat, ...] = (ExcelFormat(),)
"""Known formats that are not text; their beginning has one character per byte."""


def detected(path: str | Path) -> TranscriptFormat | None:
    """Format of a file by its beginning; ``None`` if it is not known.

    Raises:
        CorpusError: if there is no such file, or it is empty.
    """
    return _format(TextFile.opened(Path(path)))


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
    known = _format(file)
    if known is not None:
        return known.read(file, options or ReadingOptions())
    if file.encoding is None:
        raise CorpusError(f"{path}: binary file, not text. Export the transcript as text.")
    names = ", ".join(known.name for known in (*FORMATS, *BINARY_FORMATS))
    raise CorpusError(f"{path}: no known format of transcripts. Known are {names}.")


def _format(file: TextFile) -> TranscriptFormat | None:
    head = file.head.lstrip("\ufeff\n\t ")
    formats = BINARY_FORMATS if file.encoding is None else FORMATS
    return next((known for known in formats if known.matches(head)), None)
