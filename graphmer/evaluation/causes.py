"""Recognition of the turns that cause an emotion: counted pairs of turns, their metrics, and simple rules.

The definitions are those of the second subtask of RECCON (Poria et al. 2021, causal emotion entailment). The
pairs are those of each annotated turn with every turn up to and including itself, whatever the distance. With
one annotated turn per dialogue, as in EDiReF, the positive F1 is that task's F1 over triggers.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from graphmer.dialogue import Dialogue
from graphmer.evaluation.metrics import Counts
from graphmer.evaluation.predictions import Predictions

Caller = Callable[[Dialogue, int], set[int]]
"""Dialogue and position of a turn, to the positions of the turns that are called its causes."""

CAUSE_METRICS = {
    "positive_f1": "positive F1",
    "negative_f1": "negative F1",
    "macro_f1": "macro F1",
    "precision": "precision",
    "recall": "recall",
}
"""Key and printed name of the metrics of causes."""


def _other(dialogue: Dialogue, turn: int) -> set[int]:
    speaker = dialogue.speaker.tolist()
    return set([earlier for earlier in range(turn) if speaker[earlier] != speaker[turn]][-1:])


CAUSE_RULES: Mapping[str, Caller] = {
    "itself": lambda dialogue, turn: {turn},
    "previous turn": lambda dialogue, turn: {turn - 1} - {-1},
    "last turn of another speaker": _other,
    "itself and previous": lambda dialogue, turn: {turn, turn - 1} - {-1},
    "itself and last of another": lambda dialogue, turn: {turn} | _other(dialogue, turn),
}
"""Rules that call the turn in a fixed place the cause, by name."""


def cause_counts(dialogue: Dialogue, call: Caller) -> NDArray[np.int64]:
    """Pairs of a dialogue that are causes and called so, called only, causes only, and neither.

    Annotated causes after their turn are not counted, as in RECCON.

    Args:
        dialogue: with annotated causes; without any, all counts are zero.
        call: predicted causes of a turn.

    Shapes:
        returns ``[4]``: true positives, false positives, false negatives, true negatives.
    """
    counts = np.zeros(4, dtype=np.int64)
    for turn, causes in dialogue.causes.items():
        annotated = {cause for cause in causes if cause <= turn}
        called = {cause for cause in call(dialogue, turn) if 0 <= cause <= turn}
        hits = len(annotated & called)
        counts += (hits, len(called) - hits, len(annotated) - hits, turn + 1 - len(annotated | called))
    return counts


def cause_metrics(counts: Counts) -> dict[str, NDArray[np.float64]]:
    """Metrics of counts ``[..., 4]`` of `cause_counts`, each ``[...]``; NaN where undefined."""
    hits, false, missed, rest = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    with np.errstate(invalid="ignore"):  # no pair at all
        positive = 2 * hits / (2 * hits + false + missed)
        negative = 2 * rest / (2 * rest + false + missed)
        return {
            "positive_f1": positive,
            "negative_f1": negative,
            "macro_f1": (positive + negative) / 2,
            "precision": hits / (hits + false),
            "recall": hits / (hits + missed),
        }


def rule_counts(dialogues: Sequence[Dialogue], call: Caller) -> Counts:
    """`cause_counts` of each dialogue, ``[B, 4]``."""
    return np.stack([cause_counts(dialogue, call) for dialogue in dialogues])


def predicted_counts(predictions: Predictions, dialogues: Sequence[Dialogue]) -> Counts:
    """`cause_counts` of each dialogue for the causes that a system predicted, ``[B, 4]``.

    Args:
        predictions: with causes, for all turns of these dialogues.
        dialogues: with annotated causes.

    Raises:
        ValueError: if the predictions have no causes, or lack a turn.
    """
    if predictions.caused is None:
        raise ValueError("Predictions without causes cannot be scored by them. Train with `heads.cause`.")
    row = {key: number for number, key in enumerate(predictions.keys)}
    caused = predictions.caused.numpy(force=True)

    def call(dialogue: Dialogue, turn: int) -> set[int]:
        number = row.get((dialogue.id, dialogue.utterance_ids[turn]))
        if number is None:
            raise ValueError(f"Turn {turn} of dialogue {dialogue.id!r} was not predicted. Predict all turns.")
        return {turn - int(distance) for distance in caused[number].nonzero()[0]}

    return rule_counts(dialogues, call)
