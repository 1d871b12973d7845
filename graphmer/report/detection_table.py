"""Table of the detection of damage under every condition that damages features."""

from collections.abc import Mapping

import numpy as np

from graphmer.evaluation.detection import detection
from graphmer.evaluation.gathering import Key
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.scores import Scores
from graphmer.report.sheet import Sheet
from graphmer.report.table import marked_title


def detection_table(predictions: Mapping[Key, Predictions], scores: Scores) -> Sheet | None:
    """AUROC of the estimated reliability for each condition and modality, mean over the models.

    Args:
        predictions: by seed, fold and condition.
        scores: emotion scores of the same system, for its modalities, title and warnings.

    Returns:
        the table; ``None`` for a model that estimates no reliability, or without conditions that damage.
    """
    models: dict[tuple[int, str], dict[str, Predictions]] = {}
    for (seed, fold, condition), each in predictions.items():
        models.setdefault((seed, fold), {})[condition] = each
    found: dict[str, dict[str, list[float]]] = {}
    for conditions in models.values():
        for condition, by_modality in detection(conditions, scores.modalities).items():
            for modality, value in by_modality.items():
                found.setdefault(condition, {}).setdefault(modality, []).append(value)
    if not found:
        return None
    rows = [
        (condition, *(_cell(by_modality.get(modality, [])) for modality in scores.modalities))
        for condition, by_modality in found.items()
    ]
    return Sheet(
        title=marked_title([scores], f"{scores.meta['title']}: detection of damage"),
        header=("condition", *scores.modalities),
        rows=tuple(rows),
        notes=(
            "AUROC times 100 of the estimated reliability of each modality, mean over seeds and folds: "
            "damaged turns against undamaged ones under this condition and those without damage.",
        ),
    )


def _cell(values: list[float]) -> str:
    return f"{100 * np.mean(values):.1f}" if values and not np.isnan(values).any() else "-"
