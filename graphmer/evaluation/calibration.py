"""Expected calibration error."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 15
"""Number of bins of equal width, as in Guo et al. (2017)."""


def calibration_error(confidence: ArrayLike, correct: ArrayLike) -> float:
    r"""Expected calibration error (Guo et al. 2017, eq. 3; Naeini et al. 2015).

    .. math:: ECE = \sum_b \frac{n_b}{n} \, | accuracy_b - confidence_b |

    over `BINS` bins of equal width in the confidence.

    Args:
        confidence: predicted probability of the event, in [0, 1].
        correct: whether the event occurred, for example whether the predicted class is correct.

    Shapes:
        confidence, correct ``[N]``.

    Returns:
        the mean difference of probabilities, in [0, 1]; NaN if there are no cases.

    Example:
        >>> round(calibration_error([0.9, 0.9, 0.6, 0.6], [True, True, True, False]), 3)
        0.1
    """
    probability, outcome = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=np.float64)
    if len(probability) == 0:
        return float("nan")
    number = np.clip((probability * BINS).astype(np.int64), 0, BINS - 1)
    gaps: NDArray[Any] = np.bincount(number, weights=outcome - probability, minlength=BINS)
    return float(np.abs(gaps).sum() / len(probability))


def emotion_calibration_error(probability: NDArray[np.float64], target: NDArray[np.int64]) -> float:
    """Expected calibration error of the most probable class of labelled turns.

    Shapes:
        probability ``[N, C]``; target ``[N]``.
    """
    return calibration_error(probability.max(axis=1), probability.argmax(axis=1) == target)
