"""Comparison of several systems under the conditions that they share: values, differences, ranks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypedDict

import numpy as np
from scipy.stats import rankdata

from graphmer.evaluation.rows import Difference, Row
from graphmer.evaluation.scores import Scores
from graphmer.evaluation.statistics import metric_names
from graphmer.report.table import PARTIAL, ordered, partial_sets, rows_of

LOWER_IS_BETTER = ("mae",)
"""Metrics of which a smaller value is better."""

Place = tuple[str, str, str]
"""Name of a system, condition and metric."""


class Facts(TypedDict, total=False):
    """Facts about a system in addition to its scores, as JSON values; any of them may be left out."""

    system: str
    """Name of the system, such as ``momke``."""
    split: str
    """Scheme of the split and fraction held out for validation."""
    validation_parts: dict[str, str]
    """Digest of the ids of the validation dialogues, by fold."""
    mask_seed: int
    """Seed of the masks of the test."""
    masks: dict[str, str]
    """Digest of the modalities that were available to each test utterance, by condition."""
    regime: str
    """Missing-modality protocols of the training stages."""
    parameters: int
    """Parameters of a model, without those of a teacher that only training reads."""
    teacher_parameters: int
    """Parameters of this teacher."""
    training_seconds: float
    """Wall time of training a model, mean over folds and seeds."""
    prediction_seconds: float
    """Wall time of predicting an utterance under a condition of the test."""
    machine: str
    """Where the times were measured."""


@dataclass(frozen=True, eq=False)
class Column:
    """One of the systems that are compared.

    Args:
        name: unique within the comparison.
        scores: of the test.
        facts: what else is known.
    """

    name: str
    scores: Scores
    facts: Facts


@dataclass(frozen=True, eq=False)
class Comparison:
    """Metrics of several systems under their common conditions, and differences from one of them.

    Args:
        title: of the tables and the page.
        columns: the systems.
        reference: name of the system that the differences are from.
        metrics: keys of the metrics to show, the most important first.
        common: conditions under which all systems were tested, in the order of the first one.
        estimates: mean over seeds and interval, also of the mean of the partial sets.
        differences: system minus reference, paired by dialogue; none of the reference itself.
    """

    title: str
    columns: tuple[Column, ...]
    reference: str
    metrics: tuple[str, ...]
    common: tuple[str, ...]
    estimates: Mapping[Place, Row]
    differences: Mapping[Place, Difference]

    @classmethod
    def of(
        cls,
        columns: Sequence[Column],
        *,
        title: str = "Comparison",
        reference: str | None = None,
        metrics: Sequence[str] = (),
    ) -> "Comparison":
        """Compare systems that `graphmer.report.comparable.obstacles` has nothing against.

        Args:
            columns: the systems.
            title: of the tables and the page.
            reference: name of the system that the differences are from; the first one by default.
            metrics: keys of the metrics; WA, or the MAE of a score, by default.

        Raises:
            ValueError: if there are not two systems of different names, the reference is none of them, a
                metric does not fit the labels, or dialogues, targets or conditions differ.
        """
        names = [column.name for column in columns]
        if len(names) < 2 or len(set(names)) < len(names):
            raise ValueError(f"A comparison needs two or more systems of different names; got {names}.")
        reference = names[0] if reference is None else reference
        if reference not in names:
            raise ValueError(f"The reference must be one of {names}; got {reference!r}.")
        known = metric_names(columns[0].scores.labels)
        metrics = tuple(dict.fromkeys(metrics)) or (next(iter(known)),)
        unknown = [metric for metric in metrics if metric not in known]
        if unknown:
            raise ValueError(f"A metric must be one of {list(known)} for these labels; got {unknown[0]!r}.")
        common = common_conditions(columns)
        if not common:
            raise ValueError("The systems share no condition; evaluate them under the same ones.")
        base = columns[names.index(reference)].scores
        return cls(
            title=title,
            columns=tuple(columns),
            reference=reference,
            metrics=metrics,
            common=common,
            estimates={
                (column.name, row.condition, row.metric): row
                for column in columns
                for row in rows_of(column.scores, common)
            },
            differences={
                (column.name, row.condition, row.metric): row
                for column in columns
                if column.name != reference
                for row in base.compare(column.scores, groups=_groups(base, common))
            },
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the systems."""
        return tuple(column.name for column in self.columns)

    @property
    def scores(self) -> tuple[Scores, ...]:
        """Scores of the systems."""
        return tuple(column.scores for column in self.columns)

    @property
    def simulated(self) -> bool:
        """Whether the dialogues of any system are simulated."""
        return any(scores.meta["simulated"] for scores in self.scores)

    @property
    def rows(self) -> tuple[str, ...]:
        """Conditions in the order of tables: sets, mean of the partial sets, others."""
        return tuple(ordered(self.scores[0], self.common))

    @property
    def missing(self) -> dict[str, float]:
        """Fraction of missing (utterance, modality) pairs under each common condition."""
        first = self.scores[0]
        return {name: first.missing[first.conditions.index(name)] for name in self.common}

    def values(self, condition: str, metric: str) -> list[float]:
        """Values of a metric of all systems under a condition."""
        return [self.estimates[name, condition, metric].mean for name in self.names]

    def ranks(self, condition: str, metric: str) -> list[float]:
        """Rank of each system under a condition, 1 for the best; equal values share their mean rank.

        All are NaN if a value is undefined.
        """
        values = np.array(self.values(condition, metric))
        found = rankdata(values if metric in LOWER_IS_BETTER else -values, nan_policy="propagate")
        return [float(rank) for rank in found]

    def mean_ranks(self, metric: str) -> list[float]:
        """Mean of each system's ranks over the common conditions, without those of an undefined value."""
        ranks = [self.ranks(condition, metric) for condition in self.common]
        defined = [row for row in ranks if not np.isnan(row).any()]
        return [fmean(rank) for rank in zip(*defined, strict=True)] or [float("nan")] * len(self.columns)


def common_conditions(columns: Sequence[Column]) -> tuple[str, ...]:
    """Conditions under which all systems were tested, in the order of the first one."""
    others = [column.scores.conditions for column in columns[1:]]
    return tuple(
        name for name in columns[0].scores.conditions if all(name in conditions for conditions in others)
    )


def _groups(scores: Scores, common: Sequence[str]) -> dict[str, Sequence[str]]:
    partial = partial_sets(scores, common)
    return {name: (name,) for name in common} | ({PARTIAL: partial} if partial else {})
