"""Uncertainty of metrics: bootstrap over dialogues, standard deviation over seeds and folds.

Utterances of a dialogue are not independent (same speakers, same topic, same recording), so whole dialogues
are resampled with replacement. The bootstrap interval is the uncertainty due to the choice of dialogues. The
standard deviation over seeds is the uncertainty due to training. The two are reported separately.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphmer.dialogue import LabelSpace
from graphmer.evaluation.metrics import (
    CLASS_METRICS,
    SCORE_METRICS,
    SCORE_STATISTICS,
    Counts,
    class_metrics,
    score_metrics,
    score_statistics,
)
from graphmer.evaluation.predictions import Predictions

Measure = Callable[[Counts], dict[str, NDArray[np.float64]]]
"""Function from additive statistics ``[..., *P]`` to metrics, each ``[...]``."""

LEVEL = 0.95
"""Confidence level of the intervals."""


@dataclass(frozen=True)
class Estimate:
    """Metric with its uncertainty.

    Args:
        mean: mean over seeds of the metric over all dialogues.
        seed_spread: standard deviation over seeds (n - 1); NaN for a single seed.
        low: lower end of the 95 % percentile interval over resampled dialogues.
        high: upper end of this interval.
    """

    mean: float
    seed_spread: float
    low: float
    high: float


def metric_names(labels: LabelSpace) -> dict[str, str]:
    """Key and printed name of the metrics of a label space."""
    return SCORE_METRICS if labels.is_score else CLASS_METRICS


def measure_for(labels: LabelSpace) -> Measure:
    """Function that computes the metrics of a label space from its statistics."""
    return score_metrics if labels.is_score else class_metrics


def dialogue_statistics(predictions: Predictions, labels: LabelSpace) -> Counts:
    """Additive statistics of each dialogue, from which all metrics can be computed.

    Args:
        predictions: labelled utterances only.
        labels: label space of the target.

    Shapes:
        returns int ``[B, C, C]`` (row target, column predicted) for classes, float ``[B, P]`` for scores.

    Raises:
        ValueError: if the output's width or the kind of target does not fit `labels`.
    """
    if predictions.output.shape[1] != labels.outputs or predictions.is_score != labels.is_score:
        kind = "a score" if predictions.is_score else "a class"
        raise ValueError(
            f"Predictions must fit the label space, which has {labels.outputs} outputs; "
            f"got {predictions.output.shape[1]} for a target that is {kind}."
        )
    dialogue = predictions.dialogue.numpy(force=True)
    target, predicted = predictions.target.numpy(force=True), predictions.predicted.numpy(force=True)
    dialogues = len(predictions.dialogue_ids)
    if labels.is_score:
        moments = np.zeros((dialogues, SCORE_STATISTICS))
        np.add.at(moments, dialogue, score_statistics(target, predicted))
        return moments
    classes = labels.outputs
    if len(target) and not 0 <= target.min() <= target.max() < classes:
        raise ValueError(
            f"Targets must be class numbers in 0..{classes - 1}; got {target.min()} to {target.max()}. "
            "Leave unlabelled utterances out first (`Predictions.labelled`)."
        )
    counts = np.zeros((dialogues, classes, classes), dtype=np.int64)
    np.add.at(counts, (dialogue, target, predicted), 1)
    return counts


def targets_of(counts: Counts, labels: LabelSpace) -> Counts:
    """The part of the statistics ``[..., *P]`` that depends on the targets only: support, or moments."""
    return counts[..., [0, 2, 4]] if labels.is_score else counts.sum(axis=-1)


def draw_dialogues(dialogues: int, *, resamples: int, seed: int) -> NDArray[np.float64]:
    """Bootstrap counts: how often each dialogue occurs in each resample.

    Args:
        dialogues: number of dialogues ``B``.
        resamples: number of resamples ``R``.
        seed: seed of the generator; the same seed gives the same resamples, for paired comparisons.

    Shapes:
        returns ``[R, B]``; every row sums to ``B``.

    Raises:
        ValueError: if there are no dialogues, or no resamples.
    """
    if dialogues < 1 or resamples < 1:
        raise ValueError(
            f"Resampling needs at least one dialogue and one resample; got {dialogues} and {resamples}."
        )
    generator = np.random.default_rng(seed)
    return generator.multinomial(dialogues, np.full(dialogues, 1 / dialogues), size=resamples).astype(
        np.float64
    )


def pooled(counts: Counts, measure: Measure) -> dict[str, NDArray[np.float64]]:
    """Metrics over all dialogues, ``[S, K, B, *P] -> {metric: [S, K]}``."""
    return measure(counts.sum(axis=2))


def resampled(counts: Counts, measure: Measure, times: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Metrics of each resample, averaged over seeds.

    Args:
        counts: statistics of each seed, condition and dialogue.
        measure: function from statistics to metrics.
        times: bootstrap counts from `draw_dialogues`.

    Shapes:
        counts ``[S, K, B, *P]``; times ``[R, B]``; returns ``{metric: [R, K]}``.
    """
    seeds, conditions, dialogues, *shape = counts.shape
    flat = np.moveaxis(counts, 2, 0).reshape(dialogues, -1).astype(np.float64)
    sums = (times @ flat).reshape(len(times), seeds, conditions, *shape)
    return {name: values.mean(axis=1) for name, values in measure(sums).items()}


def percentile_interval(bootstrap: NDArray[np.float64]) -> tuple[float, float]:
    """95 % percentile interval of bootstrap values ``[R]``; NaN values are ignored, NaN if all are."""
    defined = bootstrap[~np.isnan(bootstrap)]
    if len(defined) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def spread(values: NDArray[np.float64]) -> float:
    """Standard deviation (n - 1) of ``[S]`` values; NaN for a single value."""
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")


def estimate(values: NDArray[np.float64], bootstrap: NDArray[np.float64]) -> Estimate:
    """Estimate from the values of each seed ``[S]`` and the bootstrap values ``[R]``."""
    low, high = percentile_interval(bootstrap)
    return Estimate(float(values.mean()), spread(values), low, high)


def group_mean(values: NDArray[np.float64], columns: list[int]) -> NDArray[np.float64]:
    """Mean over conditions, ``[..., K] -> [...]``; all conditions share the same resamples."""
    selected: NDArray[Any] = values[..., columns]
    return selected.mean(axis=-1)
