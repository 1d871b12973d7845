"""Tasks of Label Studio's exports: their dialogue, and the regions that each annotator labelled."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphmer.errors import CorpusError
from graphmer.transcripts.label_studio_audio import audio_turns
from graphmer.transcripts.text_file import TextFile
from graphmer.transcripts.transcript import ReadingReport

TEXT = ("text", "utterance", "sentence", "phrase", "content")
"""Names of the text of a turn, the first that occurs."""

_LABELS = ("paragraphlabels", "choices", "labels")
_META = frozenset({"id", "annotation_id", "annotator", "created_at", "updated_at", "lead_time"})


@dataclass(frozen=True)
class Region:
    """Turns that an annotator labelled together.

    Args:
        control: name of the tag by which they were labelled.
        first: number of the first turn, from 0.
        last: number of the last turn.
        labels: one or more.
    """

    control: str
    first: int
    last: int
    labels: tuple[str, ...]


@dataclass
class Task:
    """A dialogue with the regions of each of its annotations.

    Args:
        id: of the task.
        turns: as they were imported.
        annotations: regions of each annotation.
    """

    id: str
    turns: Sequence[Mapping[str, Any]]
    annotations: list[list[Region]] = field(default_factory=list)


def read_tasks(file: TextFile, report: ReadingReport) -> list[Task]:
    """Tasks of an export with their annotations.

    Raises:
        CorpusError: if it is no valid export of dialogues, or has labels of several tags of which not exactly
            one has the word emotion in its name.
    """
    records = _json(file) if file.text.lstrip("\ufeff\n\t ")[:1] in ("[", "{") else list(_rows(file))
    found: dict[str, Task] = {}
    for number, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            raise CorpusError(f"{file.path}: task {number} must be an object. Export the project again.")
        id = str(record.get("id", number))
        where = f"{file.path}: task {id}"
        if isinstance(record.get("data"), dict):
            if id in found:
                raise CorpusError(f"{where} is there twice. Remove one of them.")
            spoken = audio_turns(record, report, where)
            task = found[id] = Task(id, spoken or _dialogue(record["data"], where))
            if spoken:
                task.annotations.append(list(_felt(spoken)))
            else:
                task.annotations += _annotations(record, len(task.turns), report, where)
        else:
            task = found.setdefault(id, Task(id, _dialogue(record, where)))
            task.annotations.append(list(_flat(record, len(task.turns), where)))
    return _of_emotions(list(found.values()), str(file.path))


def _felt(turns: Sequence[Mapping[str, Any]]) -> Iterator[Region]:
    for number, turn in enumerate(turns):
        if turn["emotion"] is not None:
            yield Region("emotion", number, number, (turn["emotion"],))


def _json(file: TextFile) -> list[Any]:
    try:
        content = json.loads(file.text.lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        raise CorpusError(
            f"{file.path}:{error.lineno}: no valid JSON: {error.msg}. Export it again."
        ) from None
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{file.path}: no valid JSON: {error}. Export it again.") from None
    return content if isinstance(content, list) else [content]


def _rows(file: TextFile) -> Iterator[dict[str, Any]]:
    """Rows of the table, with cells of JSON as what they hold."""
    header = file.text.partition("\n")[0]
    limit = csv.field_size_limit(len(file.text) + 1)  # a cell has a whole dialogue
    try:
        reader = csv.DictReader(
            io.StringIO(file.text.lstrip("\ufeff")), delimiter="\t" if "\t" in header else ",", strict=True
        )
        for row in reader:
            if None in row or None in row.values():
                raise CorpusError(
                    f"{file.path}:{reader.line_num}: the row has another number of fields than the header. "
                    "Export it again."
                )
            yield {key: _cell(value) for key, value in row.items()}
    except csv.Error as error:
        raise CorpusError(f"{file.path}: no valid CSV ({error}). Export it again.") from None
    finally:
        csv.field_size_limit(limit)


def _cell(value: str) -> Any:
    if value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _dialogue(record: Mapping[str, Any], where: str) -> list[Mapping[str, Any]]:
    """The turns: the only field that is a list of objects and no labels, or the only one with texts."""
    found = {
        name: value
        for name, value in record.items()
        if isinstance(value, list)
        and value
        and all(isinstance(turn, dict) and not _labels(turn) for turn in value)
    }
    if len(found) > 1:
        found = {name: turns for name, turns in found.items() if any(key in turns[0] for key in TEXT)}
    if len(found) != 1:
        names = ", ".join(found) or "none"
        raise CorpusError(
            f'{where}: must have one list of turns such as {{"author": ..., "text": ...}}; got {names}. '
            "Export a project of dialogues (the tag Paragraphs)."
        )
    return next(iter(found.values()))


def _annotations(
    record: Mapping[str, Any], turns: int, report: ReadingReport, where: str
) -> Iterator[list[Region]]:
    key = "annotations" if "annotations" in record else "completions"
    annotations = record.get(key) or []
    if not isinstance(annotations, list):
        raise CorpusError(f"{where}: {key} must be a list. Export the project again.")
    for annotation in annotations:
        results = annotation.get("result") if isinstance(annotation, dict) else None
        if not isinstance(results, list):
            raise CorpusError(f"{where}: an annotation has no list of results. Export the project again.")
        if annotation.get("was_cancelled"):
            report.left_out["cancelled annotation"] += 1
            continue
        regions = []
        for result in results:
            value = result.get("value") if isinstance(result, dict) else None
            if not isinstance(value, dict) or "start" not in value:
                report.left_out["result that is no label of a turn"] += 1
                continue
            regions += _region(str(result.get("from_name")), value, turns, where)
        yield regions


def _flat(record: Mapping[str, Any], turns: int, where: str) -> Iterator[Region]:
    """Regions of a row of a table, or of an object of JSON-MIN: of its fields that are lists of labels."""
    for name, value in record.items():
        if name not in _META and isinstance(value, list):
            for each in value:
                if isinstance(each, dict) and "start" in each:
                    yield from _region(name, each, turns, where)


def _region(control: str, value: Mapping[str, Any], turns: int, where: str) -> list[Region]:
    labels = _labels(value)
    if not labels:
        return []
    first, last = (_number(value, name, turns, where) for name in ("start", "end"))
    if last > first and value.get("endOffset") == 0:
        last -= 1
    if last < first:
        raise CorpusError(f"{where}: a label ends before it starts (turns {first} to {last}). Correct it.")
    return [Region(control, first, last, labels)]


def _labels(value: Mapping[str, Any]) -> tuple[str, ...]:
    for name in _LABELS:
        found = value.get(name)
        if isinstance(found, list):
            return tuple(label for label in found if isinstance(label, str) and label)
    return ()


def _number(value: Mapping[str, Any], name: str, turns: int, where: str) -> int:
    found = str(value.get(name))
    if not (found.isascii() and found.isdigit() and len(found) < 10 and int(found) < turns):
        raise CorpusError(
            f"{where}: {name} of a label must be the number of a turn, below {turns}; got {found[:40]!r}. "
            "Export the project again."
        )
    return int(found)


def _of_emotions(tasks: list[Task], where: str) -> list[Task]:
    """Tasks with the regions of one tag."""
    controls = Counter(region.control for task in tasks for regions in task.annotations for region in regions)
    wanted = list(controls) if len(controls) < 2 else [name for name in controls if "emotion" in name.lower()]
    if controls and len(wanted) != 1:
        raise CorpusError(
            f"{where}: has labels of the tags {', '.join(controls)}; which are the emotions? Export only "
            "these, or rename their tag to emotion."
        )
    for task in tasks:
        task.annotations = [
            [region for region in regions if region.control in wanted] for regions in task.annotations
        ]
    return tasks
