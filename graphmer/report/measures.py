"""Scores under every condition as plain values, for the page, its charts and figures."""

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


def measures(scores: Scores, changes: ChangeScores | None, best: Mapping[str, float]) -> dict[str, Any]:
    """Every metric of emotion and of its change under every condition, with its interval.

    Args:
        scores: of one system.
        changes: of the same system; ``None`` for a corpus of scores.
        best: the best possible accuracy by condition, where it is known.

    Returns:
        ``metrics`` (what there is to show; of changes the derived ones, and the direct ones of a system that
        has them), ``sets`` and ``rates`` (conditions to draw), ``rows``
        (``{condition: {metric: estimate}}``, in the order of a table), ``missing`` and ``best``.
    """
    names = metric_names(scores.labels)
    kinds = [
        {"key": key, "name": name, "about": "emotion", "percent": key not in IN_UNITS}
        for key, name in names.items()
    ]
    shown = list(scores.summary())
    if scores.partial_sets:
        shown += scores.average(scores.partial_sets, name=PARTIAL)
    rows: dict[str, dict[str, Any]] = {condition: {} for condition in _order(scores)}
    for row in shown:
        rows[row.condition][row.metric] = _interval(row)
    if changes is not None:
        spoken = _DERIVED | (_DIRECT if changes.direct else {})
        kinds += [
            {"key": f"change_{key}", "name": name, "about": "change", "percent": True}
            for key, name in spoken.items()
        ]
        for condition, found in changes.summary().items():
            rows[condition] |= {f"change_{key}": _interval(found[key]) for key in spoken}
    return {
        "metrics": kinds,
        "sets": [*scores.sets, *([PARTIAL] if scores.partial_sets else [])],
        "rates": [
            {"condition": name, "rate": float(name.removeprefix(_RATE))}
            for name in scores.conditions
            if name.startswith(_RATE)
        ],
        "rows": rows,
        "missing": dict(zip(scores.conditions, scores.missing, strict=True)),
        "best": _best(scores, best),
        "seeds": len(scores.seeds),
        "folds": len(scores.folds),
        "dialogues": shown[0].dialogues,
        "utterances": shown[0].utterances,
        "change": None if changes is None else _counted(changes),
    }


def _counted(changes: ChangeScores) -> dict[str, Any]:
    return {"eligible": changes.eligible, "shifts": changes.shifts, "direct": changes.direct}


def _best(scores: Scores, best: Mapping[str, float]) -> dict[str, float]:
    """The best possible accuracy, also of the mean of the partial sets."""
    partial = [best[name] for name in scores.partial_sets if name in best]
    return dict(best) | ({PARTIAL: float(np.mean(partial))} if partial else {})


def _order(scores: Scores) -> list[str]:
    """Sets, their mean, and the rest, as in the tables."""
    partial = [PARTIAL] if scores.partial_sets else []
    return [*scores.sets, *partial, *(name for name in scores.conditions if name not in scores.sets)]


def _interval(found: Estimate) -> dict[str, float | None]:
    values = {"mean": found.mean, "low": found.low, "high": found.high, "seed_spread": found.seed_spread}
    return {name: None if np.isnan(value) else round(float(value), 5) for name, value in values.items()}
