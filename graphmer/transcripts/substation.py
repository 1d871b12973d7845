"""SubStation Alpha (``.ass``, ``.ssa``): subtitles with the name of the speaker."""

import re
from collections.abc import Iterator

from graphmer.errors import CorpusError
from graphmer.transcripts.assemble import turns
from graphmer.transcripts.captions import Caption, captioned
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.times import read_time
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript

_BREAK = re.compile(r"\\[Nn]")
_DRAWING = re.compile(r"\{[^}]*\\p[1-9]")
"""A line that draws a shape."""


class SubStationFormat:
    """Lines ``Dialogue:`` below ``[Events]``; a filled column ``Name`` or ``Actor`` is the speaker."""

    name = "SubStation Alpha"

    def matches(self, head: str) -> bool:
        return re.match(r"\[Script Info\]", head, re.IGNORECASE) is not None

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport(taken={"times": "hours, minutes and seconds"})
        captions = list(_captions(file, report))
        if not captions:
            raise CorpusError(f"{file.path}: has no line `Dialogue:`. Export the subtitles again.")
        found = tuple(turns(captioned(captions, options, report), options, report, str(file.path)))
        return Transcript(self.name, [TranscribedDialogue(file.path.stem, found)], report)


def _captions(file: TextFile, report: ReadingReport) -> Iterator[Caption]:
    columns: list[str] = []
    is_of_events = False
    for number, line in enumerate(file.text.split("\n"), start=1):
        kind, _, values = line.strip().partition(":")
        if kind.startswith("["):
            is_of_events = kind.casefold() == "[events]"
        elif is_of_events and kind == "Format":
            columns = [name.strip().casefold() for name in values.split(",")]
        elif is_of_events and kind == "Comment":
            report.left_out["comment"] += 1
        elif is_of_events and kind == "Dialogue":
            where = f"{file.path}:{number}"
            cells = dict(zip(columns, values.split(",", max(0, len(columns) - 1)), strict=False))
            if _DRAWING.search(cells.get("text", "")):
                report.left_out["drawing"] += 1
                continue
            start, end = (_seconds(cells.get(name, ""), where) for name in ("start", "end"))
            if end < start:
                raise CorpusError(f"{where}: the line ends before it starts. Correct its times.")
            name = cells.get("name", cells.get("actor", "")).strip()
            yield Caption(start, end, _BREAK.split(cells.get("text", "")), name or None)


def _seconds(text: str, where: str) -> float:
    try:
        time = read_time(text)
    except (ValueError, OverflowError):
        time = None
    if time is None:
        raise CorpusError(
            f"{where}: must have a start and an end such as 0:00:01.50; got {text[:40]!r}. Correct it."
        )
    return time.value
