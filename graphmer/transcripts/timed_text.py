"""Text with times in its lines: Otter, Rev, Teams, Whisper's terminal, saved chats of Zoom."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from graphmer.errors import CorpusError
from graphmer.transcripts.assemble import Cue, turns
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.times import read_time
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript
from graphmer.transcripts.voices import Voice, accepted_names, with_names
from graphmer.transcripts.words import LONGEST_NAME

_TIME = r"(?:\d{1,2}:)?\d{1,3}:\d{2}(?:[.,]\d{1,3})?"
_RANGE = rf"(?P<start>{_TIME})(?:\s*(?:-->|[-\u2013\u2014])\s*(?P<end>{_TIME}))?"
_BEFORE = re.compile(
    rf"(?:[\[(]{_RANGE}[\])]\s*[-:|]?|{_RANGE.replace('start', 'from').replace('end', 'to')}(?=\s))"
    r"\s*(?P<rest>.*)"
)
_AFTER = re.compile(
    rf"(?P<name>[^\W\d][^:\n\[\](){{}}<>|\"]{{0,{LONGEST_NAME - 1}}}?)(?:\([^()\d]*\))?(?:\s*[|,])?\s*?"
    rf"(?:[\[(](?P<within>{_TIME})[\])]\s*:?\s*(?P<text>.*)|(?P<gap>\s+)(?P<start>{_TIME}):?)"
)
_SENT = re.compile(r"From\s+(?P<name>.+?)(?:\s+to\s+[^:]+?)?\s*:\s*(?P<text>.*)", re.IGNORECASE)
_MADE_BY = re.compile(r"Transcribed by https?://\S+")
_TRIED = 400
"""Lines by which the format is detected."""

_FEW = 4
"""Blocks up to which each may have another speaker."""


@dataclass
class _Block:
    """Words from a line with a time up to the next; `name` is where the line has a place for it."""

    start: float
    end: float | None
    name: str | None
    first: str
    below: list[str] = field(default_factory=list)


class TimedTextFormat:
    """Blocks that begin with ``Name 0:03``, ``Name (0:03): words`` or ``[0:03] Name: words``.

    All blocks begin in the same way, with the time before or after the name. Where each block with the time
    first has lines below it, the rest of its first line is the name.
    """

    name = "text with times"

    def matches(self, head: str) -> bool:
        lines = [line.strip() for line in head.split("\n")[:_TRIED]]
        return _has_times_before(lines) or _has_times_after(lines)

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport()
        blocks = _blocks(file, report)
        if not blocks:
            raise CorpusError(f"{file.path}: has no line with a time. Write lines `[0:03] Name: text`.")
        if all(block.name is None and block.first and block.below for block in blocks):
            for block in blocks:
                block.name, block.first = block.first.rstrip(": "), ""
        spoken = [
            (block, Voice(block.name, "\n".join(part for part in (block.first, *block.below) if part)))
            for block in blocks
        ]
        names = accepted_names([voice for _, voice in spoken], options.roster, report, once=True)
        cues = [
            Cue(voice.name, voice.text, block.start, block.end)
            for block, whole in spoken
            for voice in with_names(whole, names)
        ]
        report.taken = {"speaker": "names beside the times", "times": "times in the text"}
        found = tuple(turns(cues, options, report, str(file.path)))
        return Transcript(self.name, [TranscribedDialogue(file.path.stem, found)], report)


def _has_times_before(lines: Sequence[str]) -> bool:
    """Whether blocks begin with a time: the first line does, and so do at least a third."""
    lines = [line for line in lines if line]
    found = sum(_before(line) is not None for line in lines)
    return found > 1 and _before(lines[0]) is not None and 3 * found >= len(lines)


def _has_times_after(lines: Sequence[str]) -> bool:
    """Whether blocks begin with a name and a time, and most of them have words."""
    pairs = [(before, line) for before, line in pairwise(["", *lines]) if line]
    heads = [(at, block) for at, pair in enumerate(pairs) if (block := _after(*pair)) is not None]
    if len(heads) < 2:
        return False
    places = {at for at, _ in heads}
    with_words = sum(
        bool(block.first) or (at + 1 < len(pairs) and at + 1 not in places) for at, block in heads
    )
    recurs = len(heads) <= _FEW or max(Counter(block.name for _, block in heads).values()) > 1
    return recurs and 2 * with_words >= len(heads) and 4 * len(heads) >= len(pairs) - heads[0][0]


def _blocks(file: TextFile, report: ReadingReport) -> list[_Block]:
    lines = [line.strip() for line in file.text.lstrip("\ufeff").split("\n")]
    comes_before = _has_times_before(lines[:_TRIED])
    found: list[_Block] = []
    for above, line in pairwise(["", *lines]):
        block = _before(line) if comes_before else _after(above, line)
        if block is not None:
            found.append(block)
        elif _MADE_BY.fullmatch(line):
            report.left_out["line of the program"] += 1
        elif line and found:
            found[-1].below.append(line)
        elif line:
            report.left_out["heading line"] += 1
    return found


def _before(line: str) -> _Block | None:
    found = _BEFORE.fullmatch(line)
    if found is None:
        return None
    start, end = _seconds(found["start"] or found["from"]), found["end"] or found["to"]
    sent = _SENT.fullmatch(found["rest"])
    name, text = (sent["name"], sent["text"]) if sent else (None, found["rest"])
    return _Block(start, None if end is None else max(start, _seconds(end)), name, text)


def _after(above: str, line: str) -> _Block | None:
    """A block whose name comes before its time, which is in brackets, set off or begins a paragraph."""
    found = _AFTER.fullmatch(line)
    if found is None or (found["gap"] == " " and above):
        return None
    name = " ".join(found["name"].split()).rstrip(" -,|")
    return _Block(_seconds(found["within"] or found["start"]), None, name, found["text"] or "")


def _seconds(text: str) -> float:
    time = read_time(text)
    return 0.0 if time is None else time.value
