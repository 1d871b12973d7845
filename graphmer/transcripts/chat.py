"""Plain chats: ``Name: text``, one message per line."""

import re
from collections import Counter
from collections.abc import Iterator

from graphmer.errors import CorpusError
from graphmer.transcripts.assemble import Cue, turns
from graphmer.transcripts.program_lines import LEFT_OUT, is_by_program
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript
from graphmer.transcripts.words import named

_FEW = 4
"""Messages up to which each may have another author."""

_MOST_ABOVE = 12
"""Lines that may be above the first message."""

_BOLD = re.compile(r"^(?:[-*\u2022]\s+)?(\*\*|__)(?P<name>[^*_:\n]{1,40}):?\1\s*:?(?:\s+|$)")
"""A name in Markdown."""

_TIME = re.compile(r"[#\s*_]*\(?\d{1,2}:\d{2}(?::\d{2})?\)?[*_\s]*")
"""A line of nothing but a time, as Meet writes every few minutes."""


class ChatFormat:
    """Lines ``Name: text``, or ``**Name:** text``; a line without a name continues the message before it.

    Messages are turns already and are never merged. ``Name:`` alone is a turn whose text is missing. Headings
    may be above messages if most lines below them have names. Lines of nothing but a time are left out.
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
            return recurs and total >= _FEW and 3 * total >= 2 * (len(lines) - first)
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
            elif cues:
                cues[-1] = Cue(cues[-1].speaker, f"{cues[-1].text} {line}")
            else:
                raise CorpusError(
                    f"{file.path}:{number}: a message must begin with `Name: `; got {line[:40]!r}. "
                    "Add the name of the speaker."
                )
        if not cues:
            raise CorpusError(f"{file.path}: has no message. Write lines `Name: text`.")
        found_turns = tuple(turns(cues, options, report, str(file.path)))
        once = sorted(name for name, number in report.speakers.items() if number == 1)
        if once and len(cues) > _FEW:
            report.notes.append(
                f"names with one message: {', '.join(once)}; if one is no speaker, give --roster"
            )
        return Transcript(self.name, [TranscribedDialogue(file.path.stem, found_turns)], report)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is not empty."""
    for number, line in enumerate(text.lstrip("\ufeff").split("\n"), start=1):
        plain = _BOLD.sub(r"\g<name>: ", line.strip(), count=1)
        if plain.strip():
            yield number, plain.strip()


def _first(lines: list[str]) -> int | None:
    """Number of the first line with a name; ``None`` if it is not near the beginning."""
    return next((at for at, line in enumerate(lines[: _MOST_ABOVE + 1]) if named(line) is not None), None)
