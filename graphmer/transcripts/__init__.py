"""Transcripts as people have them: files in, dialogues of turns without features out."""

from graphmer.transcripts.diarization import Diarization, Segment, read_diarization
from graphmer.transcripts.read import (
    BINARY_FORMATS,
    FOLDERS,
    FORMATS,
    detected,
    folder_format,
    read_transcript,
)
from graphmer.transcripts.speakers import read_merged_speakers
from graphmer.transcripts.transcript import (
    FolderFormat,
    ReadingOptions,
    ReadingReport,
    TranscribedDialogue,
    Transcript,
    TranscriptFormat,
)

__all__ = [
    "BINARY_FORMATS",
    "FOLDERS",
    "FORMATS",
    "Diarization",
    "FolderFormat",
    "ReadingOptions",
    "ReadingReport",
    "Segment",
    "TranscribedDialogue",
    "Transcript",
    "TranscriptFormat",
    "detected",
    "folder_format",
    "read_diarization",
    "read_merged_speakers",
    "read_transcript",
]
