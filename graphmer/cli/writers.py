"""Writers of predictions: JSON lines, CSV, tables and Parquet; subtitles, ELAN and Praat of one dialogue."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from graphmer.characters import visible, visible_json
from graphmer.cli.one_dialogue import one_dialogue
from graphmer.cli.parquet import parquet
from graphmer.cli.terminal import terminal
from graphmer.cli.turns import turn_table, what_if_table
from graphmer.dialogue import LabelSpace
from graphmer.errors import ConfigError, GraphmerError
from graphmer.inference import DialoguePrediction, WhatIf
from graphmer.inference.prediction import turn_columns, turn_records
from graphmer.inference.records import as_json, what_if_as_json
from graphmer.inference.turn_record import turn_as_row
from graphmer.storage import is_stream, replacing
from graphmer.transcripts.write import WRITERS

Prediction = DialoguePrediction | WhatIf
Writer = Callable[[Prediction], None]

FORMATS = ("jsonl", "csv", "table", "parquet", *WRITERS)
"""Formats of predictions; but for tables, also the endings of their files."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@contextmanager
def writing(
    out: Path | None, form: str, labels: LabelSpace, *, simulated: bool, raw_csv: bool = False
) -> Iterator[Writer]:
    """Context manager that yields a function which writes the prediction of a dialogue.

    A file is replaced at the end, also if a dialogue is invalid: then by the predictions before it, if there
    are any. A device or a pipe is written to at once.

    Args:
        out: file to write; ``None`` for the terminal.
        form: one of `FORMATS`. Parquet needs a file. Subtitles, ELAN and Praat are of one dialogue; they and
            Parquet are written when all is predicted, or not at all.
        labels: label space of the emotions.
        simulated: whether to mark the output, because the model was trained on simulated dialogues.
        raw_csv: whether texts in CSV that a spreadsheet would take for a formula are written as they are;
            by default they begin with an apostrophe.

    Raises:
        ConfigError: if the format cannot have what is to be written.
    """
    if form == "parquet":
        if out is None:
            raise ConfigError("--format parquet: needs a file. Add --out FILE.parquet.")
        with parquet(out) as write_columns:
            yield lambda prediction: write_columns(_columns(prediction, labels, simulated))
        return
    if form in WRITERS:
        with one_dialogue(out, form, simulated=simulated) as write_dialogue:
            yield write_dialogue
        return
    makers: dict[str, Callable[[TextIO, LabelSpace, bool], Writer]] = {
        "jsonl": _json_lines,
        "csv": partial(_csv, raw=raw_csv),
        "table": _tables,
    }
    make = makers[form]
    if out is None:
        yield make(sys.stdout, labels, simulated)
    elif is_stream(out):
        with out.open("w", encoding="utf-8", newline="") as file:
            yield make(file, labels, simulated)
    else:
        invalid = None
        with replacing(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            try:
                yield make(file, labels, simulated)
            except GraphmerError as error:
                if not file.tell():
                    raise
                invalid = error
        if invalid is not None:
            raise invalid


def format_of(out: Path | None) -> str:
    """Format of a file by its ending; JSON lines for any other and for the terminal."""
    ending = "" if out is None else out.suffix.lower().removeprefix(".")
    return ending if ending in FORMATS and ending != "table" else "jsonl"


def _tables(file: TextIO, labels: LabelSpace, simulated: bool) -> Writer:
    console = terminal(file=file)

    def write(prediction: Prediction) -> None:
        if isinstance(prediction, WhatIf):
            console.print(what_if_table(prediction, labels, simulated=simulated))
        else:
            console.print(turn_table(prediction, labels, simulated=simulated))

    return write


def _json_lines(file: TextIO, labels: LabelSpace, simulated: bool) -> Writer:
    def write(prediction: Prediction) -> None:
        plain = (
            what_if_as_json(prediction, labels)
            if isinstance(prediction, WhatIf)
            else as_json(prediction, labels)
        )
        marked = plain | ({"simulated": True} if simulated else {})
        file.write(visible_json(json.dumps(marked, ensure_ascii=False)) + "\n")
        file.flush()

    return write


def _csv(file: TextIO, labels: LabelSpace, simulated: bool, *, raw: bool) -> Writer:
    """CSV with one row per turn; with what-if, also one per subset of its modalities (column ``what_if``)."""
    rows = csv.writer(file)
    begun = False

    def write_row(values: Iterable[Any]) -> None:
        cells = [value if raw else _defused(value) for value in values]
        if file.isatty():
            cells = [visible(cell) if isinstance(cell, str) else cell for cell in cells]
        rows.writerow(cells)

    def write(prediction: Prediction) -> None:
        nonlocal begun
        for row in _all_rows(prediction, labels, simulated):
            if not begun:
                write_row(row)
                begun = True
            write_row(row.values())
        file.flush()

    return write


def _defused(cell: Any) -> Any:
    """The cell, with an apostrophe before a text that a spreadsheet would run as a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _all_rows(prediction: Prediction, labels: LabelSpace, simulated: bool) -> Iterator[dict[str, Any]]:
    rows = _what_if_rows(prediction, labels) if isinstance(prediction, WhatIf) else _rows(prediction, labels)
    return (row | {"simulated": simulated} for row in rows)


def _columns(prediction: Prediction, labels: LabelSpace, simulated: bool) -> dict[str, Sequence[Any]]:
    if isinstance(prediction, WhatIf):
        rows = list(_all_rows(prediction, labels, simulated))
        return {name: [row[name] for row in rows] for name in rows[0]}
    columns = turn_columns(prediction, labels)
    return {**columns, "simulated": [simulated] * len(prediction.dialogue)}


def _rows(prediction: DialoguePrediction, labels: LabelSpace) -> Iterator[dict[str, Any]]:
    modalities = prediction.dialogue.modalities
    return (turn_as_row(record, modalities) for record in turn_records(prediction, labels))


def _what_if_rows(prediction: WhatIf, labels: LabelSpace) -> Iterator[dict[str, Any]]:
    under = {name: list(turn_records(each, labels)) for name, each in prediction.under.items()}
    modalities = prediction.actual.dialogue.modalities
    for record in turn_records(prediction.actual, labels):
        help = prediction.help[record.turn]
        yield turn_as_row(record, modalities) | _hypothesis(None, help.modality, help.entropy_drop)
        for name in prediction.sets_of(record.turn):
            yield turn_as_row(under[name][record.turn], modalities) | _hypothesis(name, None, None)


def _hypothesis(name: str | None, modality: str | None, entropy_drop: float | None) -> dict[str, Any]:
    return {"what_if": name, "most_helpful": modality, "entropy_drop_bits": entropy_drop}
