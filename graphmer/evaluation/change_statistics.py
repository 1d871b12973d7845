"""Detection of emotion changes: counts per dialogue, and metrics of these counts.

A change is *derived from the predicted emotions*: a turn is a predicted change if its predicted emotion
differs from that of the previous turn. A system with a change head or a chain decoder also predicts changes
*directly*. Both kinds of predictions are counted, as well as their disagreements. Counts are additive over
dialogues, so that one call computes a metric for a thousand resamples.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from graphmer.dialogue import LabelSpace
from graphmer.dialogue.change import Kind, change_targets, valences
from graphmer.errors import CheckpointError
from graphmer.evaluation.metrics import Counts
from graphmer.evaluation.predictions import Predictions

History = Literal["predicted", "gold"]
"""Previous emotion that a prediction is compared with: the predicted or the annotated one (an oracle)."""

HISTORIES: tuple[History, ...] = ("predicted", "gold")
"""Both histories. ``gold`` uses annotations and is therefore not a result of the system alone."""

SHIFT_METRICS = {
    "prevalence": "prevalence",
    "always_shift_f1": "always F1",
    "precision": "precision",
    "recall": "recall",
    "f1": "shift F1",
    "mcc": "MCC",
    "kappa": "kappa",
    "pair_match": "pair match",
    "pair_match_on_shifts": "shift pairs",
}
"""Key and printed name of each metric of derived changes; MCC and kappa are in [-1, 1]."""

DIRECT_METRICS = {
    "direct_precision": "direct precision",
    "direct_recall": "direct recall",
    "direct_f1": "direct F1",
    "direct_mcc": "direct MCC",
    "direct_kappa": "direct kappa",
    "disagreement": "disagree",
}
"""Key and printed name of each metric of directly predicted changes; ``disagreement`` is the fraction of
eligible turns at which the direct and the derived prediction differ."""

STATISTICS = 6
"""``P``: true positives, false positives, false negatives, true negatives, pair matches, those on shifts."""

DIRECT_STATISTICS = 5
"""Additional counts of directly predicted changes: true positives, false positives, false negatives, true
negatives, disagreements with the derived changes."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Previous and current emotion of every eligible turn, annotated and predicted.

    Args:
        turn: positions of the eligible turns.
        previous: positions of the turns that they are compared with.
        target: annotated pair (previous, current).
        predicted: predicted pair (previous, current).
        direct: whether a change is predicted directly; `None` if the system has no such prediction.

    Shapes:
        turn, previous, direct ``[P]``; target, predicted ``[P, 2]``.
    """

    turn: NDArray[np.int64]
    previous: NDArray[np.int64]
    target: NDArray[np.int64]
    predicted: NDArray[np.int64]
    direct: NDArray[np.bool_] | None = None

    @property
    def shift(self) -> NDArray[np.bool_]:
        """Whether the annotated emotion changes, ``[P]``."""
        return self.target[:, 0] != self.target[:, 1]

    @property
    def predicted_shift(self) -> NDArray[np.bool_]:
        """Whether the predicted emotion changes, ``[P]``."""
        return self.predicted[:, 0] != self.predicted[:, 1]

    @property
    def match(self) -> NDArray[np.bool_]:
        """Whether both emotions of the pair are correct, ``[P]``."""
        return (self.target == self.predicted).all(axis=1)


def speakers_of(predictions: Predictions) -> Tensor:
    """Speaker numbers of the turns, long ``[N]``.

    Raises:
        CheckpointError: if the predictions have no speakers.
    """
    if predictions.speaker is None:
        raise CheckpointError(
            f"Changes need the speaker of every turn; predictions under {predictions.condition!r} have none. "
            "Evaluate the run again with `graphmer evaluate`."
        )
    return predictions.speaker


def pairs_of(
    predictions: Predictions, labels: LabelSpace, *, kind: Kind = "speaker", history: History = "predicted"
) -> Pairs:
    """Annotated and predicted pairs of all eligible turns.

    Args:
        predictions: all turns of each dialogue in temporal order, including unlabelled ones.
        labels: label space.
        kind: definition of a change.
        history: previous emotion that a prediction is compared with.

    Raises:
        CheckpointError: if the predictions have no speakers.
        ValueError: if the labels are a score.
    """
    speaker = speakers_of(predictions)
    targets = change_targets(predictions.target, speaker, labels, kind=kind, dialogue=predictions.dialogue)
    output = valences(predictions.predicted, labels) if kind == "valence" else predictions.predicted
    value, predicted = targets.value.numpy(force=True), output.numpy(force=True)
    turn = targets.eligible.nonzero()[:, 0].numpy(force=True)
    previous = targets.previous.numpy(force=True)[turn]
    before = predicted[previous] if history == "predicted" else value[previous]
    direct = predictions.changed if kind == "speaker" else None
    return Pairs(
        turn,
        previous,
        target=np.stack([value[previous], value[turn]], axis=1),
        predicted=np.stack([before, predicted[turn]], axis=1),
        direct=None if direct is None else direct.numpy(force=True)[turn],
    )


def shift_statistics(pairs: Pairs, dialogue: NDArray[np.int64], dialogues: int) -> Counts:
    """Counts of each dialogue.

    Args:
        pairs: pairs of all dialogues.
        dialogue: dialogue number of each turn ``[N]``.
        dialogues: number of dialogues, ``B``.

    Shapes:
        returns int ``[B, P]`` with ``P`` = `STATISTICS`, plus `DIRECT_STATISTICS` if there are direct
        predictions.
    """
    target, predicted, match = pairs.shift, pairs.predicted_shift, pairs.match
    columns = [*_table(target, predicted), match, match & target]
    if pairs.direct is not None:
        columns += [*_table(target, pairs.direct), predicted != pairs.direct]
    counts = np.zeros((dialogues, len(columns)), dtype=np.int64)
    np.add.at(counts, dialogue[pairs.turn], np.stack(columns, axis=1).astype(np.int64))
    return counts


def shift_metrics(counts: Counts) -> dict[str, NDArray[np.float64]]:
    """Metrics of `SHIFT_METRICS`, and those of `DIRECT_METRICS` if their counts are given.

    Undefined metrics are NaN: all metrics if no turn is eligible; recall, F1, always-shift F1 and the pair
    match on shifts if there is no shift; precision if no shift is predicted; MCC and kappa if all annotated
    turns are shifts, or none is. A constant prediction has an MCC and a kappa of 0.

    Shapes:
        counts ``[..., P]``; each result ``[...]``.
    """
    rows = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    tp, fp, fn, tn, match, match_on_shift = rows[:STATISTICS]
    shifts, total = tp + fn, tp + fp + fn + tn
    found = {
        "prevalence": _ratio(shifts, total, total > 0),
        "always_shift_f1": _ratio(2 * shifts, shifts + total, shifts > 0),
        **_detection(rows[:4]),
        "pair_match": _ratio(match, total, total > 0),
        "pair_match_on_shifts": _ratio(match_on_shift, shifts, shifts > 0),
    }
    if len(rows) > STATISTICS:
        direct = rows[STATISTICS:]
        found |= {f"direct_{name}": value for name, value in _detection(direct[:4]).items()}
        found["disagreement"] = _ratio(direct[4], total, total > 0)
    return found


def _detection(table: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Detection metrics from the counts of `_table`, ``[4, ...]``."""
    tp, fp, fn, tn = table
    positive, negative, predicted = tp + fn, fp + tn, tp + fp
    both = (positive > 0) & (negative > 0)
    determinant = tp * tn - fp * fn
    norm = np.sqrt(positive * negative * predicted * (fn + tn))
    return {
        "precision": _ratio(tp, predicted, predicted > 0),
        "recall": _ratio(tp, positive, positive > 0),
        "f1": _ratio(2 * tp, positive + predicted, positive > 0),
        "mcc": _ratio(determinant, np.where(norm > 0, norm, 1.0), both),
        "kappa": _ratio(2 * determinant, predicted * negative + positive * (fn + tn), both),
    }


def _table(target: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], ...]:
    """True positives, false positives, false negatives and true negatives."""
    return target & predicted, ~target & predicted, target & ~predicted, ~target & ~predicted


def _ratio(
    numerator: NDArray[Any], denominator: NDArray[Any], defined: NDArray[np.bool_]
) -> NDArray[np.float64]:
    result = np.full(np.shape(numerator), np.nan)
    return np.divide(numerator, denominator, out=result, where=defined)
