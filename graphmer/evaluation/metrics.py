"""Metrics of emotion recognition, for one test set or for many resampled test sets at once.

**WA (weighted accuracy) is accuracy**: every class is weighted by its number of utterances. **UA (unweighted
accuracy) is the mean of the class recalls**: every class has the same weight. A slide at this project's
origin swaps the two names; its tables, the code of MoMKE and the speech literature use them as here. A
weighted F1 is neither of them.

Every metric is a function of additive statistics: a confusion matrix ``[C, C]`` for classes, a vector of
moments ``[P]`` for scores. `class_metrics` and `score_metrics` accept any leading axes, so that one call
computes a metric for a thousand resamples. A metric without any cases is NaN.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Counts = NDArray[Any]
"""Confusion matrices (row: target, column: predicted) or moments; additive over utterances."""

CLASS_METRICS = {"wa": "WA", "ua": "UA", "weighted_f1": "weighted F1", "macro_f1": "macro F1"}
"""Key and printed name of each classification metric; all are fractions in [0, 1]."""

SCORE_METRICS = {
    "mae": "MAE",
    "pearson": "r",
    "acc2_nonzero": "Acc-2 (non-0)",
    "f1_nonzero": "F1 (non-0)",
    "acc2_haszero": "Acc-2 (has-0)",
    "f1_haszero": "F1 (has-0)",
    "acc7": "Acc-7",
}
"""Key and printed name of each regression metric: `mae` in units of the score, the others as fractions."""

SCORE_STATISTICS = 16
"""``P``: count, sum of absolute errors, five moments, two 2x2 confusion matrices of signs, correct levels."""

_FLAT = 1e-12  # below this ratio of variance to mean square, the variance may be a rounding error


def confusion(target: ArrayLike, predicted: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Confusion matrix.

    Args:
        target: class numbers ``[N]``.
        predicted: class numbers ``[N]``.
        classes: number of classes, ``C``.

    Shapes:
        returns ``[C, C]``: row target, column predicted.

    Raises:
        ValueError: if there are no utterances, lengths differ, or a number is not a class.
    """
    y_true, y_pred = _pair(target, predicted)
    for name, numbers in (("target", y_true), ("predicted", y_pred)):
        if numbers.min() < 0 or numbers.max() >= classes:
            raise ValueError(
                f"`{name}` must hold class numbers in 0..{classes - 1}; got {numbers.min()} to "
                f"{numbers.max()}. Leave unlabelled utterances out first."
            )
    cells = np.bincount(y_true.astype(np.int64) * classes + y_pred.astype(np.int64), minlength=classes**2)
    return cells.reshape(classes, classes).astype(np.int64)


def class_f1(counts: Counts) -> NDArray[np.float64]:
    """F1 of each class, ``[..., C, C] -> [..., C]``; NaN if a class neither occurs nor is predicted."""
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    return _ratio(2 * hits, counts.sum(axis=-1) + counts.sum(axis=-2))


def class_recall(counts: Counts) -> NDArray[np.float64]:
    """Recall of each class, ``[..., C, C] -> [..., C]``; NaN if a class does not occur in the target."""
    return _ratio(np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1))


def class_metrics(counts: Counts) -> dict[str, NDArray[np.float64]]:
    """Metrics of `CLASS_METRICS` from confusion matrices.

    UA and macro F1 are means over the classes that occur in the target, because a class that does not occur
    has no recall. (scikit-learn's macro F1 also averages over classes that are only predicted.)

    Shapes:
        counts ``[..., C, C]``; each result ``[...]``.
    """
    support = counts.sum(axis=-1)
    total = support.sum(axis=-1)
    occurring = support > 0
    f1 = np.where(occurring, class_f1(counts), 0.0)
    recall = np.where(occurring, class_recall(counts), 0.0)
    return {
        "wa": _ratio(np.trace(counts, axis1=-2, axis2=-1), total),
        "ua": _ratio(recall.sum(axis=-1), occurring.sum(axis=-1)),
        "weighted_f1": _ratio((f1 * support).sum(axis=-1), total),
        "macro_f1": _ratio(f1.sum(axis=-1), occurring.sum(axis=-1)),
    }


def classification(target: ArrayLike, predicted: ArrayLike, classes: int) -> dict[str, Any]:
    """All classification metrics of one test set.

    Args:
        target: class numbers ``[N]``, all labelled.
        predicted: class numbers ``[N]``.
        classes: number of classes, ``C``.

    Returns:
        The keys of `CLASS_METRICS` (fractions in [0, 1]), ``f1`` and ``support`` of each class ``[C]``, and
        ``confusion`` ``[C, C]``.

    Raises:
        ValueError: as for `confusion`.

    Example:
        >>> result = classification([0, 0, 0, 1], [0, 0, 0, 0], classes=2)
        >>> result["wa"], result["ua"]
        (0.75, 0.5)
    """
    counts = confusion(target, predicted, classes)
    metrics: dict[str, Any] = {name: float(value) for name, value in class_metrics(counts).items()}
    return {**metrics, "f1": class_f1(counts), "support": counts.sum(axis=-1), "confusion": counts}


