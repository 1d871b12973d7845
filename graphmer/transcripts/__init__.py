"""Transcripts as people have them: files in, dialogues of turns without features out."""

from graphmer.transcripts.diarization import Diarization, Segment, read_diarization
from graphmer.transcripts.read import BINARY_FORMATS, FORMATS, detected, read_transcript
from graphmer.transcripts.speakers import read_merged_speakers
from graphmer.transcripts.transcript import (
    ReadingOptions,
    ReadingReport,
    TranscribedDialogue,
    Transcript,
    TranscriptFormat,
)

__all__ = [
    "BINARY_FORMATS",
    "FORMATS",
    "Diarization",
    "ReadingOptions",
    "ReadingReport",
    "Segment",
    "TranscribedDialogue",
    "Transcript",
    "TranscriptFormat",
    "detected",
    "read_diarization",
    "read_merged_speakers",
    "read_transcript",
]
