"""Label Studio's exports of dialogues: JSON, JSON-MIN, CSV and TSV."""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from graphmer.errors import CorpusError
from graphmer.transcripts.annotators import agreed
from graphmer.transcripts.assemble import Cue, turns
from graphmer.transcripts.json_file import beginning
from graphmer.transcripts.label_studio_file import TEXT, Region, read_tasks
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue, Transcript
from graphmer.transcripts.words import repaired

_SPEAKER = ("author", "speaker", "name", "role")
_LONGEST = 1e9
"""Seconds."""


class LabelStudioFormat:
    """Dialogues of the tag ``Paragraphs``, labelled by ``ParagraphLabels`` or by choices for each region.

    Transcribed recordings are read from JSON; see `audio_turns`.

    A region labels each turn that it touches. A turn with several labels of one annotator has none of them.
    Cancelled annotations, drafts and predictions are left out. Turns are never merged.
    """

    name = "Label Studio"

    def matches(self, head: str) -> bool:
        if head[:1] in ("[", "{"):
            keys = set(re.findall(r'"(\w+)"\s*:', head))
            is_labelled = bool(keys & {"annotations", "completions"} and keys & {"result", "completed_by"})
            return is_labelled or {"annotation_id", "annotator"} <= keys or _are_tasks(beginning(head))
        header = re.split(r"[,\t]", head.partition("\n")[0].replace('"', ""))
        return {"annotation_id", "annotator"} <= set(header)

    def read(self, file: TextFile, options: ReadingOptions) -> Transcript:
        report = ReadingReport(taken={"speaker": "authors of paragraphs", "label": "labels of regions"})
        dialogues = []
        for task in read_tasks(file, report):
            where = f"{file.path}: task {task.id}"
            each = [_by_turn(regions, report) for regions in task.annotations]
            labels = agreed(each, options.annotators, report, where)
            cues = [_cue(turn, labels.get(n), f"{where}, turn {n + 1}") for n, turn in enumerate(task.turns)]
            found = turns(cues, replace(options, merge_gap=None), report, where)
            dialogues.append(TranscribedDialogue(task.id, tuple(found)))
        if not dialogues:
            raise CorpusError(f"{file.path}: has no task. Export a project with dialogues.")
        return Transcript(self.name, dialogues, report)


def _are_tasks(begin: Any) -> bool:
    """Whether it is a list of tasks without labels: ``{"data": {"dialogue": [{"author": ...}]}}``."""
    task = begin[0] if isinstance(begin, list) and begin else None
    data = task.get("data") if isinstance(task, dict) else None
    lists = [value for value in data.values() if isinstance(value, list)] if isinstance(data, dict) else []
    return any(isinstance(each[0], dict) and not set(TEXT).isdisjoint(each[0]) for each in lists if each)


def _by_turn(regions: Sequence[Region], report: ReadingReport) -> dict[int, str]:
    """Label of each turn that has exactly one."""
    found: dict[int, set[str]] = defaultdict(set)
    for region in regions:
        for turn in range(region.first, region.last + 1):
            found[turn] |= set(region.labels)
    several = [turn for turn, labels in found.items() if len(labels) > 1]
    report.left_out["ambiguous label"] += len(several)
    return {turn: next(iter(labels)) for turn, labels in found.items() if len(labels) == 1}


def _cue(turn: Mapping[str, Any], label: str | None, where: str) -> Cue:
    speaker = next((turn[name] for name in _SPEAKER if isinstance(turn.get(name), str)), "")
    text = next((turn[name] for name in TEXT if isinstance(turn.get(name), str)), None)
    if text is None:
        raise CorpusError(f"{where}: must have a text. Give it a field {TEXT[0]!r}.")
    start, end = (_seconds(turn.get(name), f"{where}: {name}") for name in ("start", "end"))
    duration = _seconds(turn.get("duration"), f"{where}: duration")
    if end is None and start is not None and duration is not None:
        end = start + duration
    if start is not None and end is not None and end < start:
        raise CorpusError(f"{where}: ends before it starts ({start} s, {end} s). Correct its times.")
    return Cue(" ".join(repaired(speaker).split()).rstrip(":") or None, text, start, end, label)


def _seconds(value: object, where: str) -> float | None:
    if value is None:
        return None
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    if isinstance(value, bool) or not abs(seconds) <= _LONGEST:
        raise CorpusError(f"{where}: must be a number of seconds; got {str(value)[:40]!r}. Correct it.")
    return seconds
