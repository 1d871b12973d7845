"""Subtitles with speakers: WebVTT (Zoom, Teams, Meet, YouTube), SRT and SBV."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from graphmer.errors import CorpusError
from graphmer.transcripts.assemble import turns
from graphmer.transcripts.captions import Caption, captioned
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript
from graphmer.transcripts.voices import VOICE, plain

_TIME = r"(?:\d+:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?"
_POINT_TIME = r"\d{1,2}:\d{2}:\d{2}\.\d{1,3}"
_COMMA = re.compile(rf"^\s*({_POINT_TIME}),\s*({_POINT_TIME})\s*$")
"""Times of SBV, the captions of YouTube and of SubViewer."""

_BREAK = re.compile(r"\[br\]", re.IGNORECASE)

_SETTINGS = r"(?:[ \t]+[A-Za-z][\w-]*:\S+)*"
"""What may follow the times, such as ``align:start``; words do not."""

_TIMES = re.compile(rf"^\s*({_TIME})[ \t]*-->[ \t]*({_TIME}){_SETTINGS}\s*$")
_WEBEX = re.compile(r"\d+ \"(?P<name>[^\"]+)\" \(\d+\)")
"""The id of a cue of Webex."""

_ABOVE = 5
"""Lines among which the first times are, of a file without a mark of its format."""

_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")


class SubtitleFormat:
    """Captions with times, whose speaker is a voice span, ``Name:``, ``[Name]``, ``(Name)`` or a line above.

    See `captioned`. Emotions are read where graphmer wrote them.

    Args:
        name: of the format.
        times: line of the times of a caption.
        webvtt: whether it is WebVTT, whose cues end with an empty line.
    """

    def __init__(self, name: str, times: re.Pattern[str] = _TIMES, *, webvtt: bool = False) -> None:
        self.name = name
        self.times = times
        self.webvtt = webvtt

    def matches(self, head: str) -> bool:
        if self.webvtt:
            return re.match(r"WEBVTT(?:\s|$)", head) is not None
        lines = [line for line in head.split("\n") if line.strip()]
        return any(self.times.match(line) for line in lines[:_ABOVE])

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport()
        captions = list(self._captions(file, report))
        if not captions:
            raise CorpusError(f"{file.path}: has no cue. Name a file with lines such as 00:01.0 --> 00:02.0.")
        if self.webvtt and not any(VOICE.search(line) for each in captions for line in each.lines):
            captions = _unrolled(captions, report)
        found = tuple(turns(captioned(captions, options, report), options, report, str(file.path)))
        return Transcript(self.name, [TranscribedDialogue(file.path.stem, found)], report)

    def _captions(self, file: TextFile, report: ReadingReport) -> Iterator[Caption]:
        lines = file.text.split("\n")
        times = [number for number, line in enumerate(lines) if self.times.match(line)]
        if self.webvtt:
            comments = _comments(lines)
            times = [number for number in times if number not in comments]
        for number, following in zip(times, [*times[1:], len(lines)], strict=False):
            text = lines[number + 1 : following]
            if following < len(lines) and text and text[-1].strip() and _is_id(text, webvtt=self.webvtt):
                text = text[:-1]
            if self.webvtt:
                text = _until_blank(text, report)
            elif self.times is _COMMA:
                text = [part for line in text for part in _BREAK.split(line)]
            start, end = (_seconds(part) for part in self.times.match(lines[number]).groups())  # type: ignore[union-attr]
            if end < start:
                raise CorpusError(
                    f"{file.path}:{number + 1}: the cue ends before it starts. Correct its times."
                )
            if end == float("inf"):
                raise CorpusError(f"{file.path}:{number + 1}: the time is too large. Correct it.")
            of_webex = _WEBEX.fullmatch(lines[number - 1].strip()) if number else None
            name = of_webex and of_webex["name"]
            yield Caption(start, end, [line for line in text if line.strip()], name)


def _is_id(text: Sequence[str], *, webvtt: bool) -> bool:
    """Whether the last line before a line of times is the id of the next cue."""
    return (len(text) > 1 and not text[-2].strip() and webvtt) or text[-1].strip().isdigit()


def _comments(lines: Sequence[str]) -> set[int]:
    """Numbers of the lines of blocks that begin with NOTE, STYLE or REGION after a blank line."""
    found: set[int] = set()
    for number, (before, line) in enumerate(pairwise(["", *lines])):
        begins = not before.strip() and _BLOCK.match(line) is not None
        if line.strip() and (begins or number - 1 in found):
            found.add(number)
    return found


def _until_blank(text: Sequence[str], report: ReadingReport) -> list[str]:
    """The text of a cue, up to the first empty line; other lines that are no comments are counted.

    A line of blanks does not end a cue: YouTube writes one where it shows none.
    """
    end = next((number for number, line in enumerate(text) if not line), len(text))
    is_comment = False
    for before, line in zip(["", *text[end:]], text[end:], strict=False):
        if line.strip() and not before.strip():
            is_comment = _BLOCK.match(line) is not None
        if line.strip() and not is_comment:
            report.left_out["stray line"] += 1
    return list(text[:end])


def _unrolled(captions: Sequence[Caption], report: ReadingReport) -> list[Caption]:
    """Rolling captions without the lines that repeat the end of the cue before."""
    shown = [[plain(line) for line in each.lines] for each in captions]
    repeats = [bool(now and before) and now[0] == before[-1] for before, now in pairwise(shown)]
    if len(captions) < 3 or 2 * sum(repeats) < len(repeats):
        return list(captions)
    report.notes.append(f"rolling captions: {sum(repeats)} repeated lines removed")
    kept = [captions[0]]
    for caption, repeated in zip(captions[1:], repeats, strict=True):
        lines = caption.lines[1:] if repeated else caption.lines
        if lines:
            kept.append(replace(caption, lines=lines))
        else:
            kept[-1] = replace(kept[-1], end=max(kept[-1].end or 0.0, caption.end or 0.0))
    return kept


def _seconds(text: str) -> float:
    """Seconds of ``[hours:]minutes:seconds[.fraction]``."""
    total = 0.0
    for part in text.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return round(total, 3)


WEBVTT = SubtitleFormat("WebVTT", webvtt=True)
SRT = SubtitleFormat("SRT")
SBV = SubtitleFormat("SBV", _COMMA)
