"""Scores of emotion change over conditions, seeds and folds, with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphmer.checksums import write_json
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

_FORMAT = "graphmer change"


@dataclass(frozen=True, eq=False)
class ChangeScores:
    """Scores of a system on emotion changes, derived from its predicted emotions and predicted directly.

    Args:
        history: previous emotion that predictions are compared with; ``gold`` is an oracle.
        conditions: names of the conditions, ``K``.
        seeds: seeds, ``S``.
        counts: `shift_statistics` of each seed, condition and dialogue.
        values: metrics of `change_metrics`, computed over all folds together.

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
        """Compute the scores of predictions.

        Args:
            predictions: predictions by ``(seed, fold, condition)``. Every combination is needed; all seeds
                and conditions of a fold have the same dialogues; unlabelled turns are included.
            labels: label space of the targets; classes, not a score.
            history: previous emotion that predictions are compared with.

        Raises:
            CheckpointError: if the predictions have no speakers.
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
        """Number of eligible turns per seed and condition."""
        return int(self.counts[0, 0, :, :4].sum())

    @property
    def shifts(self) -> int:
        """Number of eligible turns whose annotated emotion changes."""
        return int(self.counts[0, 0, :, [0, 2]].sum())

    @property
    def direct(self) -> bool:
        """Whether the system also predicts changes directly."""
        return self.counts.shape[3] > STATISTICS

    def summary(self, *, resamples: int = 1000, seed: int = 0) -> dict[str, dict[str, Estimate]]:
        """All metrics under all conditions, ``{condition: {metric: estimate}}``.

        Metrics of the counts have a 95 % interval over resampled dialogues; the intervals of the other
        metrics are NaN.

        Args:
            resamples: number of bootstrap resamples of the intervals.
            seed: seed of the resampling.
        """
        times = draw_dialogues(self.counts.shape[2], resamples=resamples, seed=seed)
        bootstrap = resampled(self.counts, shift_metrics, times)
        return {
            condition: {
                metric: _estimate(
                    values[:, column], bootstrap[metric][:, column] if metric in bootstrap else None
                )
                for metric, values in self.values.items()
            }
            for column, condition in enumerate(self.conditions)
        }


def write_changes(changes: Sequence[ChangeScores], meta: Mapping[str, Any], path: Path) -> None:
    """Write the summaries of all histories as JSON; undefined metrics are ``null``.

    Args:
        changes: scores of one system, one for each history.
        meta: provenance, as in `Scores`.
        path: file to write; an existing file is replaced atomically.
    """
    content = {
        "format": _FORMAT,
        "meta": dict(meta),
        "derived": "from the predicted emotions",
        "direct": "direct_...: of the change head, or else of the decoder; absent for a system without",
        "histories": {each.history: _as_json(each) for each in changes},
    }
    write_json(path, content, indent=1)


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


def _estimate(values: NDArray[np.float64], bootstrap: NDArray[np.float64] | None) -> Estimate:
    if bootstrap is None:
        return Estimate(float(values.mean()), spread(values), float("nan"), float("nan"))
    return estimate(values, bootstrap)
