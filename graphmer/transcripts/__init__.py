"""Transcripts as people have them: files in, dialogues of turns without features out."""

from graphmer.transcripts.read import FORMATS, read_transcript
from graphmer.transcripts.transcript import (
    ReadingOptions,
    ReadingReport,
    TranscribedDialogue,
    Transcript,
    TranscriptFormat,
)

__all__ = [
    "FORMATS",
    "ReadingOptions",
    "ReadingReport",
    "TranscribedDialogue",
    "Transcript",
    "TranscriptFormat",
    "read_transcript",
]
