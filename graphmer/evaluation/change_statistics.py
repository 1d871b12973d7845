"""Change of emotion as a yes or no at every eligible turn, counted dialogue by dialogue.

The change is *derived from predicted emotions*: a turn is predicted to change if its predicted emotion
differs from the previous one's. A system with a change head or a decoder also says so *directly*; both are
counted, and how often they disagree. Everything here follows from counts, which add up over dialogues, so
that a metric of a thousand resamples costs one call.
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
"""Which previous emotion a prediction is compared with: the system's own, or the annotated one, an oracle."""

HISTORIES: tuple[History, ...] = ("predicted", "gold")
"""Both histories; ``gold`` is no result of a system that has to live with its own mistakes."""

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
"""Key and printed name of each metric that follows from the counts; MCC and kappa lie in [-1, 1]."""

DIRECT_METRICS = {
    "direct_precision": "direct precision",
    "direct_recall": "direct recall",
    "direct_f1": "direct F1",
    "direct_mcc": "direct MCC",
    "direct_kappa": "direct kappa",
    "disagreement": "disagree",
}
"""Key and printed name of the metrics of the change that a system says directly; ``disagreement`` is the
fraction of eligible turns at which it differs from the derived one."""

STATISTICS = 6
"""``P``: true and false positives, false and true negatives, matching pairs, those on shifts."""

DIRECT_STATISTICS = 5
"""Further counts of a system that says directly what changes: true and false positives, false and true
negatives, disagreements with the derived change."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Previous and present emotion of every eligible turn, as annotated and as predicted.

    Args:
        turn: positions of the eligible turns.
        previous: positions of the turns they are compared with.
        truth: annotated pair.
        guess: predicted pair.
        said: whether the system says directly that the turn is a change; `None` if it does not.

    Shapes:
        turn, previous, said ``[P]``; truth, guess ``[P, 2]``.
    """

    turn: NDArray[np.int64]
    previous: NDArray[np.int64]
    truth: NDArray[np.int64]
    guess: NDArray[np.int64]
    said: NDArray[np.bool_] | None = None

    @property
    def shift(self) -> NDArray[np.bool_]:
        """Whether the annotated emotion changes, ``[P]``."""
        return self.truth[:, 0] != self.truth[:, 1]

    @property
    def predicted_shift(self) -> NDArray[np.bool_]:
        """Whether the predicted emotion changes, ``[P]``."""
        return self.guess[:, 0] != self.guess[:, 1]

    @property
    def match(self) -> NDArray[np.bool_]:
        """Whether both emotions of the pair are right, ``[P]``."""
        return (self.truth == self.guess).all(axis=1)


def speakers_of(predictions: Predictions) -> Tensor:
    """Who speaks at each turn, long ``[N]``.

    Raises:
        CheckpointError: if the predictions do not know it.
    """
    if predictions.speaker is None:
        raise CheckpointError(
            f"Changes need the speaker of every turn; predictions under {predictions.condition!r} have none. "
            "Test the run again with `graphmer evaluate`."
        )
    return predictions.speaker


def pairs_of(
    predictions: Predictions, labels: LabelSpace, *, kind: Kind = "speaker", history: History = "predicted"
) -> Pairs:
    """Annotated and predicted pairs.

    Args:
        predictions: all turns of each dialogue in their order, unlabelled ones included.
        labels: the label space.
        kind: what a change is.
        history: which previous emotion the prediction is compared with.

    Raises:
        CheckpointError: if the predictions do not know who speaks.
        ValueError: if the labels are a score.
    """
    speaker = speakers_of(predictions)
    targets = change_targets(predictions.target, speaker, labels, kind=kind, dialogue=predictions.dialogue)
    said = valences(predictions.predicted, labels) if kind == "valence" else predictions.predicted
    value, guess = targets.value.numpy(force=True), said.numpy(force=True)
    turn = targets.eligible.nonzero()[:, 0].numpy(force=True)
    previous = targets.previous.numpy(force=True)[turn]
    before = guess[previous] if history == "predicted" else value[previous]
    direct = predictions.changed if kind == "speaker" else None
    return Pairs(
        turn,
        previous,
        truth=np.stack([value[previous], value[turn]], axis=1),
        guess=np.stack([before, guess[turn]], axis=1),
        said=None if direct is None else direct.numpy(force=True)[turn],
    )


def shift_statistics(pairs: Pairs, dialogue: NDArray[np.int64], dialogues: int) -> Counts:
    """Counts of each dialogue.

    Args:
        pairs: of all dialogues.
        dialogue: number of each turn's dialogue ``[N]``.
        dialogues: how many there are, ``B``.

    Shapes:
        returns int ``[B, P]`` with ``P`` = `STATISTICS`, and `DIRECT_STATISTICS` more where the system says
        directly what changes.
    """
    truth, guess, match = pairs.shift, pairs.predicted_shift, pairs.match
    columns = [*_table(truth, guess), match, match & truth]
    if pairs.said is not None:
        columns += [*_table(truth, pairs.said), guess != pairs.said]
    counts = np.zeros((dialogues, len(columns)), dtype=np.int64)
    np.add.at(counts, dialogue[pairs.turn], np.stack(columns, axis=1).astype(np.int64))
    return counts


def shift_metrics(counts: Counts) -> dict[str, NDArray[np.float64]]:
    """The metrics of `SHIFT_METRICS` from counts, and those of `DIRECT_METRICS` where they are there.

    NaN is what cannot be measured: everything where no turn is eligible; recall, both F1 and the match on
    shifts where nothing shifts; precision where no shift is predicted; MCC and kappa where all annotated
    turns shift, or none does. A constant guess has MCC and kappa 0.

    Shapes:
        counts ``[..., P]``; each result ``[...]``.
    """
    rows = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    hit, false, missed, calm, match, match_on_shift = rows[:STATISTICS]
    shifts, total = hit + missed, hit + false + missed + calm
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
    """How well shifts are found, from true and false positives, false and true negatives ``[4, ...]``."""
    hit, false, missed, calm = table
    shifts, kept, said = hit + missed, false + calm, hit + false
    both = (shifts > 0) & (kept > 0)
    agreement = hit * calm - false * missed
    spread = np.sqrt(shifts * kept * said * (missed + calm))
    return {
        "precision": _ratio(hit, said, said > 0),
        "recall": _ratio(hit, shifts, shifts > 0),
        "f1": _ratio(2 * hit, shifts + said, shifts > 0),
        "mcc": _ratio(agreement, np.where(spread > 0, spread, 1.0), both),
        "kappa": _ratio(2 * agreement, said * kept + shifts * (missed + calm), both),
    }


def _table(truth: NDArray[np.bool_], guess: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], ...]:
    return truth & guess, ~truth & guess, truth & ~guess, ~truth & ~guess


def _ratio(part: NDArray[Any], whole: NDArray[Any], defined: NDArray[np.bool_]) -> NDArray[np.float64]:
    result = np.full(np.shape(part), np.nan)
    return np.divide(part, whole, out=result, where=defined)
