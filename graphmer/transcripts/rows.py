"""Dialogues from rows with named cells: of tables and of JSON."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from graphmer.errors import CorpusError
from graphmer.reprs import counted
from graphmer.transcripts.assemble import Cue, turns
from graphmer.transcripts.columns import columns_of, listed
from graphmer.transcripts.row import Row, text_of
from graphmer.transcripts.time_columns import times_of
from graphmer.transcripts.times import read_time
from graphmer.transcripts.transcript import ReadingOptions, ReadingReport, TranscribedDialogue
from graphmer.transcripts.words import repaired

_UNLABELLED = frozenset({"", "nan", "na", "n/a", "null", "<na>"})


def dialogues_of(
    rows: Sequence[Row], names: Sequence[str], options: ReadingOptions, report: ReadingReport, path: Path
) -> list[TranscribedDialogue]:
    """Dialogues from rows, whose columns are found by their names or given.

    Rows are grouped by dialogue and sorted by turn number if there is one, else by time. Rows with a turn
    number or a label are turns already and are never merged.

    Raises:
        CorpusError: if a cell is invalid, or a turn number occurs twice; the message names the rows.
    """
    columns = columns_of(names, options.columns, str(path))
    if any(row.dialogue is not None for row in rows):
        columns.pop("dialogue", None)
    _require_speaker(columns, rows, names, options, path)
    starts, ends = times_of(rows, columns, options, report)
    groups = _grouped(rows, columns, path.stem)
    if len(groups) == len(rows) > 2 and "dialogue" in columns and "dialogue" not in options.columns:
        column = columns.pop("dialogue")
        report.notes.append(f"column {column!r} is different in each row, so it is no dialogue")
        groups = _grouped(rows, columns, path.stem)
    ids = _cells(rows, columns.get("turn"))
    numbers = _numbers(ids, rows)
    _require_unique(ids if numbers is None else numbers, groups, rows)
    labels = [_label(text) for text in _cells(rows, columns.get("label"))]
    texts, speakers = _cells(rows, columns["text"]), _cells(rows, columns.get("speaker"))
    _describe(columns, names, report)
    if "turn" in columns or any(label is not None for label in labels):
        options = replace(options, merge_gap=None)
    if options.unnamed == "refuse" and any(speakers):
        options = replace(options, unnamed="unknown")  # of a dialogue in which nobody is named
    found, moved, are_unique = [], 0, len(set(ids)) == len(ids)
    for name, group in groups.items():
        order = group if numbers is None else sorted(group, key=lambda at: numbers[at])
        moved += sum(before != after for before, after in zip(group, order, strict=True))
        prefix = "" if are_unique else f"{name}_"
        cues = [
            Cue(
                " ".join(repaired(speakers[at]).split()) or None,
                texts[at],
                starts[at],
                ends[at],
                labels[at],
                prefix + ids[at] if ids[at] and numbers is None else None,
            )
            for at in order
        ]
        where = str(path) if len(groups) == 1 else f"{path}: dialogue {name}"
        made = turns(cues, options, report, where, recording=name, numbered=numbers is not None)
        found.append(TranscribedDialogue(name, tuple(made)))
    if moved:
        report.notes.append(f"{counted(moved, 'row')} out of order, sorted by {columns['turn']!r}")
    return found


def _require_speaker(
    columns: dict[str, str], rows: Sequence[Row], names: Sequence[str], options: ReadingOptions, path: Path
) -> None:
    """Refuse rows without a speaker, unless the options say who speaks; ``from`` may be a time."""
    if columns.get("speaker", "").casefold() == "from" and "speaker" not in options.columns:
        with suppress(ValueError, OverflowError):
            times = [read_time(row.cells.get(columns["speaker"])) for row in rows]
            if any(times):
                columns["start"] = columns.pop("speaker")
    if "speaker" not in columns and options.unnamed == "refuse" and not options.rttm:
        raise CorpusError(
            f"{path}: no column is known to have the speaker; its columns are {listed(names)}. Name it: "
            "--columns speaker=COLUMN, or say who speaks: --speakers one, alternate or unknown."
        )


def _cells(rows: Sequence[Row], column: str | None) -> list[str]:
    """Texts of a column, empty where there is none."""
    return [""] * len(rows) if column is None else [text_of(row, column) for row in rows]


def _grouped(rows: Sequence[Row], columns: Mapping[str, str], only: str) -> dict[str, list[int]]:
    """Numbers of the rows of each dialogue; numbered dialogues in their order, others in that of the file."""
    groups: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        id = row.dialogue
        if id is None and "dialogue" in columns:
            id = text_of(row, columns["dialogue"])
            if not id:
                column = columns["dialogue"]
                raise CorpusError(f"{row.where}: {column}: must not be empty. Name the dialogue of each row.")
        groups[id or only].append(at)
    if all(id.isdecimal() for id in groups):
        return dict(sorted(groups.items(), key=lambda group: int(group[0])))
    return dict(groups)


def _numbers(ids: Sequence[str], rows: Sequence[Row]) -> list[int] | None:
    """Turn numbers, ``None`` if there are none or they are names."""
    if not all(id.isdecimal() and len(id) < 16 for id in ids if id) or not any(ids):
        return None
    for id, row in zip(ids, rows, strict=True):
        if not id:
            raise CorpusError(f"{row.where}: has no turn number. Give it one, or take another column.")
    return [int(id) for id in ids]


def _require_unique(ids: Sequence[object], groups: Mapping[str, Sequence[int]], rows: Sequence[Row]) -> None:
    for dialogue, group in groups.items():
        seen: dict[object, int] = {}
        for at in group:
            if ids[at] == "":
                continue
            if ids[at] in seen:
                raise CorpusError(
                    f"{rows[at].where}: turn {ids[at]} of dialogue {dialogue} is also at "
                    f"{rows[seen[ids[at]]].where}. Remove one of them, or name the column of dialogues: "
                    "--columns dialogue=COLUMN."
                )
            seen[ids[at]] = at


def _label(text: str) -> str | None:
    return None if text.casefold() in _UNLABELLED else text


def _describe(columns: Mapping[str, str], names: Sequence[str], report: ReadingReport) -> None:
    for role, column in columns.items():
        report.taken[role] = f"column {column!r}"
    unread = [name for name in names if name not in columns.values() and name]
    if unread:
        report.notes.append(f"columns that are not read: {', '.join(map(repr, unread))}")
