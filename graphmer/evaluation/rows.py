"""Lines of a result: one metric under one condition."""

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
    """One metric under one condition (or the mean over several), pooled over folds.

    Args:
        condition: name of the condition or of the group.
        metric: key of the metric.
        fold_spread: standard deviation over folds (n - 1) of the mean over seeds; NaN for one fold.
        utterances: labelled utterances of each seed.
        dialogues: dialogues of each seed.
    """

    condition: str
    metric: str
    fold_spread: float
    utterances: int
    dialogues: int


@dataclass(frozen=True)
class FoldRow:
    """One metric under one condition on one fold.

    Args:
        condition: name of the condition.
        metric: key of the metric.
        fold: name of the fold.
        mean: over seeds.
        seed_spread: standard deviation over seeds (n - 1); NaN for one seed.
        utterances: labelled utterances of the fold.
        dialogues: dialogues of the fold.
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
    """One metric of another system minus that of this one, on the same resampled dialogues.

    Args:
        condition: name of the condition or of the group.
        metric: key of the metric.
        mean: difference of the means over seeds.
        low: lower end of its 95 % percentile interval.
        high: upper end.
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
    """Every metric of every group of conditions.

    Args:
        counts: statistics ``[S, K, B, *P]``.
        labels: the label space.
        groups: positions on the axis ``K`` to average over, by name.
        folds: part of the axis ``B`` tested in each fold.
        times: how often each resample draws each dialogue, ``[R, B]``.
    """
    measure = measure_for(labels)
    values, draws = pooled(counts, measure), resampled(counts, measure, times)
    by_fold = [pooled(counts[:, :, part], measure) for part in folds.values()]
    return [
        Row(
            **vars(estimate(group_mean(values[metric], columns), group_mean(draws[metric], columns))),
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
    """Every metric of every condition on every fold; arguments as `group_rows`."""
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
    """Every metric of the second system minus that of the first.

    Args:
        first: statistics ``[S, K, B, *P]`` of one system.
        second: those of the other, with the same dialogues on the axis ``B``; ``S`` and ``K`` may differ.
        labels: the label space.
        groups: positions on the axes ``K`` of both to average over, by name.
        times: how often each resample draws each dialogue, ``[R, B]``.
    """
    measure = measure_for(labels)
    values = pooled(first, measure), pooled(second, measure)
    draws = resampled(first, measure, times), resampled(second, measure, times)
    rows = []
    for name, (here, there) in groups.items():
        for metric in values[0]:
            mean = group_mean(values[1][metric], there).mean() - group_mean(values[0][metric], here).mean()
            apart = group_mean(draws[1][metric], there) - group_mean(draws[0][metric], here)
            rows.append(Difference(name, metric, float(mean), *percentile_interval(apart)))
    return rows


def _utterances(counts: Counts, labels: LabelSpace) -> int:
    support = targets_of(counts[0, 0], labels)
    return int(support[:, 0].sum() if labels.is_score else support.sum())
