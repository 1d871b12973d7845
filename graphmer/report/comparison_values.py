"""Comparison as JSON values, for the page, and as rows of CSV."""

import csv
import io
import json
from typing import Any

import numpy as np

from graphmer.evaluation.rows import Difference, Row
from graphmer.evaluation.statistics import metric_names
from graphmer.report.comparison import LOWER_IS_BETTER, Comparison
from graphmer.report.table import IN_UNITS, PARTIAL, marked_title

_FORMAT = "graphmer comparison"
_RATE = "rate:"
_COSTS = ("parameters", "teacher_parameters", "training_seconds", "prediction_seconds")


def comparison_values(comparison: Comparison) -> dict[str, Any]:
    """A comparison as JSON values.

    Args:
        comparison: of the systems.

    Returns:
        ``metrics`` to show, ``systems`` with what is known of them, ``sets`` and ``rates`` (conditions of the
        charts), ``missing``, ``rows`` and ``differences`` (``{condition: {system: {metric: interval}}}``) and
        ``ranks`` (mean over conditions, ``{metric: {system: rank}}``). Undefined values are ``None``.
    """
    names = metric_names(comparison.scores[0].labels)
    return {
        "format": _FORMAT,
        "title": marked_title(comparison.scores, comparison.title),
        "simulated": comparison.simulated,
        "reference": comparison.reference,
        "metrics": [
            {
                "key": key,
                "name": names[key],
                "percent": key not in IN_UNITS,
                "lower_is_better": key in LOWER_IS_BETTER,
            }
            for key in comparison.metrics
        ],
        "systems": [
            {
                "name": column.name,
                "selection": column.scores.meta["selection"],
                "seeds": column.scores.seeds,
                "facts": dict(column.facts),
            }
            for column in comparison.columns
        ],
        "sets": [name for name in comparison.rows if name in comparison.scores[0].sets or name == PARTIAL],
        "rates": [name for name in comparison.rows if name.startswith(_RATE)],
        "missing": comparison.missing,
        "rows": _by_condition(comparison, dict(comparison.estimates)),
        "differences": _by_condition(comparison, dict(comparison.differences)),
        "ranks": {
            metric: dict(zip(comparison.names, map(_value, comparison.mean_ranks(metric)), strict=True))
            for metric in comparison.metrics
        },
    }


def comparison_csv(comparison: Comparison) -> str:
    """A comparison as CSV, with one row for each metric, condition and system.

    Values are fractions, or in units of the score, without rounding for print; empty where undefined or not
    known. The seconds and parameters of a system are repeated in each of its rows.

    Args:
        comparison: of the systems.
    """
    rows = [
        {
            "system": column.name,
            "condition": condition,
            "missing": comparison.missing.get(condition),
            "metric": metric,
            **_interval(comparison.estimates[column.name, condition, metric]),
            "rank": _value(comparison.ranks(condition, metric)[number]),
            "reference": comparison.reference,
            **_difference(comparison, column.name, condition, metric),
            **{name: column.facts.get(name) for name in _COSTS},
            "regime": column.facts.get("regime"),
            "selection": column.scores.meta["selection"],
            "simulated": json.dumps(column.scores.meta["simulated"]),
        }
        for metric in comparison.metrics
        for condition in comparison.rows
        for number, column in enumerate(comparison.columns)
    ]
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _by_condition(comparison: Comparison, found: dict[tuple[str, str, str], Any]) -> dict[str, Any]:
    return {
        condition: {
            name: {metric: _interval(found[name, condition, metric]) for metric in comparison.metrics}
            for name in comparison.names
            if (name, condition, comparison.metrics[0]) in found
        }
        for condition in comparison.rows
    }


def _difference(comparison: Comparison, name: str, condition: str, metric: str) -> dict[str, float | None]:
    """Columns of the difference from the reference; empty for the reference itself."""
    found = comparison.differences.get((name, condition, metric))
    values = dict.fromkeys(("mean", "low", "high")) if found is None else _interval(found)
    return {f"difference_{side}": values[side] for side in ("mean", "low", "high")}


def _interval(row: Row | Difference) -> dict[str, float | None]:
    return {"mean": _value(row.mean), "low": _value(row.low), "high": _value(row.high)}


def _value(number: float) -> float | None:
    return None if np.isnan(number) else round(float(number), 6)
