"""Which modalities to acquire under a budget, as a table, JSON lines or CSV."""

import csv
import io
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from graphmer.characters import visible_json
from graphmer.cli.terminal import console, terminal
from graphmer.dialogue import Dialogue, FixedSet, MissingProtocol, protocol
from graphmer.errors import ConfigError
from graphmer.inference import Predictor
from graphmer.inference.acquisition import Acquisition
from graphmer.storage import is_stream, write_text

FORMATS = ("jsonl", "csv", "table")

_CAPTION = (
    "In this order. gain: expected information gain about the turn's emotion, in bits, given what the turn "
    "has and how uncertain it is then; total: sum of the costs"
)


def plan(
    predictor: Predictor,
    dialogues: Iterable[Dialogue],
    out: Path | None,
    form: str | None,
    budget: float,
    cost: str,
    *,
    missing: MissingProtocol,
) -> None:
    """Write what to acquire, in its order.

    Args:
        predictor: of a model of classes.
        dialogues: any number.
        out: file to write; ``None`` for the terminal.
        form: one of `FORMATS`; ``None`` for that of the ending of `out`, else JSON lines.
        budget: largest sum of costs.
        cost: costs, such as ``a=1,t=0.2``.
        missing: protocol that masks modalities first.

    Raises:
        ConfigError: if the format, a cost or the budget is invalid, or the model has no gains.
    """
    ending = "jsonl" if out is None else out.suffix.removeprefix(".")
    form = form or (ending if ending in FORMATS else "jsonl")
    if form not in FORMATS:
        raise ConfigError(f"--format: must be one of {', '.join(FORMATS)} with --budget; got {form}.")
    costs = costs_of(cost, tuple(predictor.trained.widths))
    try:
        found = list(predictor.acquire_many(dialogues, costs, budget, missing=missing))
    except ValueError as error:
        raise ConfigError(f"--budget: {error}") from None
    if form == "table" and out is None:
        console.print(_table(found))
        return
    text = {"jsonl": _json, "csv": _csv, "table": _plain_table}[form](found)
    if out is None:
        sys.stdout.write(text)
    elif is_stream(out):
        out.write_text(text, encoding="utf-8")
    else:
        write_text(out, text)


def costs_of(text: str, modalities: Sequence[str]) -> dict[str, float]:
    """Costs from ``a=1,t=0.2``, by the names of the modalities; sets such as ``at=1`` give each this cost.

    Raises:
        ConfigError: if a term is invalid, or a modality occurs twice.
    """
    costs: dict[str, float] = {}
    for term in filter(None, map(str.strip, text.split(","))):
        names, _, number = (part.strip() for part in term.partition("="))
        try:
            chosen = protocol(f"fixed:{names}", modalities)
            value = float(number)
        except ValueError:
            raise ConfigError(
                f"--cost: must be modalities of {', '.join(modalities)} with a number each, such as "
                f"{modalities[0]}=1; got {term!r}."
            ) from None
        assert isinstance(chosen, FixedSet)
        twice = [modality for modality in chosen.modalities if modality in costs]
        if twice:
            raise ConfigError(f"--cost: {twice[0]} must have one cost; got two, the second in {term!r}.")
        costs |= dict.fromkeys(chosen.modalities, value)
    return costs


def _json(found: Sequence[Acquisition]) -> str:
    return "".join(visible_json(json.dumps(asdict(each), ensure_ascii=False)) + "\n" for each in found)


def _csv(found: Sequence[Acquisition]) -> str:
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(field.name for field in fields(Acquisition))
    rows.writerows(asdict(each).values() for each in found)
    return file.getvalue()


def _plain_table(found: Sequence[Acquisition]) -> str:
    file = io.StringIO()
    terminal(file=file).print(_table(found))
    return file.getvalue()


def _table(found: Sequence[Acquisition]) -> Table:
    table = Table(box=SIMPLE_HEAD, caption=Text(_CAPTION))
    for name in ("dialogue", "turn", "id", "modality"):
        table.add_column(name, overflow="fold")
    for name in ("gain", "cost", "total"):
        table.add_column(name, justify="right")
    for each in found:
        numbers = (f"{each.gain:.3f}", f"{each.cost:g}", f"{each.total:g}")
        table.add_row(*map(Text, (each.dialogue, str(each.turn), each.id, each.modality, *numbers)))
    return table
