"""``graphmer stream``."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from graphmer.cli.options import Device, ModelPath, make_fabric
from graphmer.errors import ConfigError, CorpusError


def stream(
    run: ModelPath,
    corrections: Annotated[
        int, typer.Option(min=0, help="Number of latest turns that may still be corrected.")
    ] = 20,
    fold: Annotated[int | None, typer.Option(help="Fold of the model; the first by default.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the model; the first by default.")] = None,
    device: Device = "cpu",
) -> None:
    """Predict a live dialogue: reads one JSON line per turn and writes its prediction at once.

    A turn has the same form as in a file of dialogues:
    {"speaker": "Ann", "features": {"text": [0.1, 0.2]}}. A modality that arrives late is given as
    {"correct": ID, "features": {...}}; the output is then a line for that turn and for each later turn. The
    model must have been trained with causal: true.

    \b
    examples:
      graphmer stream runs/live < turns.jsonl
    """  # noqa: D301
    from graphmer.characters import visible_json
    from graphmer.corpora.jsonl import VectorFiles, read_turn
    from graphmer.corpora.records import CorrectionRecord
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
                records = dialogue.correct(turn.correct, turn.features)
            else:
                records = [dialogue.append(turn)]
        except ValueError as error:
            raise CorpusError(f"line {number}: {error}") from None
        for record in records:
            text = json.dumps(turn_as_json(record) | simulated, ensure_ascii=False)
            sys.stdout.write(visible_json(text) + "\n")
        sys.stdout.flush()
