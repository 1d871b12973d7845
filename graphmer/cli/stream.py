"""``graphmer stream``."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from graphmer.cli.options import Device, RunPath, make_fabric
from graphmer.errors import ConfigError, CorpusError


def stream(
    run: RunPath,
    corrections: Annotated[
        int, typer.Option(min=0, help="How many of the latest turns may still be corrected.")
    ] = 20,
    fold: Annotated[int | None, typer.Option(help="Which fold's model; the first if left out.")] = None,
    seed: Annotated[int | None, typer.Option(help="Which seed's model; the first if left out.")] = None,
    device: Device = "cpu",
) -> None:
    """Predict a dialogue while it goes on: a line of JSON for each turn in, a line out at once.

    A turn is what it is in a file of dialogues, such as {"speaker": "Ann", "features": {"text": [0.1, 0.2]}}.
    A modality that arrives late comes as {"correct": ID, "features": {...}} and is answered with a line for
    that turn and for each turn after it. The model must have been trained with causal: true.

    \b
    examples:
      graphmer stream runs/live < turns.jsonl
    """  # noqa: D301
    from graphmer.corpora.jsonl import CorrectionRecord, VectorFiles, read_turn
    from graphmer.inference import load
    from graphmer.inference.records import turn_as_json

    predictor = load(run, fold=fold, seed=seed, device=make_fabric(device, "32-true").device)
    simulated = {"simulated": True} if predictor.trained.facts.get("simulated", False) else {}
    try:
        dialogue = predictor.stream(corrections=corrections)
    except ValueError as error:
        raise ConfigError(f"{run}: {error}") from None
    files = VectorFiles(Path())
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        turn = read_turn(line, f"line {number}", files)
        try:
            if isinstance(turn, CorrectionRecord):
                said = dialogue.correct(turn.correct, turn.features)
            else:
                said = [dialogue.append(turn)]
        except ValueError as error:
            raise CorpusError(f"line {number}: {error}") from None
        for record in said:
            sys.stdout.write(json.dumps(turn_as_json(record) | simulated, ensure_ascii=False) + "\n")
        sys.stdout.flush()
