"""Subtitles with speakers: WebVTT (Zoom, Teams, Meet, YouTube) and SRT."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from graphmer.errors import CorpusError
from graphmer.transcripts.assemble import Cue, turns
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript
from graphmer.transcripts.voices import VOICE, accepted_names, plain, voices, with_names

_TIME = r"(?:\d+:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?"
_SETTINGS = r"(?:[ \t]+[A-Za-z][\w-]*:\S+)*"
"""What may follow the times, such as ``align:start``; words do not."""

_TIMES = re.compile(rf"^\s*({_TIME})[ \t]*-->[ \t]*({_TIME}){_SETTINGS}\s*$")
_WEBEX = re.compile(r"\d+ \"(?P<name>[^\"]+)\" \(\d+\)")
"""The id of a cue of Webex."""

_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")


@dataclass
class _Block:
    """A cue as it is in the file."""

    start: float
    end: float
    lines: list[str]
    name: str | None = None


class SubtitleFormat:
    """Cues with times, whose speaker is a voice span, ``Name:``, ``[Name]`` or ``(Name)``.

    For names without markup see `accepted_names`. Several voices of one cue are several turns with the times
    of the cue. Emotions are read where graphmer wrote them.

    Args:
        name: of the format.
        webvtt: whether it is WebVTT, whose cues end with a blank line; else SRT.
    """

    def __init__(self, name: str, *, webvtt: bool) -> None:
        self.name = name
        self.webvtt = webvtt

    def matches(self, head: str) -> bool:
        if self.webvtt:
            return re.match(r"WEBVTT(?:\s|$)", head) is not None
        lines = [line for line in head.split("\n") if line.strip()]
        return any(_TIMES.match(line) for line in lines[:2])

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport()
        blocks = list(self._blocks(file, report))
        if not blocks:
            raise CorpusError(f"{file.path}: has no cue. Name a file with lines such as 00:01.0 --> 00:02.0.")
        if self.webvtt and not any(VOICE.search(line) for block in blocks for line in block.lines):
            blocks = _unrolled(blocks, report)
        spoken = [(block, voice) for block in blocks for voice in voices(block.lines, block.name)]
        names = accepted_names([voice for _, voice in spoken], options.roster, report)
        ways = {
            "voice spans": any(voice.name for _, voice in spoken),
            "names before the text": bool(names),
        }
        report.taken = {"speaker": " and ".join(way for way, is_used in ways.items() if is_used) or "nothing"}
        cues = [
            Cue(voice.name, voice.text, block.start, block.end, voice.emotion)
            for block, whole in spoken
            for voice in with_names(whole, names)
        ]
        found = tuple(turns(cues, options, report, str(file.path)))
        return Transcript(self.name, [TranscribedDialogue(file.path.stem, found)], report)

    def _blocks(self, file: TextFile, report: ReadingReport) -> Iterator[_Block]:
        lines = file.text.split("\n")
        times = [number for number, line in enumerate(lines) if _TIMES.match(line)]
        if self.webvtt:
            comments = _comments(lines)
            times = [number for number in times if number not in comments]
        for number, following in zip(times, [*times[1:], len(lines)], strict=False):
            text = lines[number + 1 : following]
            if following < len(lines) and text and text[-1].strip() and _is_id(text, webvtt=self.webvtt):
                text = text[:-1]
            if self.webvtt:
                text = _until_blank(text, report)
            start, end = (_seconds(part) for part in _TIMES.match(lines[number]).groups())  # type: ignore[union-attr]
            if end < start:
                raise CorpusError(
                    f"{file.path}:{number + 1}: the cue ends before it starts. Correct its times."
                )
            if end == float("inf"):
                raise CorpusError(f"{file.path}:{number + 1}: the time is too large. Correct it.")
            of_webex = _WEBEX.fullmatch(lines[number - 1].strip()) if number else None
            name = of_webex and of_webex["name"]
            yield _Block(start, end, [line for line in text if line.strip()], name)


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


def _unrolled(blocks: Sequence[_Block], report: ReadingReport) -> list[_Block]:
    """Rolling captions without the lines that repeat the end of the cue before."""
    shown = [[plain(line) for line in block.lines] for block in blocks]
    repeats = [bool(now and before) and now[0] == before[-1] for before, now in pairwise(shown)]
    if len(blocks) < 3 or 2 * sum(repeats) < len(repeats):
        return list(blocks)
    report.notes.append(f"rolling captions: {sum(repeats)} repeated lines removed")
    kept = [blocks[0]]
    for block, repeated in zip(blocks[1:], repeats, strict=True):
        lines = block.lines[1:] if repeated else block.lines
        if lines:
            kept.append(_Block(block.start, block.end, lines))
        else:
            kept[-1].end = max(kept[-1].end, block.end)
    return kept


def _seconds(text: str) -> float:
    """Seconds of ``[hours:]minutes:seconds[.fraction]``."""
    total = 0.0
    for part in text.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return round(total, 3)


WEBVTT = SubtitleFormat("WebVTT", webvtt=True)
SRT = SubtitleFormat("SRT", webvtt=False)
