"""Detection of damage: how well estimated reliability tells damaged features from undamaged ones."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from graphmer.evaluation.change import ranking
from graphmer.evaluation.predictions import Predictions


def detection(
    predictions: Mapping[str, Predictions], modalities: Sequence[str]
) -> dict[str, dict[str, float]]:
    """AUROC of the detection of damage for each condition and modality.

    The positive examples are the modalities of turns that the condition damages; the negative ones are the
    same modality wherever it is available and undamaged, under this condition and under those without any
    damage.

    Args:
        predictions: of one model by condition, with `reliability` and `damaged`; at least one of the
            conditions should damage nothing.
        modalities: in the order of the columns.

    Returns:
        by condition with damage, by modality that it damages.
    """
    columns = {
        condition: [_split(each, m) for m in range(len(modalities))]
        for condition, each in predictions.items()
        if each.reliability is not None
    }
    clean = [name for name, split in columns.items() if not any(len(damaged) for damaged, _ in split)]
    found: dict[str, dict[str, float]] = {}
    for condition, split in columns.items():
        for m, (damaged, undamaged) in enumerate(split):
            if len(damaged):
                others = np.concatenate([undamaged, *(columns[name][m][1] for name in clean)])
                target = np.arange(len(damaged) + len(others)) < len(damaged)
                estimate = np.concatenate([damaged, others])
                found.setdefault(condition, {})[modalities[m]] = ranking(target, estimate)["auroc"]
    return found


def _split(predictions: Predictions, column: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimated damage of the damaged and of the undamaged turns that have a modality."""
    assert predictions.reliability is not None  # callers check
    assert predictions.damaged is not None
    available = predictions.available[:, column]
    estimate = 1 - predictions.reliability[:, column].double()
    damaged = predictions.damaged[:, column]
    return estimate[available & damaged].numpy(), estimate[available & ~damaged].numpy()
