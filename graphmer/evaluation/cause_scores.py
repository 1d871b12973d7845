"""Scores of predicted causes over conditions and seeds, with intervals, beside those of simple rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graphmer.checksums import write_json
from graphmer.dialogue import Dialogue
from graphmer.evaluation.causes import CAUSE_RULES, cause_metrics, predicted_counts, rule_counts
from graphmer.evaluation.gathering import Key, axes
from graphmer.evaluation.metrics import Counts
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.statistics import Estimate, draw_dialogues, estimate, pooled, resampled

_FORMAT = "graphmer causes"


@dataclass(frozen=True, eq=False)
class CauseScores:
    """Scores of a system on the causes of emotions, and of the `CAUSE_RULES`.

    Args:
        conditions: names of the conditions, ``K``.
        seeds: seeds, ``S``.
        counts: `cause_counts` of each seed, condition and dialogue.
        rules: those of each rule and dialogue, which depend on no condition.

    Shapes:
        counts ``[S, K, B, 4]``; rules ``{name: [B, 4]}``.
    """

    conditions: tuple[str, ...]
    seeds: tuple[int, ...]
    counts: Counts
    rules: Mapping[str, Counts]

    @classmethod
    def from_predictions(
        cls, predictions: Mapping[Key, Predictions], dialogues: Sequence[Dialogue]
    ) -> "CauseScores | None":
        """Scores of predictions; ``None`` where no causes are predicted, or none are annotated.

        Args:
            predictions: predictions by ``(seed, fold, condition)``; every combination is needed.
            dialogues: those that were predicted, with their annotated causes, in any order.
        """
        seeds, folds, conditions = axes(predictions)
        tested = {id for each in predictions.values() for id in each.dialogue_ids}
        annotated = [each for each in dialogues if each.id in tested and each.causes]
        if not annotated or any(each.caused is None for each in predictions.values()):
            return None
        counts = [
            [
                predicted_counts(
                    Predictions.concatenate([predictions[seed, f, name] for f in folds]), annotated
                )
                for name in conditions
            ]
            for seed in seeds
        ]
        rules = {name: rule_counts(annotated, call) for name, call in CAUSE_RULES.items()}
        names = tuple(name.removeprefix("fixed:") for name in conditions)
        return cls(names, seeds, np.array(counts), rules)

    @property
    def pairs(self) -> int:
        """Number of counted pairs of turns."""
        return int(self.counts[0, 0].sum())

    @property
    def causes(self) -> int:
        """Number of annotated causes among them."""
        return int(self.counts[0, 0, :, [0, 2]].sum())

    def summary(self, *, resamples: int = 1000, seed: int = 0) -> dict[str, dict[str, Estimate]]:
        """All metrics under all conditions, ``{condition: {metric: estimate}}``."""
        return _summary(self.counts, self.conditions, resamples, seed)

    def rule_summary(self, *, resamples: int = 1000, seed: int = 0) -> dict[str, dict[str, Estimate]]:
        """All metrics of the rules, ``{rule: {metric: estimate}}``."""
        return _summary(np.stack(list(self.rules.values()))[None], tuple(self.rules), resamples, seed)

    def gains(self, *, resamples: int = 1000, seed: int = 0) -> dict[str, dict[str, Estimate]]:
        """Positive F1 of the system minus that of each rule, paired by dialogue, by condition and rule."""
        times = draw_dialogues(self.counts.shape[2], resamples=resamples, seed=seed)
        own = pooled(self.counts, cause_metrics)["positive_f1"]
        drawn = resampled(self.counts, cause_metrics, times)["positive_f1"]
        found: dict[str, dict[str, Estimate]] = {name: {} for name in self.conditions}
        for rule, counts in self.rules.items():
            fixed = pooled(counts[None, None], cause_metrics)["positive_f1"][0, 0]
            apart = drawn - resampled(counts[None, None], cause_metrics, times)["positive_f1"]
            for column, condition in enumerate(self.conditions):
                found[condition][rule] = estimate(own[:, column] - fixed, apart[:, column])
        return found


def write_causes(scores: CauseScores, meta: Mapping[str, Any], path: Path) -> None:
    """Write the summaries as JSON; undefined metrics are ``null``.

    Args:
        scores: of one system.
        meta: provenance, as in `Scores`.
        path: file to write; an existing file is replaced atomically.
    """
    content = {"format": _FORMAT, "meta": dict(meta), **cause_values(scores)}
    write_json(path, content, indent=1)


def cause_values(scores: CauseScores) -> dict[str, Any]:
    """Summaries of scores as JSON values."""
    return {
        "seeds": scores.seeds,
        "dialogues": scores.counts.shape[2],
        "pairs": scores.pairs,
        "causes": scores.causes,
        "conditions": _as_json(scores.summary()),
        "rules": _as_json(scores.rule_summary()),
        "gains": _as_json(scores.gains()),
    }


def _summary(
    counts: Counts, names: Sequence[str], resamples: int, seed: int
) -> dict[str, dict[str, Estimate]]:
    times = draw_dialogues(counts.shape[2], resamples=resamples, seed=seed)
    values, drawn = pooled(counts, cause_metrics), resampled(counts, cause_metrics, times)
    return {
        name: {metric: estimate(values[metric][:, k], drawn[metric][:, k]) for metric in values}
        for k, name in enumerate(names)
    }


def _as_json(rows: Mapping[str, Mapping[str, Estimate]]) -> dict[str, Any]:
    return {
        name: {
            metric: {key: None if np.isnan(value) else value for key, value in vars(found).items()}
            for metric, found in metrics.items()
        }
        for name, metrics in rows.items()
    }
