"""JSON of Azure Speech: batch and fast transcription."""

import re
from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from graphmer.transcripts.assemble import Cue
from graphmer.transcripts.json_file import JsonFormat, Name, Number, Part, Text
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport

_TICKS = 10_000
"""Ticks of a millisecond."""


_DURATION = re.compile(r"PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6}(?:\.\d{1,9})?)S)?")


def _seconds(value: Any) -> Any:
    """Seconds of ``PT1H2M3.5S``; other values as they are."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return 3600 * hours + 60 * minutes + seconds


_Iso = Annotated[Number, BeforeValidator(_seconds)]


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
    start_iso: _Iso = Field(None, alias="offset")
    length_iso: _Iso = Field(None, alias="duration")


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
    elif phrase.start_iso is not None:
        start, length, unit = phrase.start_iso, phrase.length_iso, 1
    else:
        return None, None
    return start / unit, None if length is None else round((start + length) / unit, 7)


def _is_azure(begin: Any) -> bool:
    keys = set(begin) if isinstance(begin, dict) else set()
    return bool({"recognizedPhrases", "combinedRecognizedPhrases", "combinedPhrases"} & keys)


AZURE = JsonFormat("Azure Speech JSON", _Azure, _is_azure, _cues)
