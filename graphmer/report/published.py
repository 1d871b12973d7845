"""Comparison of a run with the published figures of a paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphmer.evaluation.scores import Scores
from graphmer.evaluation.statistics import Estimate, metric_names
from graphmer.report.sheet import Sheet


@dataclass(frozen=True)
class Published:
    """Published figures of a paper.

    Args:
        source: paper and table.
        metrics: keys of the metrics, in the order of the figures.
        values: figures in percent by condition, named as in `conditions`.
        caveats: differences that limit the comparison, one sentence each.
    """

    source: str
    metrics: tuple[str, ...]
    values: Mapping[str, tuple[float, ...]]
    caveats: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes below the comparison: the unit and the caveats."""
        return (
            "In %; published figures are the authors' own, not results obtained here.",
            *self.caveats,
        )


def published_table(scores: Scores, published: Published) -> Sheet:
    """Table of the published figures and the run's figures with intervals, with one row per common condition.

    Args:
        scores: scores of the run.
        published: figures of the paper; conditions that were not evaluated are omitted.

    Raises:
        ValueError: if a metric does not fit the labels of the run.
    """
    names = _names(scores, published)
    rows = []
    for condition, figures in _compared(scores, published).items():
        cells = []
        for figure, row in figures:
            cells += [f"{figure:.1f}", f"{100 * row.mean:.1f} ± {50 * (row.high - row.low):.1f}"]
        rows.append((condition, *cells))
    header = [word for name in names for word in (f"published {name}", name)]
    return Sheet(
        title=f"{scores.meta['title']} compared with {published.source}",
        header=("condition", *header),
        rows=tuple(rows),
        notes=published.notes,
    )


def published_values(scores: Scores, published: Published) -> dict[str, Any]:
    """Comparison with published figures as JSON values, for the page.

    Args:
        scores: scores of the run.
        published: figures of the paper; conditions that were not evaluated are omitted.

    Returns:
        ``source``, printed names of the ``metrics``, ``rows`` (``{condition: [figures of each metric]}`` with
        ``published`` and the run's ``mean``, ``low``, ``high``, in %; ``None`` if undefined) and ``notes``.

    Raises:
        ValueError: if a metric does not fit the labels of the run.
    """
    return {
        "source": published.source,
        "metrics": _names(scores, published),
        "rows": {
            condition: [
                {
                    "published": figure,
                    "mean": _in_percent(row.mean),
                    "low": _in_percent(row.low),
                    "high": _in_percent(row.high),
                }
                for figure, row in figures
            ]
            for condition, figures in _compared(scores, published).items()
        },
        "notes": published.notes,
    }


def _in_percent(value: float) -> float | None:
    return None if np.isnan(value) else round(100 * value, 3)


def _names(scores: Scores, published: Published) -> list[str]:
    names = metric_names(scores.labels)
    unknown = [metric for metric in published.metrics if metric not in names]
    if unknown:
        raise ValueError(
            f"Published metrics must be among {list(names)} for these labels; got {unknown[0]!r}."
        )
    return [names[metric] for metric in published.metrics]


def _compared(scores: Scores, published: Published) -> dict[str, list[tuple[float, Estimate]]]:
    """Published figure and estimate of the run for each metric, by common condition."""
    found = {(row.condition, row.metric): row for row in scores.summary()}
    return {
        condition: [
            (figure, found[condition, metric])
            for metric, figure in zip(published.metrics, published.values[condition], strict=True)
        ]
        for condition in scores.conditions
        if condition in published.values
    }
