"""Statistics of predictions on common axes: seeds, conditions and dialogues."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from itertools import product

import numpy as np

from graphmer.dialogue import LabelSpace
from graphmer.evaluation.metrics import Counts
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.statistics import dialogue_statistics

Key = tuple[int, str, str]
"""Seed, fold and condition of predictions."""


def axes(keys: Mapping[Key, Predictions]) -> tuple[tuple[int, ...], tuple[str, ...], tuple[str, ...]]:
    """Seeds, folds and conditions, each in the order of first occurrence."""
    return (
        tuple(dict.fromkeys(seed for seed, _, _ in keys)),
        tuple(dict.fromkeys(fold for _, fold, _ in keys)),
        tuple(dict.fromkeys(condition for _, _, condition in keys)),
    )


def gather(
    labelled: Mapping[Key, Predictions], labels: LabelSpace
) -> tuple[dict[str, tuple[str, ...]], Counts]:
    """Statistics of all predictions on common axes.

    Args:
        labelled: predictions of labelled utterances by seed, fold and condition.
        labels: label space of the targets.

    Returns:
        the dialogues tested in each fold, which concatenated form the axis ``B``, and the statistics
        ``[S, K, B, *P]``.

    Raises:
        ValueError: if a combination is missing, seeds or conditions of a fold have different utterances, a
            dialogue is in two folds, or a condition differs from its key.
    """
    seeds, names, conditions = axes(labelled)
    _check_complete(labelled)
    folds = {name: _dialogues(labelled, name) for name in names}
    position = _positions(folds)
    counts: Counts = np.zeros(0)
    for (seed, _, condition), each in labelled.items():
        rows = dialogue_statistics(each, labels)
        if counts.size == 0:
            counts = np.zeros((len(seeds), len(conditions), len(position), *rows.shape[1:]), rows.dtype)
        columns = [position[name] for name in each.dialogue_ids]
        counts[seeds.index(seed), conditions.index(condition), columns] = rows
    return folds, counts


def missing_fraction(labelled: Mapping[Key, Predictions], condition: str) -> float:
    """Fraction of (utterance, modality) pairs that are missing under a condition, over seeds and folds."""
    masks = [each.available for (_, _, name), each in labelled.items() if name == condition]
    return sum(int((~mask).sum()) for mask in masks) / sum(mask.numel() for mask in masks)


def masks_digest(predictions: Iterable[Predictions]) -> str:
    """SHA-256 of the modalities that were available to each utterance, as hexadecimal digits.

    Args:
        predictions: of every fold under one condition; the order of folds and utterances does not matter.
    """
    rows = sorted(
        [*key, *available]
        for each in predictions
        for key, available in zip(each.keys, each.available.tolist(), strict=True)
    )
    return sha256(json.dumps(rows).encode()).hexdigest()


def fold_slices(folds: Mapping[str, tuple[str, ...]]) -> dict[str, slice]:
    """Slice of the axis ``B`` that each fold tests."""
    slices, start = {}, 0
    for name, dialogues in folds.items():
        slices[name] = slice(start, start + len(dialogues))
        start += len(dialogues)
    return slices


def same_dialogues(first: Mapping[str, Counts], second: Mapping[str, Counts]) -> list[int]:
    """Indices that order the dialogues of `second` as those of `first`.

    Args:
        first: statistics from `targets_of` of the first system, by dialogue id.
        second: statistics from `targets_of` of the second system, by dialogue id.

    Raises:
        ValueError: if the dialogues or their targets differ.
    """
    if set(first) != set(second):
        raise ValueError(
            "Only systems tested on the same dialogues can be compared; "
            f"got {len(first)} and {len(second)}, of which {len(set(first) & set(second))} are common."
        )
    changed = [name for name in first if not np.allclose(first[name], second[name])]
    if changed:
        raise ValueError(
            "Only systems tested on the same targets can be compared; those of "
            f"{len(changed)} dialogues differ, the first is {changed[0]!r}. Evaluate both on one corpus."
        )
    position = {name: number for number, name in enumerate(second)}
    return [position[name] for name in first]


def _check_complete(labelled: Mapping[Key, Predictions]) -> None:
    missing = [key for key in product(*axes(labelled)) if key not in labelled]
    if missing:
        raise ValueError(
            f"Every (seed, fold, condition) must be evaluated; {len(missing)} are not, the first is "
            f"{missing[0]}. Evaluate it, or leave out its seed, fold or condition."
        )
    for key, each in labelled.items():
        if each.condition != key[2]:
            raise ValueError(f"Predictions of {key} must be of that condition; got {each.condition!r}.")
        if len(each) == 0:
            raise ValueError(f"Predictions of {key} have no labelled utterance; at least one is needed.")


def _dialogues(labelled: Mapping[Key, Predictions], fold: str) -> tuple[str, ...]:
    """Dialogues of a fold, after a check that all seeds and conditions have the same targets."""
    keys = [key for key in labelled if key[1] == fold]
    expected = _targets(labelled[keys[0]])
    for key in keys[1:]:
        if _targets(labelled[key]) != expected:
            raise ValueError(
                f"All seeds and conditions of fold {fold!r} must be tested on the same utterances and "
                f"targets; {key} differs from {keys[0]}."
            )
    return labelled[keys[0]].dialogue_ids


def _positions(folds: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    position: dict[str, int] = {}
    for fold, dialogues in folds.items():
        for name in dialogues:
            if name in position:
                raise ValueError(
                    f"A dialogue must be tested in one fold; {name!r} is tested in {fold!r} "
                    "and an earlier one."
                )
            position[name] = len(position)
    return position


def _targets(predictions: Predictions) -> dict[tuple[str, str], int | float]:
    return dict(zip(predictions.keys, predictions.target.tolist(), strict=True))
