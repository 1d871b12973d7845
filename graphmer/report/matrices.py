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
    """Counts of all seeds and folds together, by condition.

    Args:
        predictions: all turns of each dialogue in their order, by (seed, fold, condition).
        labels: the label space, classes.

    Returns:
        for each condition ``confusion`` (row annotated, column predicted) and the transitions from a
        speaker's previous emotion (row) to the present one (column), ``annotated`` and ``predicted``; each
        ``[C, C]``.
    """
    found: dict[str, dict[str, NDArray[np.int64]]] = {}
    for (_, _, condition), said in predictions.items():
        each = found.setdefault(condition, {})
        target, guess = said.target.numpy(force=True), said.predicted.numpy(force=True)
        pairs, known = pairs_of(said, labels), target != UNLABELLED
        counted = {
            "confusion": (target[known], guess[known]),
            "annotated": (pairs.target[:, 0], pairs.target[:, 1]),
            "predicted": (pairs.predicted[:, 0], pairs.predicted[:, 1]),
        }
        for name, cells in counted.items():
            matrix = each.setdefault(name, np.zeros((labels.outputs, labels.outputs), dtype=np.int64))
            np.add.at(matrix, cells, 1)
    return {
        condition: {name: matrix.tolist() for name, matrix in each.items()}
        for condition, each in found.items()
    }
