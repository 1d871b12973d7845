"""Transcripts as people have them: files in, dialogues of turns without features out."""

from graphmer.transcripts.read import FOLDERS, FORMATS, detected, folder_format, read_transcript
from graphmer.transcripts.transcript import (
    FolderFormat,
    ReadingOptions,
    ReadingReport,
    TranscribedDialogue,
    Transcript,
    TranscriptFormat,
)

__all__ = [
    "FOLDERS",
    "FORMATS",
    "FolderFormat",
    "ReadingOptions",
    "ReadingReport",
    "TranscribedDialogue",
    "Transcript",
    "TranscriptFormat",
    "detected",
    "folder_format",
    "read_transcript",
]
