"""Writing of dialogues with emotions in formats that other programs open."""

from collections.abc import Callable, Mapping

from graphmer.transcripts.elan_writer import eaf
from graphmer.transcripts.subtitle_writer import srt, webvtt
from graphmer.transcripts.textgrid_writer import textgrid
from graphmer.transcripts.transcript import TranscribedDialogue

WRITERS: Mapping[str, Callable[[TranscribedDialogue, str], str]] = {
    "vtt": webvtt,
    "srt": srt,
    "eaf": eaf,
    "textgrid": textgrid,
}
"""Makers of the text of a file, by its ending, from a dialogue and a remark on the whole, which may be empty.

Each raises `CorpusError` if a turn has no times.
"""
