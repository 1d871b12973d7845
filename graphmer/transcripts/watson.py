"""JSON of IBM Watson Speech to Text."""

from typing import Any

from pydantic import Field

from graphmer.transcripts.assemble import Cue
from graphmer.transcripts.json_file import JsonFormat, Name, Number, Part, Text, parts_of
from graphmer.transcripts.spoken_words import Word, cues_of
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport


class _Alternative(Part):
    transcript: Text = ""
    timestamps: tuple[tuple[Text, Number, Number], ...] = ()


class _Result(Part):
    alternatives: tuple[_Alternative, ...] = ()


class _Label(Part):
    start: Number = Field(None, alias="from")
    speaker: Name = None


class _Watson(Part):
    results: tuple[_Result, ...]
    labels: tuple[_Label, ...] = Field((), alias="speaker_labels")


def _cues(document: _Watson, options: ReadingOptions, report: ReadingReport) -> list[Cue]:
    """Words of each result by speaker; results without words as they are."""
    report.taken["times"] = "seconds"
    speakers = {label.start: label.speaker for label in document.labels}
    if speakers:
        report.taken["speaker"] = "`speaker_labels`"
    found = []
    for result in document.results:
        for best in result.alternatives[:1]:
            words = [Word(text, start, end, speakers.get(start)) for text, start, end in best.timestamps]
            found += cues_of(words, sentences=False) if words else [Cue(None, best.transcript)]
    return found


def _is_watson(begin: Any) -> bool:
    results = parts_of(begin.get("results")) if isinstance(begin, dict) else []
    return any({"alternatives", "final"} <= set(result) for result in results)


WATSON = JsonFormat("IBM Watson JSON", _Watson, _is_watson, _cues)