def score_statistics(target: ArrayLike, predicted: ArrayLike) -> NDArray[np.float64]:
    """Additive statistics of each utterance for `score_metrics`.

    Shapes:
        target, predicted ``[N]``; returns ``[N, P]`` with ``P`` = `SCORE_STATISTICS`.

    Raises:
        ValueError: if there are no utterances, lengths differ, or a value is not finite.
    """
    y_true, y_pred = (rows.astype(np.float64) for rows in _pair(target, predicted))
    for name, scores in (("target", y_true), ("predicted", y_pred)):
        if not np.isfinite(scores).all():
            raise ValueError(
                f"`{name}` must be finite; {int((~np.isfinite(scores)).sum())} of {len(scores)} are not. "
                "Leave unlabelled utterances out first."
            )
    nonzero = _one_hot(2 * (y_true > 0) + (y_pred > 0)) * (y_true != 0)[:, None]
    haszero = _one_hot(2 * (y_true >= 0) + (y_pred >= 0))
    level = np.round(np.clip(y_true, -3, 3)) == np.round(np.clip(y_pred, -3, 3))
    moments = (
        np.ones_like(y_true),
        np.abs(y_true - y_pred),
        y_true,
        y_pred,
        y_true**2,
        y_pred**2,
        y_true * y_pred,
    )
    return np.column_stack([*moments, nonzero, haszero, level])


def score_metrics(moments: Counts) -> dict[str, NDArray[np.float64]]:
    """Metrics of `SCORE_METRICS` from sums of `score_statistics`.

    MAE and Pearson's r are computed over all utterances. Signs are evaluated in both conventions: *non-0*
    ignores utterances with a target of zero and treats > 0 as positive; *has-0* keeps them and treats >= 0 as
    positive. F1 is the support-weighted mean of the F1 of both signs. Acc-7 clips to [-3, 3] and rounds.
    Signs and levels are meant for scores on that interval (CMU-MOSI, CMU-MOSEI). Pearson's r is NaN if
    targets or predictions are constant.

    Shapes:
        moments ``[..., P]``; each result ``[...]``.
    """
    n, error, *_ = np.moveaxis(moments, -1, 0)
    nonzero = class_metrics(moments[..., 7:11].reshape(*moments.shape[:-1], 2, 2))
    haszero = class_metrics(moments[..., 11:15].reshape(*moments.shape[:-1], 2, 2))
    return {
        "mae": _ratio(error, n),
        "pearson": _pearson(moments),
        "acc2_nonzero": nonzero["wa"],
        "f1_nonzero": nonzero["weighted_f1"],
        "acc2_haszero": haszero["wa"],
        "f1_haszero": haszero["weighted_f1"],
        "acc7": _ratio(moments[..., 15], n),
    }


def regression(target: ArrayLike, predicted: ArrayLike) -> dict[str, float]:
    """All regression metrics of one test set: the keys of `SCORE_METRICS`.

    Args:
        target: scores ``[N]``, all labelled.
        predicted: scores ``[N]``.

    Raises:
        ValueError: as for `score_statistics`.

    Example:
        >>> result = regression([-1.0, 0.0, 2.0], [-0.5, -0.5, 1.0])
        >>> round(result["mae"], 3), result["acc2_nonzero"], round(result["acc2_haszero"], 3)
        (0.667, 1.0, 0.667)
    """
    moments = score_statistics(target, predicted).sum(axis=0)
    return {name: float(value) for name, value in score_metrics(moments).items()}


def _pearson(moments: Counts) -> NDArray[np.float64]:
    n, _, y_true, y_pred, true2, pred2, product, *_ = np.moveaxis(moments, -1, 0)
    covariance = n * product - y_true * y_pred
    variance_true = n * true2 - y_true**2
    variance_pred = n * pred2 - y_pred**2
    flat = (variance_true <= _FLAT * n * true2) | (variance_pred <= _FLAT * n * pred2)
    return _ratio(covariance, np.sqrt(np.where(flat, 0.0, variance_true * variance_pred)))


def _pair(target: ArrayLike, predicted: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    y_true, y_pred = np.asarray(target), np.asarray(predicted)
    if y_true.ndim != 1 or y_true.shape != y_pred.shape:
        raise ValueError(
            f"`target` and `predicted` must both have shape [N]; got {y_true.shape} and {y_pred.shape}."
        )
    if len(y_true) == 0:
        raise ValueError("A metric needs at least one labelled utterance; got none.")
    return y_true, y_pred


def _one_hot(cell: NDArray[Any]) -> NDArray[np.float64]:
    return np.eye(4)[cell.astype(np.int64)]


def _ratio(numerator: ArrayLike, denominator: ArrayLike) -> NDArray[np.float64]:
    above, below = np.broadcast_arrays(
        np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    )
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
