"""Whether probabilities mean what they say: expected calibration error."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 15
"""Bins of equal width, as in Guo et al. (2017)."""


def calibration_error(confidence: ArrayLike, right: ArrayLike) -> float:
    r"""Expected calibration error (Guo et al. 2017, eq. 3; Naeini et al. 2015).

    .. math:: ECE = \sum_b \frac{n_b}{n} \, | accuracy_b - confidence_b |

    over `BINS` bins of the confidence, each with as many cases as fall into it.

    Args:
        confidence: probability of what was said, in [0, 1].
        right: whether it was right.

    Shapes:
        confidence, right ``[N]``.

    Returns:
        a difference of probabilities in [0, 1]; NaN without a case.

    Example:
        >>> round(calibration_error([0.9, 0.9, 0.6, 0.6], [True, True, True, False]), 3)
        0.1
    """
    sure, hit = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if len(sure) == 0:
        return float("nan")
    place = np.clip((sure * BINS).astype(np.int64), 0, BINS - 1)
    gaps: NDArray[Any] = np.bincount(place, weights=hit - sure, minlength=BINS)
    return float(np.abs(gaps).sum() / len(sure))


def emotion_calibration_error(probability: NDArray[np.float64], target: NDArray[np.int64]) -> float:
    """Expected calibration error of the most probable class of labelled turns.

    Shapes:
        probability ``[N, C]``; target ``[N]``.
    """
    return calibration_error(probability.max(axis=1), probability.argmax(axis=1) == target)
