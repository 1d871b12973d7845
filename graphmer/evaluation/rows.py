"""Rows of a results table: one metric under one condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphmer.dialogue import LabelSpace
from graphmer.evaluation.metrics import Counts
from graphmer.evaluation.statistics import (
    Estimate,
    estimate,
    group_mean,
    measure_for,
    percentile_interval,
    pooled,
    resampled,
    spread,
    targets_of,
)


@dataclass(frozen=True)
class Row(Estimate):
    """Metric under one condition, or mean over several conditions, with all folds pooled.

    Args:
        condition: name of the condition, or of the group of conditions.
        metric: key of the metric.
        fold_spread: standard deviation over folds (n - 1) of the mean over seeds; NaN for a single fold.
        utterances: number of labelled utterances per seed.
        dialogues: number of dialogues per seed.
    """

    condition: str
    metric: str
    fold_spread: float
    utterances: int
    dialogues: int


@dataclass(frozen=True)
class FoldRow:
    """Metric under one condition on one fold.

    Args:
        condition: name of the condition.
        metric: key of the metric.
        fold: name of the fold.
        mean: mean over seeds.
        seed_spread: standard deviation over seeds (n - 1); NaN for a single seed.
        utterances: number of labelled utterances of the fold.
        dialogues: number of dialogues of the fold.
    """

    condition: str
    metric: str
    fold: str
    mean: float
    seed_spread: float
    utterances: int
    dialogues: int


@dataclass(frozen=True)
class SeedRow:
    """One metric of one seed under one condition on one fold.

    Args:
        seed: number of the seed.
        fold: name of the fold.
        condition: name of the condition.
        metric: key of the metric.
        value: of the metric.
        utterances: labelled utterances of the fold.
        dialogues: dialogues of the fold.
    """

    seed: int
    fold: str
    condition: str
    metric: str
    value: float
    utterances: int
    dialogues: int


@dataclass(frozen=True)
class Difference:
    """Paired difference of a metric between two systems, on the same resampled dialogues.

    Args:
        condition: name of the condition, or of the group of conditions.
        metric: key of the metric.
        mean: difference of the means over seeds, other system minus this one.
        low: lower end of the 95 % percentile interval of the difference.
        high: upper end of this interval.
    """

    condition: str
    metric: str
    mean: float
    low: float
    high: float


def group_rows(
    counts: Counts,
    labels: LabelSpace,
    groups: Mapping[str, list[int]],
    folds: Mapping[str, slice],
    times: NDArray[np.float64],
) -> list[Row]:
    """All metrics of all groups of conditions.

    Args:
        counts: statistics ``[S, K, B, *P]``.
        labels: label space.
        groups: indices on the axis ``K`` to average over, by name of the group.
        folds: slice of the axis ``B`` that each fold tests.
        times: bootstrap counts ``[R, B]`` of `draw_dialogues`.
    """
    measure = measure_for(labels)
    values, bootstrap = pooled(counts, measure), resampled(counts, measure, times)
    by_fold = [pooled(counts[:, :, part], measure) for part in folds.values()]
    return [
        Row(
            **vars(estimate(group_mean(values[metric], columns), group_mean(bootstrap[metric], columns))),
            condition=name,
            metric=metric,
            fold_spread=spread(np.array([group_mean(fold[metric], columns).mean() for fold in by_fold])),
            utterances=_utterances(counts, labels),
            dialogues=counts.shape[2],
        )
        for name, columns in groups.items()
        for metric in values
    ]


def fold_rows(
    counts: Counts, labels: LabelSpace, conditions: Sequence[str], folds: Mapping[str, slice]
) -> list[FoldRow]:
    """All metrics of all conditions on all folds; arguments as for `group_rows`."""
    return [
        FoldRow(
            condition=condition,
            metric=metric,
            fold=fold,
            mean=float(values[:, column].mean()),
            seed_spread=spread(values[:, column]),
            utterances=_utterances(counts[:, :, part], labels),
            dialogues=counts[:, :, part].shape[2],
        )
        for fold, part in folds.items()
        for metric, values in pooled(counts[:, :, part], measure_for(labels)).items()
        for column, condition in enumerate(conditions)
    ]


def seed_rows(
    counts: Counts,
    labels: LabelSpace,
    seeds: Sequence[int],
    conditions: Sequence[str],
    folds: Mapping[str, slice],
) -> list[SeedRow]:
    """Every metric of every seed under every condition on every fold; arguments as `fold_rows`."""
    return [
        SeedRow(
            seed=seed,
            fold=fold,
            condition=condition,
            metric=metric,
            value=float(values[row, column]),
            utterances=_utterances(counts[:, :, part], labels),
            dialogues=counts[:, :, part].shape[2],
        )
        for fold, part in folds.items()
        for metric, values in pooled(counts[:, :, part], measure_for(labels)).items()
        for row, seed in enumerate(seeds)
        for column, condition in enumerate(conditions)
    ]


def difference_rows(
    first: Counts,
    second: Counts,
    labels: LabelSpace,
    groups: Mapping[str, tuple[list[int], list[int]]],
    times: NDArray[np.float64],
) -> list[Difference]:
    """Paired differences of all metrics, second system minus first system.

    Args:
        first: statistics ``[S, K, B, *P]`` of the first system.
        second: statistics of the second system, with the same dialogues on the axis ``B``; ``S`` and ``K``
            may differ.
        labels: label space.
        groups: indices on the axes ``K`` of both systems to average over, by name of the group.
        times: bootstrap counts ``[R, B]`` of `draw_dialogues`.
    """
    measure = measure_for(labels)
    values = pooled(first, measure), pooled(second, measure)
    bootstrap = resampled(first, measure, times), resampled(second, measure, times)
    rows = []
    for name, (one, two) in groups.items():
        for metric in values[0]:
            mean = group_mean(values[1][metric], two).mean() - group_mean(values[0][metric], one).mean()
            differences = group_mean(bootstrap[1][metric], two) - group_mean(bootstrap[0][metric], one)
            rows.append(Difference(name, metric, float(mean), *percentile_interval(differences)))
    return rows


def _utterances(counts: Counts, labels: LabelSpace) -> int:
    support = targets_of(counts[0, 0], labels)
    return int(support[:, 0].sum() if labels.is_score else support.sum())
