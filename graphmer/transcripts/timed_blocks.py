"""Lines with times, and the words below them."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from graphmer.transcripts.program_lines import LEFT_OUT, is_by_program
from graphmer.transcripts.times import read_time
from graphmer.transcripts.transcript import ReadingReport
from graphmer.transcripts.words import LONGEST_NAME, is_name, named, without_markdown

_TIME = r"(?:\d{1,2}:)?\d{1,3}:\d{2}(?:[.,]\d{1,3})?"
_RANGE = rf"(?P<start>{_TIME})(?:\s*(?:-->|[-\u2013\u2014])\s*(?P<end>{_TIME}))?"
_FRAMES = re.compile(r"(?<!\d)(\d{2}:\d{2}:\d{2})[:;]\d{2}(?!\d)")
"""A time of a program for editing videos, with the number of the frame in the second."""

_BEFORE = re.compile(
    rf"(?:[\[(]{_RANGE}[\])]\s*[-:|]?|{_RANGE.replace('start', 'from').replace('end', 'to')}(?=\s))"
    r"\s*(?P<rest>.*)"
)
_AFTER = re.compile(
    rf"(?P<name>[^\W\d][^:\n\[\](){{}}<>|\"]{{0,{LONGEST_NAME - 1}}}?)(?:\([^()\d]*\))?(?:\s*[|,:])?\s*?"
    rf"(?:[\[(](?P<within>{_TIME})[\])]\s*:?\s*(?P<text>.*)|(?P<gap>\s+)(?P<start>{_TIME}):?)"
)
_LABEL = re.compile(r"(?P<start>\d{1,7}\.\d{1,9})\t+(?P<end>\d{1,7}\.\d{1,9})\t+(?P<rest>.*)")
"""A label of Audacity, with its times in seconds."""

_ALONE = re.compile(rf"[\[(]?{_RANGE}[\])]?:?")
_SENT = re.compile(r"From\s+(?P<name>.+?)(?:\s+to\s+[^:]+?)?\s*:\s*(?P<text>.*)", re.IGNORECASE)
_SPELLED = re.compile(rf"(?:.*?\s)?(?:\d+ hours? )?(?:\d+ minutes? )?\d+ seconds?\s?(?P<time>{_TIME})?")
"""A time in words, which the pages of Teams have for screen readers before or after the name."""

_TRIED = 400
"""Lines by which the layout is detected."""

_FEW = 4
"""Blocks up to which each may have another speaker."""


@dataclass
class Block:
    """Words from a line with a time up to the next.

    Args:
        start: in seconds.
        end: in seconds, ``None`` if unknown.
        name: of the speaker, where the line has a place for it.
        first: words in the line of the time.
        below: lines below it.
    """

    start: float
    end: float | None = None
    name: str | None = None
    first: str = ""
    below: list[str] = field(default_factory=list)


def has_blocks(text: str) -> bool:
    """Whether a text has blocks, by its beginning."""
    lines = _lines(text, _TRIED)
    return _has_times_before(lines) or _has_times_after(lines) or bool(_alone(lines))


def blocks_of(text: str, report: ReadingReport) -> list[Block]:
    """Blocks of a text: with the time before the name, after it, or in a line of its own below or without it.

    Args:
        text: of a file.
        report: counts lines above the first block, and lines of the program.
    """
    if _FRAMES.search(text):
        report.notes.append("frames of times are not read: times are whole seconds")
    lines, begin = _lines(text), _lines(text, _TRIED)
    if not _has_times_before(begin) and not _has_times_after(begin):
        return _filled(_alone(lines), [line for line in lines if line], report)
    comes_before = _has_times_before(begin)
    heads: dict[int, Block] = {}
    for at, (above, line) in enumerate(pairwise(["", *lines])):
        block = _before(line) if comes_before else _after(above, line)
        if block is not None:
            heads[at] = block
    return _filled({at: (block, at) for at, block in heads.items()}, lines, report)


def _filled(heads: dict[int, tuple[Block, int]], lines: Sequence[str], report: ReadingReport) -> list[Block]:
    """Blocks with the lines below them; heads have the numbers of their first and their last line."""
    found: list[Block] = []
    last = -1
    for at, line in enumerate(lines):
        if at in heads:
            block, last = heads[at]
            found.append(block)
        elif at <= last or not line:
            continue
        elif is_by_program(line):
            report.left_out[LEFT_OUT] += 1
        elif found:
            found[-1].below.append(line)
        else:
            report.left_out["heading line"] += 1
    return found


def _lines(text: str, most: int | None = None) -> list[str]:
    """Lines without blanks around them and without what is written for screen readers."""
    parts = text.lstrip("\ufeff").split("\n", most or -1)[:most]
    lines = [_FRAMES.sub(r"\1", without_markdown(line.strip())).strip() for line in parts]
    spelled = [_SPELLED.fullmatch(line) for line in lines]
    if sum(found is not None for found in spelled) < 2:
        return lines
    kept = [line if found is None else found["time"] for line, found in zip(lines, spelled, strict=True)]
    return [line for line in kept if line is not None]


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


def _alone(lines: Sequence[str]) -> dict[int, tuple[Block, int]]:
    """Blocks whose time has a line of its own, by the number of their first line that is not empty.

    The line above the time, or the one below it, is the name if that holds for all blocks, they have words,
    and names recur. At least a quarter of the lines are times, which never decrease.
    """
    filled = [line for line in lines if line]
    times = {at: found for at, line in enumerate(filled) if (found := _ALONE.fullmatch(line))}
    starts = [_seconds(found["start"]) for found in times.values()]
    first = next(iter(times), 0)
    if len(times) < 2 or 4 * len(times) < len(filled) - first or sorted(starts) != starts:
        return {}
    talk = [line for at, line in enumerate(filled) if at not in times and named(line) is not None]
    if 2 * len(talk) >= len(filled) - len(times) and (first > 0 or len(talk) >= 2 * len(times)):
        return {}  # a chat, with a time now and then
    blocks = {
        at: Block(start, None if found["end"] is None else max(start, _seconds(found["end"])))
        for (at, found), start in zip(times.items(), starts, strict=True)
    }
    with_words = [at for at in times if at + 1 < len(filled) and at + 1 not in times]
    if 2 * len(with_words) < len(times):
        return {}
    names = [filled[at - 1] for at in times if at > 0 and at - 1 not in times]
    rooms = [after - at for at, after in pairwise([*times, len(filled) + 1])]
    are_names = (
        len(names) == len(times) and all(map(is_name, names)) and 2 * sum(r > 2 for r in rooms) >= len(rooms)
    )
    if are_names and _recur(names):
        return {
            at - 1: (Block(block.start, block.end, " ".join(name.split())), at)
            for (at, block), name in zip(blocks.items(), names, strict=True)
        }
    below = [filled[at + 1] for at in times if at + 1 < len(filled)]
    if len(below) == len(times) and all(map(is_name, below)) and all(r > 2 for r in rooms) and _recur(below):
        return {
            at: (Block(block.start, block.end, " ".join(name.split())), at + 1)
            for (at, block), name in zip(blocks.items(), below, strict=True)
        }
    return {at: (block, at) for at, block in blocks.items()}


def _recur(names: Sequence[str]) -> bool:
    """Whether names of blocks occur two times on average, or there are few blocks."""
    return len(names) <= _FEW or 2 * len(set(names)) <= len(names)


def _before(line: str) -> Block | None:
    label = _LABEL.fullmatch(line)
    if label is not None:
        begin = float(label["start"])
        return Block(begin, max(begin, float(label["end"])), None, label["rest"])
    found = _BEFORE.fullmatch(line)
    if found is None or _ALONE.fullmatch(line):
        return None
    start, end = _seconds(found["start"] or found["from"]), found["end"] or found["to"]
    sent = _SENT.fullmatch(found["rest"])
    name, text = (sent["name"], sent["text"]) if sent else (None, found["rest"])
    return Block(start, None if end is None else max(start, _seconds(end)), name, text)


def _after(above: str, line: str) -> Block | None:
    """A block whose name comes before its time, which is in brackets, set off or begins a paragraph."""
    found = _AFTER.fullmatch(line)
    if found is None or (found["gap"] == " " and above):
        return None
    name = " ".join(found["name"].split()).rstrip(" -,|")
    return Block(_seconds(found["within"] or found["start"]), None, name, found["text"] or "")


def _seconds(text: str) -> float:
    time = read_time(text)
    return 0.0 if time is None else time.value
