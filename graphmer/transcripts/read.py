"""Reading of transcripts in any known format."""

from pathlib import Path

from graphmer.errors import CorpusError
from graphmer.transcripts.amazon import AMAZON, AMAZON_CALL
from graphmer.transcripts.assemblyai import ASSEMBLYAI
from graphmer.transcripts.azure import AZURE
from graphmer.transcripts.chat import ChatFormat
from graphmer.transcripts.convokit import ConvoKitFormat
from graphmer.transcripts.deepgram import DEEPGRAM
from graphmer.transcripts.edireef import EdirefFormat
from graphmer.transcripts.elan import ElanFormat
from graphmer.transcripts.elevenlabs import ELEVENLABS
from graphmer.transcripts.emocontext import EmoContextFormat
from graphmer.transcripts.emorynlp import EmoryNlpFormat
from graphmer.transcripts.excel import ExcelFormat
from graphmer.transcripts.google import GOOGLE
from graphmer.transcripts.iemocap import IemocapFormat
from graphmer.transcripts.json_turns import JsonTurnsFormat
from graphmer.transcripts.label_studio import LabelStudioFormat
from graphmer.transcripts.meld import MeldFormat
from graphmer.transcripts.reccon import RecconFormat
from graphmer.transcripts.renaming import renamed
from graphmer.transcripts.rev import REV
from graphmer.transcripts.rttm import RttmFormat
from graphmer.transcripts.speechmatics import SPEECHMATICS
from graphmer.transcripts.substation import SubStationFormat
from graphmer.transcripts.subtitles import SBV, SRT, WEBVTT
from graphmer.transcripts.table import TableFormat
from graphmer.transcripts.talkbank import TalkBankFormat
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.textgrid import TextGridFormat
from graphmer.transcripts.timed_text import TimedTextFormat
from graphmer.transcripts.transcript import FolderFormat, ReadingOptions, Transcript, TranscriptFormat
from graphmer.transcripts.watson import WATSON
from graphmer.transcripts.whatsapp import WhatsAppFormat
from graphmer.transcripts.whisper import WHISPER, WHISPER_CPP, WHISPERX
from graphmer.transcripts.word_document import WordFormat
from graphmer.transcripts.youtube import YOUTUBE

FORMATS: tuple[TranscriptFormat, ...] = (
    WEBVTT,
    SRT,
    SBV,
    SubStationFormat(),
    ElanFormat(),
    TextGridFormat(),
    TalkBankFormat(),
    RttmFormat(),
    ELEVENLABS,
    REV,
    SPEECHMATICS,
    WATSON,
    YOUTUBE,
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
    MeldFormat(dyadic=True),
    EmoryNlpFormat(),
    EdirefFormat(),
    RecconFormat(),
    EmoContextFormat(),
    LabelStudioFormat(),
    JsonTurnsFormat(),
    WhatsAppFormat(),
    TimedTextFormat(),
    ChatFormat(),
    TableFormat(),
)
"""Known formats; the first one that matches the beginning of a file reads it.

Formats that match files of any program, such as tables, come last.
"""

BINARY_FORMATS: tuple[TranscriptFormat, ...] = (WordFormat(FORMATS), ExcelFormat())
"""Known formats that are not text; their beginning has one character per byte."""

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
        return renamed(folder.read(path, chosen), chosen.merge_speakers)
    file = TextFile.opened(path)
    known = _format(file)
    if known is not None:
        return renamed(known.read(file, chosen), chosen.merge_speakers)
    if file.encoding is None:
        raise CorpusError(f"{path}: binary file, not text. Export the transcript as text.")
    names = ", ".join(known.name for known in (*FORMATS, *BINARY_FORMATS))
    raise CorpusError(f"{path}: no known format of transcripts. Known are {names}.")


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
    formats = BINARY_FORMATS if file.encoding is None else FORMATS
    return next((known for known in formats if known.matches(head)), None)
