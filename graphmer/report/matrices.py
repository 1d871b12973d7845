"""Confusion and transition matrices under every condition."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphmer.dialogue import LabelSpace
from graphmer.evaluation.change_statistics import pairs_of
from graphmer.evaluation.gathering import Key
from graphmer.evaluation.predictions import Predictions
from graphmer.typing import UNLABELLED


def matrices(predictions: Mapping[Key, Predictions], labels: LabelSpace) -> dict[str, dict[str, Any]]:
    """Confusion and transition counts by condition, summed over seeds and folds.

    Args:
        predictions: predictions of all turns of each dialogue in order, by (seed, fold, condition).
        labels: label space of classes.

    Returns:
        for each condition ``confusion`` (row: annotated, column: predicted), and the transitions from a
        speaker's previous emotion (row) to the current one (column), ``annotated`` and ``predicted``; each
        of shape ``[C, C]``.
    """
    counts: dict[str, dict[str, NDArray[np.int64]]] = {}
    for (_, _, condition), part in predictions.items():
        by_name = counts.setdefault(condition, {})
        target, guess = part.target.numpy(force=True), part.predicted.numpy(force=True)
        pairs, known = pairs_of(part, labels), target != UNLABELLED
        counted = {
            "confusion": (target[known], guess[known]),
            "annotated": (pairs.target[:, 0], pairs.target[:, 1]),
            "predicted": (pairs.predicted[:, 0], pairs.predicted[:, 1]),
        }
        for name, cells in counted.items():
            matrix = by_name.setdefault(name, np.zeros((labels.outputs, labels.outputs), dtype=np.int64))
            np.add.at(matrix, cells, 1)
    return {
        condition: {name: matrix.tolist() for name, matrix in by_name.items()}
        for condition, by_name in counts.items()
    }
