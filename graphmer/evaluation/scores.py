"""Scores of a system by seed, condition and fold, stored as additive statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphmer.checksums import read_json, write_json
from graphmer.dialogue import LabelSpace
from graphmer.dialogue.conditions import conditions as sets_of
from graphmer.errors import CheckpointError
from graphmer.evaluation.calibration import emotion_calibration_error
from graphmer.evaluation.gathering import (
    Key,
    axes,
    fold_slices,
    gather,
    missing_fraction,
    same_dialogues,
)
from graphmer.evaluation.metrics import Counts
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.rows import (
    Difference,
    FoldRow,
    Row,
    difference_rows,
    fold_rows,
    group_rows,
    seed_rows,
)
from graphmer.evaluation.statistics import draw_dialogues, targets_of
from graphmer.frames import data_frame
from graphmer.reprs import counted, short_repr

if TYPE_CHECKING:
    from pandas import DataFrame

SELECTIONS = ("validation", "last", "test_oracle")
"""How the epoch was selected; ``test_oracle`` uses the test set and is an upper bound."""

_FORMAT = "graphmer scores"


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of a system: additive statistics of each seed, condition and dialogue.

    Args:
        labels: label space of the targets.
        modalities: all modalities of the corpus, in the order of the columns.
        conditions: names of the conditions, ``K``.
        seeds: seeds, ``S``.
        folds: ids of the dialogues tested in each fold, by name of the fold; concatenated, the axis ``B``.
        counts: confusion matrices (row target, column predicted) or moments.
        missing: actual fraction of missing (utterance, modality) pairs under each condition.
        meta: ``title`` (text), ``simulated`` (bool), ``selection`` (one of `SELECTIONS`), and any further
            JSON values, such as the corpus fingerprint.
        calibration_error: expected calibration error of the emotions for each seed and condition, over all
            folds together; empty for a score, which has no probabilities.

    Shapes:
        counts ``[S, K, B, C, C]`` or ``[S, K, B, P]``; calibration_error ``[S, K]``.

    Raises:
        ValueError: if the shape of `counts` is wrong, or `meta` lacks one of its three required fields.
    """

    labels: LabelSpace
    modalities: tuple[str, ...]
    conditions: tuple[str, ...]
    seeds: tuple[int, ...]
    folds: Mapping[str, tuple[str, ...]]
    counts: Counts
    missing: tuple[float, ...]
    meta: Mapping[str, Any]
    calibration_error: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        shape = (len(self.seeds), len(self.conditions), len(self.dialogue_ids))
        if self.counts.shape[:3] != shape:
            raise ValueError(
                f"`counts` must be [seeds, conditions, dialogues, ...] = {shape}; "
                f"got {self.counts.shape[:3]}."
            )
        title, simulated, selection = (self.meta.get(name) for name in ("title", "simulated", "selection"))
        if not isinstance(title, str) or not isinstance(simulated, bool) or selection not in SELECTIONS:
            raise ValueError(
                "`meta` must have `title` (text), `simulated` (true or false) and `selection` (one of "
                f"{list(SELECTIONS)}); got {title!r}, {simulated!r} and {selection!r}."
            )

    def __repr__(self) -> str:
        size = {"seed": self.seeds, "fold": self.folds, "condition": self.conditions}
        facts = [counted(len(each), noun) for noun, each in size.items()]
        return short_repr(self, self.meta["title"], *facts, counted(len(self.dialogue_ids), "dialogue"))

    @classmethod
    def from_predictions(
        cls,
        predictions: Mapping[tuple[int, str, str], Predictions],
        *,
        labels: LabelSpace,
        modalities: Sequence[str],
        meta: Mapping[str, Any],
    ) -> "Scores":
        """Compute the statistics of predictions; unlabelled utterances are ignored.

        Args:
            predictions: predictions by ``(seed, fold, condition)``. Every combination is needed; all seeds
                and conditions of a fold have the same utterances. ``fixed:at`` becomes ``at``.
            labels: label space of the targets.
            modalities: all modalities of the corpus, in the order of the columns.
            meta: as above.

        Raises:
            ValueError: if a combination is missing, a dialogue is tested in two folds, utterances differ
                between seeds or conditions, a condition differs from its key, or no utterance is labelled.
        """
        if not predictions:
            raise ValueError(
                "Scores need the predictions of at least one seed, fold and condition; got none."
            )
        labelled = {key: each.labelled() for key, each in predictions.items()}
        folds, counts = gather(labelled, labels)
        seeds, _, conditions = axes(labelled)
        return cls(
            labels=labels,
            modalities=tuple(modalities),
            conditions=tuple(name.removeprefix("fixed:") for name in conditions),
            seeds=seeds,
            folds=folds,
            counts=counts,
            missing=tuple(missing_fraction(labelled, condition) for condition in conditions),
            meta=dict(meta),
            calibration_error=() if labels.is_score else _calibration_errors(labelled),
        )

    @property
    def dialogue_ids(self) -> tuple[str, ...]:
        """Dialogues with a labelled utterance, in the order of the axis ``B``."""
        return tuple(name for dialogues in self.folds.values() for name in dialogues)

    @property
    def sets(self) -> tuple[str, ...]:
        """Conditions that are a fixed set of modalities, in the usual order; the complete set comes last."""
        return tuple(name for name in sets_of(self.modalities) if name in self.conditions)

    @property
    def partial_sets(self) -> tuple[str, ...]:
        """`sets` without the complete set."""
        return tuple(name for name in self.sets if name != sets_of(self.modalities)[-1])

    def confusion(self, condition: str) -> NDArray[np.int64]:
        """Confusion matrix of each seed, ``[S, C, C]``: row target, column predicted.

        Raises:
            ValueError: if the condition was not evaluated, or the labels are a score.
        """
        if self.labels.is_score:
            raise ValueError("A confusion matrix needs classes; these labels are a score. Use `summary`.")
        selected: NDArray[np.int64] = self.counts[:, self._columns([condition])[0]].sum(axis=1)
        return selected

    def summary(self, *, resamples: int = 1000, seed: int = 0) -> list[Row]:
        """All metrics under all conditions, in the order of `conditions`."""
        return self._rows({name: (name,) for name in self.conditions}, resamples, seed)

    def average(
        self, conditions: Sequence[str], *, name: str = "mean", resamples: int = 1000, seed: int = 0
    ) -> list[Row]:
        """All metrics, averaged over conditions within each seed and each resample.

        Args:
            conditions: conditions to average, e.g. `partial_sets`.
            name: name of the group in the rows.
            resamples: number of bootstrap resamples of the intervals.
            seed: seed of the resampling.

        Raises:
            ValueError: if there are no conditions, or one was not evaluated.
        """
        return self._rows({name: conditions}, resamples, seed)

    def _rows(self, groups: Mapping[str, Sequence[str]], resamples: int, seed: int) -> list[Row]:
        columns = {name: self._columns(members) for name, members in groups.items()}
        times = draw_dialogues(len(self.dialogue_ids), resamples=resamples, seed=seed)
        return group_rows(self.counts, self.labels, columns, fold_slices(self.folds), times)

    def per_fold(self) -> list[FoldRow]:
        """All metrics under all conditions on all folds."""
        return fold_rows(self.counts, self.labels, self.conditions, fold_slices(self.folds))

    def to_frame(self) -> "DataFrame":
        """One row for each seed, fold, condition and metric.

        The columns are those of `SeedRow` and ``simulated``. A metric of all folds together, as tables print
        it, is not the mean over folds; `summary` has it.

        Raises:
            ImportError: if pandas is not installed.
        """
        rows = seed_rows(self.counts, self.labels, self.seeds, self.conditions, fold_slices(self.folds))
        return data_frame({**vars(row), "simulated": self.meta["simulated"]} for row in rows)

    def compare(
        self,
        other: "Scores",
        *,
        groups: Mapping[str, Sequence[str]] | None = None,
        resamples: int = 1000,
        seed: int = 0,
    ) -> list[Difference]:
        """Difference to another system (other minus this), paired by dialogue.

        Args:
            other: scores of another system on the same test utterances.
            groups: conditions to average, by name of the group; by default each common condition alone.
            resamples: number of bootstrap resamples of the intervals.
            seed: seed of the resampling.

        Raises:
            ValueError: if labels, dialogues or targets differ, or only one system was evaluated under a
                condition.
        """
        if self.labels != other.labels:
            raise ValueError(
                f"Only systems with the same labels can be compared; got {self.labels} and {other.labels}."
            )
        order = same_dialogues(self._targets(), other._targets())
        second = other.counts[:, :, order]
        if groups is None:
            groups = {name: (name,) for name in self.conditions if name in other.conditions}
        columns = {name: (self._columns(m), other._columns(m)) for name, m in groups.items()}
        times = draw_dialogues(len(self.dialogue_ids), resamples=resamples, seed=seed)
        return difference_rows(self.counts, second, self.labels, columns, times)

    def to_json(self, path: str | Path) -> None:
        """Write the scores without loss, with their checksum; an existing file is replaced atomically."""
        labels = {"names": self.labels.names, "interval": self.labels.interval}
        content = {
            "format": _FORMAT,
            "meta": self.meta,
            "labels": {**labels, "polarity": dict(self.labels.polarity)},
            "modalities": self.modalities,
            "conditions": self.conditions,
            "seeds": self.seeds,
            "folds": dict(self.folds),
            "missing": self.missing,
            "counts": self.counts.tolist(),
            "calibration_error": self.calibration_error,
        }
        write_json(Path(path), content)

    @classmethod
    def from_json(cls, path: str | Path) -> "Scores":
        """Read a file written by `to_json`.

        Raises:
            CheckpointError: if the file is missing, damaged or edited, or is not a file of scores.
        """
        try:
            content = read_json(Path(path))
            if content["format"] != _FORMAT:
                raise ValueError(f"format must be {_FORMAT!r}, got {content['format']!r}")
            interval = content["labels"]["interval"]
            return cls(
                labels=LabelSpace(
                    names=tuple(content["labels"]["names"]),
                    interval=None if interval is None else (interval[0], interval[1]),
                    polarity=content["labels"]["polarity"],
                ),
                modalities=tuple(content["modalities"]),
                conditions=tuple(content["conditions"]),
                seeds=tuple(content["seeds"]),
                folds={name: tuple(dialogues) for name, dialogues in content["folds"].items()},
                counts=np.array(content["counts"]),
                missing=tuple(content["missing"]),
                meta=content["meta"],
                calibration_error=tuple(map(tuple, content["calibration_error"])),
            )
        except (OSError, ValueError, AttributeError, LookupError, TypeError) as error:
            raise CheckpointError(
                f"{path}: cannot be read as scores ({error}). Evaluate the run again."
            ) from error

    def _targets(self) -> dict[str, Counts]:
        return dict(zip(self.dialogue_ids, targets_of(self.counts[0, 0], self.labels), strict=True))

    def _columns(self, conditions: Sequence[str]) -> list[int]:
        unknown = [name for name in conditions if name not in self.conditions]
        if unknown or not conditions:
            raise ValueError(
                f"Conditions must be at least one of those evaluated, {list(self.conditions)}; "
                f"got {list(conditions)}."
            )
        return [self.conditions.index(name) for name in conditions]


def _calibration_errors(labelled: Mapping[Key, Predictions]) -> tuple[tuple[float, ...], ...]:
    """Calibration error of each seed and condition, over all folds together."""
    seeds, folds, conditions = axes(labelled)
    return tuple(
        tuple(
            emotion_calibration_error(
                np.concatenate([labelled[seed, fold, name].output.numpy(force=True) for fold in folds]),
                np.concatenate([labelled[seed, fold, name].target.numpy(force=True) for fold in folds]),
            )
            for name in conditions
        )
        for seed in seeds
    )
