"""Captions of YouTube as JSON (``json3``)."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field

from graphmer.transcripts.assemble import Cue
from graphmer.transcripts.captions import Caption, captioned
from graphmer.transcripts.json_file import JsonFormat, Number, Part, Text, parts_of
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport


class _Segment(Part):
    """A word of generated captions, or the text of others; a line feed is a line of its own."""

    text: Text = Field("", alias="utf8")
    offset: Number = Field(None, alias="tOffsetMs")


class _Event(Part):
    start: Number = Field(None, alias="tStartMs")
    length: Number = Field(None, alias="dDurationMs")
    segments: tuple[_Segment, ...] = Field((), alias="segs")
    appends: int = Field(0, alias="aAppend")


class _YouTube(Part):
    events: tuple[_Event, ...]


def _cues(document: _YouTube, options: ReadingOptions, report: ReadingReport) -> list[Cue]:
    report.taken["times"] = "milliseconds"
    return captioned(list(_captions(document.events)), options, report)


def _captions(events: Sequence[_Event]) -> Iterator[Caption]:
    """Captions; generated ones, whose words have times, end at the latest where the next one begins."""
    is_generated = any(segment.offset is not None for event in events for segment in event.segments)
    spoken: list[tuple[float, float | None, str]] = []
    for event in events:
        text = "".join(segment.text for segment in event.segments)
        if event.start is None or not text.strip():
            continue
        start = event.start / 1000
        end = None if event.length is None else (event.start + event.length) / 1000
        if event.appends and spoken:
            first, _, before = spoken[-1]
            spoken[-1] = first, end, f"{before}\n{text}"
        else:
            spoken.append((start, end, text))
    starts = [start for start, *_ in spoken]
    for (start, end, text), following in zip(spoken, [*starts[1:], math.inf], strict=False):
        if is_generated and end is not None:
            end = max(start, min(end, following))
        yield Caption(start, end, [line for line in text.split("\n") if line.strip()])


def _is_youtube(begin: Any) -> bool:
    if not isinstance(begin, dict) or "events" not in begin:
        return False
    return begin.get("wireMagic") == "pb3" or any("tStartMs" in event for event in parts_of(begin["events"]))


YOUTUBE = JsonFormat("YouTube captions JSON", _YouTube, _is_youtube, _cues)
