"""Predictions as JSON lines, CSV or tables, written one dialogue after the other."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console

from graphmer.cli.turns import turn_table, what_if_table
from graphmer.dialogue import LabelSpace
from graphmer.inference import DialoguePrediction, WhatIf
from graphmer.inference.prediction import turn_records
from graphmer.inference.records import as_json, what_if_as_json
from graphmer.inference.turn_record import turn_as_row

Said = DialoguePrediction | WhatIf
Writer = Callable[[Said], None]


@contextmanager
def writing(out: Path | None, form: str, labels: LabelSpace, *, simulated: bool) -> Iterator[Writer]:
    """A function that writes what was said of one dialogue.

    Args:
        out: file to write; ``None`` for the terminal.
        form: ``jsonl``, ``csv`` or ``table``.
        labels: names the emotions.
        simulated: whether to mark everything as coming from a model of simulated dialogues.
    """
    makers: dict[str, Callable[[TextIO, LabelSpace, bool], Writer]] = {
        "jsonl": _json_lines,
        "csv": _csv,
        "table": _tables,
    }
    make = makers[form]
    if out is None:
        yield make(sys.stdout, labels, simulated)
    else:
        with out.open("w", encoding="utf-8", newline="") as file:
            yield make(file, labels, simulated)


def _tables(file: TextIO, labels: LabelSpace, simulated: bool) -> Writer:
    console = Console(file=file)

    def write(said: Said) -> None:
        if isinstance(said, WhatIf):
            console.print(what_if_table(said, labels, simulated=simulated))
        else:
            console.print(turn_table(said, labels, simulated=simulated))

    return write


def _json_lines(file: TextIO, labels: LabelSpace, simulated: bool) -> Writer:
    def write(said: Said) -> None:
        plain = what_if_as_json(said, labels) if isinstance(said, WhatIf) else as_json(said, labels)
        marked = plain | ({"simulated": True} if simulated else {})
        file.write(json.dumps(marked, ensure_ascii=False) + "\n")
        file.flush()

    return write


def _csv(file: TextIO, labels: LabelSpace, simulated: bool) -> Writer:
    """One row a turn; with what-if one more for each subset of what the turn has, named in ``what_if``."""
    rows = csv.writer(file)
    begun = False

    def write(said: Said) -> None:
        nonlocal begun
        for row in _what_if_rows(said, labels) if isinstance(said, WhatIf) else _rows(said, labels):
            if not begun:
                rows.writerow([*row, "simulated"])
                begun = True
            rows.writerow([*row.values(), simulated])
        file.flush()

    return write


def _rows(said: DialoguePrediction, labels: LabelSpace) -> Iterator[dict[str, Any]]:
    return (turn_as_row(record) for record in turn_records(said, labels))


def _what_if_rows(said: WhatIf, labels: LabelSpace) -> Iterator[dict[str, Any]]:
    under = {name: list(turn_records(each, labels)) for name, each in said.under.items()}
    for record in turn_records(said.actual, labels):
        help = said.help[record.turn]
        yield turn_as_row(record) | _hypothesis(None, help.modality, help.entropy_drop)
        for name in said.sets_of(record.turn):
            yield turn_as_row(under[name][record.turn]) | _hypothesis(name, None, None)


def _hypothesis(name: str | None, modality: str | None, entropy_drop: float | None) -> dict[str, Any]:
    return {"what_if": name, "most_helpful": modality, "entropy_drop_bits": entropy_drop}
