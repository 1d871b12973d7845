"""What a report shows of predicted dialogues, gathered as JSON values."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from graphmer.dialogue import Dialogue
from graphmer.experiment.reporting import FORMAT, label_values, modality_sets, predicted_timelines
from graphmer.inference import Predictor
from graphmer.training.run_folder import RunFolder

MOST = 100
"""Dialogues of which one page has room."""


def dialogue_content(
    predictor: Predictor, dialogues: Iterable[Dialogue], title: str, run: Path
) -> dict[str, Any]:
    """Everything that the page of predicted dialogues shows; of more than `MOST`, the first ones.

    Args:
        predictor: the model of the run.
        dialogues: with features; annotations are not read.
        title: of the page.
        run: folder of the run, or a pack, which has neither configuration nor environment.

    Raises:
        ValueError: if a dialogue does not suit the model.
    """
    trained, config = predictor.trained, run / "config.yaml"
    shown = [dialogue.unlabelled() for dialogue in islice(dialogues, MOST + 1)]
    return {
        "format": FORMAT,
        "title": title,
        "simulated": bool(trained.facts.get("simulated", False)),
        "run": run.resolve().name,
        "labels": label_values(trained.labels),
        "modalities": list(trained.widths),
        **modality_sets(predictor, tuple(trained.widths)),
        "measures": None,
        "relations": trained.build.relations,
        "timelines": predicted_timelines(predictor, shown[:MOST], transcripts=True),
        "omitted": len(shown) > MOST,
        "model": dict(trained.facts),
        "config": config.read_text(encoding="utf-8") if config.is_file() else None,
        "environment": RunFolder(run).environment if config.is_file() else None,
    }
