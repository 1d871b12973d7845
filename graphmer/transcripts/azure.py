"""JSON of Azure Speech: batch and fast transcription."""

from typing import Any

from pydantic import AliasChoices, Field

from graphmer.transcripts.assemble import Cue
from graphmer.transcripts.json_file import JsonFormat, Name, Number, Part, Text
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport

_TICKS = 10_000
"""Ticks of a millisecond."""


class _Best(Part):
    display: Text = ""


class _Phrase(Part):
    channel: int = 0
    speaker: Name = None
    status: str = Field("Success", alias="recognitionStatus")
    text: Text = ""
    best: tuple[_Best, ...] = Field((), alias="nBest")
    start: Number = Field(None, alias="offsetMilliseconds")
    length: Number = Field(None, alias="durationMilliseconds")
    start_ticks: Number = Field(None, alias="offsetInTicks")
    length_ticks: Number = Field(None, alias="durationInTicks")


class _Azure(Part):
    phrases: tuple[_Phrase, ...] = Field(validation_alias=AliasChoices("recognizedPhrases", "phrases"))


def _cues(document: _Azure, options: ReadingOptions, report: ReadingReport) -> list[Cue]:
    recognised = [phrase for phrase in document.phrases if phrase.status == "Success"]
    report.left_out["phrase that was not recognised"] += len(document.phrases) - len(recognised)
    several = len({phrase.channel for phrase in recognised}) > 1
    report.taken["times"] = "offset and duration"
    if several or any(phrase.speaker is not None for phrase in recognised):
        report.taken["speaker"] = "channels and `speaker`" if several else "`speaker`"
    return [
        Cue(
            " ".join(filter(None, (f"channel {phrase.channel}" * several, phrase.speaker))) or None,
            phrase.best[0].display if phrase.best else phrase.text,
            *_times(phrase),
        )
        for phrase in recognised
    ]


def _times(phrase: _Phrase) -> tuple[float | None, float | None]:
    if phrase.start is None and phrase.start_ticks is not None:
        start, length, unit = phrase.start_ticks, phrase.length_ticks, 1000 * _TICKS
    elif phrase.start is not None:
        start, length, unit = phrase.start, phrase.length, 1000
    else:
        return None, None
    return start / unit, None if length is None else round((start + length) / unit, 7)


def _is_azure(begin: Any) -> bool:
    keys = set(begin) if isinstance(begin, dict) else set()
    return bool({"recognizedPhrases", "combinedRecognizedPhrases", "combinedPhrases"} & keys)


AZURE = JsonFormat("Azure Speech JSON", _Azure, _is_azure, _cues)
