"""Change of emotion over conditions, seeds and folds, with intervals."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphmer.dialogue import LabelSpace
from graphmer.evaluation.change import change_metrics
from graphmer.evaluation.change_statistics import (
    STATISTICS,
    History,
    pairs_of,
    shift_metrics,
    shift_statistics,
)
from graphmer.evaluation.gathering import Key, axes
from graphmer.evaluation.metrics import Counts
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.statistics import Estimate, draw_dialogues, estimate, resampled, spread
from graphmer.storage import write_text

_FORMAT = "graphmer change"


@dataclass(frozen=True, eq=False)
class ChangeScores:
    """How well a system tells when a speaker's emotion changes, by its predicted emotions and directly.

    Args:
        history: the previous emotion that predictions were compared with; ``gold`` is an oracle.
        conditions: names of the conditions, ``K``.
        seeds: numbers of the seeds, ``S``.
        counts: what `shift_statistics` gives for each seed, condition and dialogue.
        values: every metric of `change_metrics` over all folds together.

    Shapes:
        counts ``[S, K, B, P]``; values ``{metric: [S, K]}``.
    """

    history: History
    conditions: tuple[str, ...]
    seeds: tuple[int, ...]
    counts: Counts
    values: Mapping[str, NDArray[np.float64]]

    @classmethod
    def from_predictions(
        cls, predictions: Mapping[Key, Predictions], labels: LabelSpace, *, history: History = "predicted"
    ) -> "ChangeScores":
        """Measure what was predicted.

        Args:
            predictions: by ``(seed, fold, condition)``; every combination, each with the same dialogues for
                all seeds and conditions of a fold, unlabelled turns included.
            labels: the label space of the targets, classes.
            history: the previous emotion that predictions are compared with.

        Raises:
            CheckpointError: if predictions do not know who speaks.
            ValueError: if the labels are a score, or dialogues differ between seeds or conditions.
        """
        seeds, folds, conditions = axes(predictions)
        counts, found = [], []
        for seed in seeds:
            pooled = [
                Predictions.concatenate([predictions[seed, fold, name] for fold in folds])
                for name in conditions
            ]
            counts.append([_counts(each, labels, history) for each in pooled])
            found.append([change_metrics(each, labels, history=history) for each in pooled])
        if len({len(rows) for each in counts for rows in each}) > 1:
            raise ValueError("All seeds and conditions must be tested on the same dialogues; these are not.")
        return cls(
            history=history,
            conditions=tuple(name.removeprefix("fixed:") for name in conditions),
            seeds=seeds,
            counts=np.array(counts),
            values={
                metric: np.array([[each[metric] for each in row] for row in found]) for metric in found[0][0]
            },
        )

    @property
    def eligible(self) -> int:
        """Turns of each seed and condition for which a change is defined."""
        return int(self.counts[0, 0, :, :4].sum())

    @property
    def shifts(self) -> int:
        """Those of them that change."""
        return int(self.counts[0, 0, :, [0, 2]].sum())

    @property
    def direct(self) -> bool:
        """Whether the system also says directly what changes."""
        return self.counts.shape[3] > STATISTICS

    def summary(self, *, resamples: int = 1000, seed: int = 0) -> dict[str, dict[str, Estimate]]:
        """Every metric under every condition, ``{condition: {metric: estimate}}``.

        Metrics that follow from the counts have a 95 % interval over resampled dialogues; that of the others
        is NaN.

        Args:
            resamples: number of resamples behind the intervals.
            seed: of the resampling.
        """
        times = draw_dialogues(self.counts.shape[2], resamples=resamples, seed=seed)
        draws = resampled(self.counts, shift_metrics, times)
        return {
            condition: {
                metric: _estimate(values[:, column], draws[metric][:, column] if metric in draws else None)
                for metric, values in self.values.items()
            }
            for column, condition in enumerate(self.conditions)
        }


def write_changes(changes: Sequence[ChangeScores], meta: Mapping[str, Any], path: Path) -> None:
    """Write the summaries of each history as JSON; what cannot be measured is ``null``.

    Args:
        changes: of one system, one for each history.
        meta: provenance, as in `Scores`.
        path: the file; it replaces an older one in one step.
    """
    content = {
        "format": _FORMAT,
        "meta": dict(meta),
        "derived": "from the predicted emotions",
        "direct": "direct_...: of the change head, or else of the decoder; absent for a system without",
        "histories": {each.history: _as_json(each) for each in changes},
    }
    write_text(path, json.dumps(content, allow_nan=False, indent=1))


def _as_json(scores: ChangeScores) -> dict[str, Any]:
    rows = {
        condition: {metric: _defined(vars(found)) for metric, found in metrics.items()}
        for condition, metrics in scores.summary().items()
    }
    return {
        "oracle": scores.history == "gold",
        "seeds": scores.seeds,
        "dialogues": scores.counts.shape[2],
        "eligible": scores.eligible,
        "shifts": scores.shifts,
        "conditions": rows,
    }


def _defined(found: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else value for name, value in found.items()}


def _counts(predictions: Predictions, labels: LabelSpace, history: History) -> Counts:
    dialogue, dialogues = predictions.dialogue.numpy(force=True), len(predictions.dialogue_ids)
    return shift_statistics(pairs_of(predictions, labels, history=history), dialogue, dialogues)


def _estimate(values: NDArray[np.float64], draws: NDArray[np.float64] | None) -> Estimate:
    if draws is None:
        return Estimate(float(values.mean()), spread(values), float("nan"), float("nan"))
    return estimate(values, draws)
