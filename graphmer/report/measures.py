"""Scores under every condition as JSON values, for the page and the figures."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from graphmer.evaluation.change_scores import ChangeScores
from graphmer.evaluation.change_statistics import DIRECT_METRICS, SHIFT_METRICS
from graphmer.evaluation.scores import Scores
from graphmer.evaluation.statistics import Estimate, metric_names
from graphmer.report.table import IN_UNITS, PARTIAL

_DERIVED = {key: SHIFT_METRICS[key] for key in ("mcc", "kappa", "f1", "pair_match", "pair_match_on_shifts")}
_DIRECT = DIRECT_METRICS | {"direct_calibration_error": "direct ECE"}
_RATE = "rate:"
_DROP = "drop:"


def measures(scores: Scores, changes: ChangeScores | None, best: Mapping[str, float]) -> dict[str, Any]:
    """Emotion and emotion-change metrics under every condition, with their intervals.

    Args:
        scores: emotion scores of a system.
        changes: change scores of the same system; ``None`` for a corpus of scores.
        best: best possible accuracy by condition, where it is known.

    Returns:
        ``metrics`` (key and name of each metric; the direct change metrics only if the system has them),
        ``sets`` and ``rates`` (conditions of the charts), ``rows`` (``{condition: {metric: estimate}}``, in
        the order of the tables), ``missing``, ``best``, and the sizes of the test.
    """
    names = metric_names(scores.labels)
    kinds = [
        {"key": key, "name": name, "about": "emotion", "percent": key not in IN_UNITS}
        for key, name in names.items()
    ]
    summary = list(scores.summary())
    if scores.partial_sets:
        summary += scores.average(scores.partial_sets, name=PARTIAL)
    rows: dict[str, dict[str, Any]] = {condition: {} for condition in _order(scores)}
    for row in summary:
        rows[row.condition][row.metric] = _interval(row)
    if changes is not None:
        change_names = _DERIVED | (_DIRECT if changes.direct else {})
        kinds += [
            {"key": f"change_{key}", "name": name, "about": "change", "percent": True}
            for key, name in change_names.items()
        ]
        for condition, estimates in changes.summary().items():
            rows[condition] |= {f"change_{key}": _interval(estimates[key]) for key in change_names}
    return {
        "metrics": kinds,
        "sets": [*scores.sets, *([PARTIAL] if scores.partial_sets else [])],
        "rates": _rates(scores),
        "rows": rows,
        "missing": dict(zip(scores.conditions, scores.missing, strict=True)),
        "best": _best(scores, best),
        "seeds": len(scores.seeds),
        "folds": len(scores.folds),
        "dialogues": summary[0].dialogues,
        "utterances": summary[0].utterances,
        "change": None if changes is None else _counted(changes),
    }


def _rates(scores: Scores) -> list[dict[str, Any]]:
    """Missing rates of the chart; dropped turns where the rates hide nothing, as with a single modality."""
    missing = dict(zip(scores.conditions, scores.missing, strict=True))
    named = {kind: [name for name in scores.conditions if name.startswith(kind)] for kind in (_RATE, _DROP)}
    hides = any(missing[name] > 0 for name in named[_RATE])
    kind = _RATE if hides or not named[_DROP] else _DROP
    return [{"condition": name, "rate": float(name.removeprefix(kind))} for name in named[kind]]


def _counted(changes: ChangeScores) -> dict[str, Any]:
    return {"eligible": changes.eligible, "shifts": changes.shifts, "direct": changes.direct}


def _best(scores: Scores, best: Mapping[str, float]) -> dict[str, float]:
    """Best possible accuracy by condition, and its mean over the partial sets."""
    partial = [best[name] for name in scores.partial_sets if name in best]
    return dict(best) | ({PARTIAL: float(np.mean(partial))} if partial else {})


def _order(scores: Scores) -> list[str]:
    """Conditions in the order of the tables: sets, mean of the partial sets, others."""
    partial = [PARTIAL] if scores.partial_sets else []
    return [*scores.sets, *partial, *(name for name in scores.conditions if name not in scores.sets)]


def _interval(row: Estimate) -> dict[str, float | None]:
    values = {"mean": row.mean, "low": row.low, "high": row.high, "seed_spread": row.seed_spread}
    return {name: None if np.isnan(value) else round(float(value), 5) for name, value in values.items()}
