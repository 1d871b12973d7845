"""Temperature scaling of logits (Guo et al. 2017, https://arxiv.org/abs/1706.04599)."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

LARGEST = 20.0
"""Temperatures lie between this and its inverse."""


def log_loss(logits: NDArray[np.float32], targets: NDArray[np.int64], temperature: float = 1.0) -> float:
    """Mean negative log-probability of the targets.

    Args:
        logits: of the classes.
        targets: numbers of the classes.
        temperature: by which logits are divided.

    Shapes:
        logits ``[T, C]``; targets ``[T]``.
    """
    rows = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return float(-rows[np.arange(len(targets)), targets].mean())


def fit_temperature(logits: NDArray[np.float32], targets: NDArray[np.int64]) -> float:
    """Temperature with the smallest log loss.

    Shapes:
        logits ``[T, C]``; targets ``[T]``.
    """
    limit = np.log(LARGEST)
    found = minimize_scalar(
        lambda logarithm: log_loss(logits, targets, float(np.exp(logarithm))),
        bounds=(-limit, limit),
        method="bounded",
    )
    return float(np.exp(found.x))
