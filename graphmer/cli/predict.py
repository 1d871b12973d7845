"""``graphmer predict``."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TextIO

import typer

from graphmer.cli.options import Device, RunPath, make_fabric
from graphmer.errors import ConfigError

if TYPE_CHECKING:
    from graphmer.dialogue import LabelSpace
    from graphmer.inference import DialoguePrediction

    Writer = Callable[[DialoguePrediction, LabelSpace], None]


def predict(
    run: RunPath,
    dialogues: Annotated[Path, typer.Argument(metavar="DIALOGUES.jsonl", help="One dialogue a line.")],
    out: Annotated[Path | None, typer.Option(help="Where predictions go; the terminal if left out.")] = None,
    form: Annotated[
        Literal["jsonl", "csv", "table"], typer.Option("--format", help="jsonl, csv, or table for reading.")
    ] = "jsonl",
    condition: Annotated[str, typer.Option(help="Hide modalities: a, at, rate:0.5, ...")] = "complete",
    shard: Annotated[
        str, typer.Option(metavar="I/N", help="Only every N-th dialogue, from the I-th.")
    ] = "1/1",
    fold: Annotated[int | None, typer.Option(help="Which fold's model; the first if left out.")] = None,
    seed: Annotated[int | None, typer.Option(help="Which seed's model; the first if left out.")] = None,
    device: Device = "cpu",
) -> None:
    """Predict the emotions, and changes of emotion, of new dialogues.

    Dialogues are read and written one after the other, so any number of them fits into memory. What was
    written before a faulty line stays.

    \b
    examples:
      graphmer predict runs/iemocap chat.jsonl --format table
      graphmer predict runs/iemocap calls.jsonl --out said.jsonl --shard 1/4
    """  # noqa: D301
    number, shards = _read_shard(shard)
    from graphmer.corpora.dataset import read_dialogues
    from graphmer.dialogue.conditions import protocol
    from graphmer.inference import load

    predictor = load(run, fold=fold, seed=seed, device=make_fabric(device, "32-true").device)
    settings, labels = predictor.trained.settings, predictor.trained.labels
    try:
        missing = protocol(condition, tuple(settings.widths))
    except ValueError as error:
        raise ConfigError(f"--condition: {error}") from None
    simulated = bool(predictor.trained.facts.get("simulated", False))
    _warn(simulated)
    chosen = islice(read_dialogues(dialogues, settings.widths), number - 1, None, shards)
    with _writing(out, form, simulated) as write:
        for prediction in predictor.predict_many(chosen, missing=missing):
            write(prediction, labels)


def _read_shard(text: str) -> tuple[int, int]:
    number, _, shards = text.partition("/")
    if not (number.isdigit() and shards.isdigit() and 1 <= int(number) <= int(shards)):
        raise ConfigError(f"--shard: must be I/N with 1 <= I <= N, such as 1/4; got {text}.")
    return int(number), int(shards)


def _warn(simulated: bool) -> None:
    if simulated:
        from graphmer.cli.terminal import errors

        errors.print(
            "This model was trained on SIMULATED dialogues: it knows nothing of real speech.", style="yellow"
        )


@contextmanager
def _writing(out: Path | None, form: str, simulated: bool) -> Iterator["Writer"]:
    """A function that writes one prediction, to a file or to the terminal."""
    makers: dict[str, Callable[[TextIO], Writer]] = {
        "jsonl": partial(_json_lines, simulated=simulated),
        "csv": _csv,
        "table": _tables,
    }
    make = makers[form]
    if out is None:
        yield make(sys.stdout)
    else:
        with out.open("w", encoding="utf-8", newline="") as file:
            yield make(file)


def _tables(file: TextIO) -> "Writer":
    from rich.console import Console

    from graphmer.cli.turns import turn_table

    console = Console(file=file)
    return lambda prediction, labels: console.print(turn_table(prediction, labels))


def _json_lines(file: TextIO, *, simulated: bool) -> "Writer":
    from graphmer.inference.records import as_json

    def write(prediction: "DialoguePrediction", labels: "LabelSpace") -> None:
        said = as_json(prediction, labels) | ({"simulated": True} if simulated else {})
        file.write(json.dumps(said, ensure_ascii=False) + "\n")
        file.flush()

    return write


def _csv(file: TextIO) -> "Writer":
    from graphmer.inference.records import turn_records

    rows = csv.writer(file)
    begun = False

    def write(prediction: "DialoguePrediction", labels: "LabelSpace") -> None:
        nonlocal begun
        if not begun:
            names = [f"p_{name}" for name in labels.names]
            rows.writerow(
                [
                    "dialogue",
                    "turn",
                    "id",
                    "speaker",
                    "emotion",
                    "previous",
                    "changed",
                    "change_probability",
                    "available",
                    *names,
                ]
            )
            begun = True
        for record in turn_records(prediction, labels):
            rows.writerow(
                [
                    record.dialogue, record.turn, record.id, record.speaker, record.emotion, record.previous,
                    record.changed, record.change, "+".join(record.available), *record.probability.values(),
                ]
            )  # fmt: skip
        file.flush()

    return write
