"""Plain chats: ``Name: text``, one message per line."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from graphmer.errors import CorpusError
from graphmer.transcripts.assemble import Cue, turns
from graphmer.transcripts.program_lines import LEFT_OUT, is_by_program
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript
from graphmer.transcripts.words import named, without_markdown

_FEW = 4
"""Messages up to which each may have another author."""

_MOST_ABOVE = 12
"""Lines that may be above the first message."""

_TIME = re.compile(r"[#\s*_]*\(?\d{1,2}:\d{2}(?::\d{2})?\)?[*_\s]*(?:\{#[\d:]+\})?")
"""A line of nothing but a time, as Meet writes every few minutes."""


_DIRECTION = re.compile(r"\[[^\[\]]*\]")
"""A line of nothing but a direction of a script, such as a scene."""

_STAMP = re.compile(r"\s*#(?P<time>\d{1,2}:\d{2}:\d{2}(?:-\d{1,3})?)#\s*")
"""A time in the words, as f4 writes it at the end of each paragraph."""


class ChatFormat:
    """Lines ``Name: text``, or ``**Name:** text``; a line without a name continues the message before it.

    Messages are turns already and are never merged. ``Name:`` alone is a turn whose text is missing. Headings
    may be above messages if most lines below them have names. Lines of nothing but a time or
    words in square brackets are left out.
    """

    name = "chat of lines `Name: text`"

    def matches(self, head: str) -> bool:
        lines = [line for _, line in _lines(head) if not _TIME.fullmatch(line) and not is_by_program(line)]
        first = _first(lines)
        if first is None:
            return False
        names = Counter(found[0] for found in map(named, lines[first:]) if found is not None)
        total, recurs = names.total(), max(names.values()) > 1
        if first:
            return total >= max(_FEW, 2 * len(names)) and 3 * total >= 2 * (len(lines) - first)
        return 2 * total >= len(lines) and (total <= _FEW or recurs)

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport(taken={"speaker": "names before the colon"})
        cues: list[Cue] = []
        lines = list(_lines(file.text))
        above = _first([line for _, line in lines]) or 0
        report.left_out["heading line"] += above
        for number, line in lines[above:]:
            found = named(line)
            if found is not None and (not options.roster or found[0] in options.roster):
                cues.append(Cue(*found))
            elif _TIME.fullmatch(line):
                report.left_out["line with a time"] += 1
            elif is_by_program(line):
                report.left_out[LEFT_OUT] += 1
            elif _DIRECTION.fullmatch(line):
                report.left_out["line in brackets"] += 1
            elif cues:
                cues[-1] = Cue(cues[-1].speaker, f"{cues[-1].text} {line}")
            else:
                raise CorpusError(
                    f"{file.path}:{number}: a message must begin with `Name: `; got {line[:40]!r}. "
                    "Add the name of the speaker."
                )
        if not cues:
            raise CorpusError(f"{file.path}: has no message. Write lines `Name: text`.")
        if any(_STAMP.search(cue.text) for cue in cues):
            report.taken["times"] = "`#...#` at the end of turns"
            cues = list(_stamped(cues))
        found_turns = tuple(turns(cues, replace(options, merge_gap=None), report, str(file.path)))
        once = sorted(name for name, number in report.speakers.items() if number == 1)
        if once and len(cues) > _FEW:
            report.notes.append(
                f"names with one message: {', '.join(once)}; if one is no speaker, give --roster"
            )
        return Transcript(self.name, [TranscribedDialogue(file.path.stem, found_turns)], report)


def _stamped(cues: Sequence[Cue]) -> Iterator[Cue]:
    """Cues without times in their words; a time at the end of a cue is its end, and the start of the next."""
    last = 0.0
    for cue in cues:
        times = [_seconds(found["time"]) for found in _STAMP.finditer(cue.text)]
        text = _STAMP.sub(" ", cue.text)
        if times and times[-1] >= last and cue.text.rstrip().endswith("#"):
            yield replace(cue, text=text, start=last, end=times[-1])
            last = times[-1]
        else:
            yield replace(cue, text=text)


def _seconds(text: str) -> float:
    """Seconds of ``00:00:03-1``."""
    hours, minutes, seconds = text.replace("-", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is not empty."""
    for number, line in enumerate(text.lstrip("\ufeff").split("\n"), start=1):
        plain = without_markdown(line.strip()).strip()
        if plain:
            yield number, plain


def _first(lines: list[str]) -> int | None:
    """Number of the first line with a name; ``None`` if it is not near the beginning."""
    return next((at for at, line in enumerate(lines[: _MOST_ABOVE + 1]) if named(line) is not None), None)
