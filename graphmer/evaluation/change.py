"""Every metric of emotion change that a system's predictions allow, as one flat dictionary."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphmer.dialogue import LabelSpace
from graphmer.dialogue.change import KINDS, speaker_ids
from graphmer.evaluation.calibration import calibration_error
from graphmer.evaluation.change_dynamics import autocorrelation, contagion, inertia, transition_error
from graphmer.evaluation.change_sequences import (
    boundary_f1,
    change_error_rate,
    turns_by_party,
    window_difference,
)
from graphmer.evaluation.change_statistics import (
    History,
    Pairs,
    pairs_of,
    shift_metrics,
    shift_statistics,
    speakers_of,
)
from graphmer.evaluation.metrics import class_metrics
from graphmer.evaluation.predictions import Predictions
from graphmer.typing import UNLABELLED


def change_metrics(
    predictions: Predictions, labels: LabelSpace, *, history: History = "predicted"
) -> dict[str, float]:
    """How well changes of emotion are recognised, derived from the predicted emotions and said directly.

    ============================================ =====================================================
    the keys of `SHIFT_METRICS`                  another emotion than at the speaker's previous turn
    ``valence_...``, ``adjacent_...``            the same for the other kinds of change
    ``ap``, ``auroc``                            of the probability that two turns differ
    the keys of `DIRECT_METRICS`                 of the change a system says directly, where it does
    ``direct_ap``, ``direct_auroc``,             of its probability; the last one is the expected
    ``direct_calibration_error``                 calibration error
    ``pair_weighted_f1``                         of (previous, present) as one class
    ``emotion_f1_on_shifts``,                    weighted F1 of the emotion of turns that change, that
    ``_without_shift``, ``_at_first``            do not, and of the speakers' first turns
    ``boundary_f1_0``, ``_1``                    boundaries, exact or off by one turn of the speaker
    ``window_difference``                        WindowDiff (lower is better)
    ``change_error_rate``                        edit distance of the emotions passed through
    ``transition_error``                         Jensen-Shannon divergence of the transitions
    ``inertia_<emotion>``, ``contagion``,        of the annotation; with ``_predicted`` at the end, of
    ``autocorrelation``                          the predictions
    ============================================ =====================================================

    What cannot be measured is NaN: everything without an eligible turn, and what needs a change without one.

    Args:
        predictions: all turns of each dialogue in their order, unlabelled ones included.
        labels: the label space.
        history: the previous emotion a prediction is compared with. ``gold`` is an oracle; emotions,
            contagion and the sequences passed through do not depend on it.

    Raises:
        CheckpointError: if the predictions do not know who speaks.
        ValueError: if the labels are a score.
    """
    pairs = pairs_of(predictions, labels, history=history)
    return {
        **_shifts(predictions, labels, history),
        **ranking(pairs.shift, _change_probability(predictions, pairs, history)),
        **_direct(predictions, pairs),
        "pair_weighted_f1": _pair_f1(pairs, labels.outputs),
        **_emotion_f1(predictions, pairs, labels.outputs),
        **_sequences(predictions, pairs),
        "transition_error": transition_error(pairs.target, pairs.predicted, labels.outputs),
        **_dynamics(predictions, pairs, labels, history),
    }


def ranking(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> dict[str, float]:
    """Average precision and area under the ROC curve of a score, free of a threshold.

    Args:
        truth: which cases are positive ``[P]``.
        score: higher means more likely positive ``[P]``; ties share a threshold.

    Returns:
        ``ap`` (NaN without a positive case) and ``auroc`` (NaN unless there are both).
    """
    positive, negative = int(truth.sum()), int((~truth).sum())
    if positive == 0:
        return {"ap": float("nan"), "auroc": float("nan")}
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    hits = np.concatenate([[0], np.cumsum(truth[order])[last]])
    said = np.concatenate([[0], last + 1])
    gained, wrong = np.diff(hits), np.diff(said - hits)
    area = float((wrong * (hits[1:] + hits[:-1])).sum()) / 2
    return {
        "ap": float((gained * hits[1:] / said[1:]).sum() / positive),
        "auroc": area / (positive * negative) if negative else float("nan"),
    }


def _shifts(predictions: Predictions, labels: LabelSpace, history: History) -> dict[str, float]:
    found: dict[str, float] = {}
    dialogue = predictions.dialogue.numpy(force=True)
    for kind in KINDS:
        pairs = pairs_of(predictions, labels, kind=kind, history=history)
        counts = shift_statistics(pairs, dialogue, len(predictions.dialogue_ids)).sum(axis=0)
        prefix = "" if kind == "speaker" else f"{kind}_"
        found |= {f"{prefix}{name}": float(value) for name, value in shift_metrics(counts).items()}
    return found


def _change_probability(predictions: Predictions, pairs: Pairs, history: History) -> NDArray[np.float64]:
    """Probability that two independent turns differ, ``1 - sum_c p_prev(c) p(c)``, as ``[P]``."""
    said = predictions.output.numpy(force=True).astype(np.float64)
    before = said[pairs.previous] if history == "predicted" else np.eye(said.shape[1])[pairs.target[:, 0]]
    different: NDArray[np.float64] = 1 - (before * said[pairs.turn]).sum(axis=1)
    return different


def _direct(predictions: Predictions, pairs: Pairs) -> dict[str, float]:
    """Ranking and calibration of the probability of a change that the system itself has."""
    if predictions.change is None:
        return {}
    said = predictions.change.numpy(force=True).astype(np.float64)[pairs.turn]
    found = ranking(pairs.shift, said) | {"calibration_error": calibration_error(said, pairs.shift)}
    return {f"direct_{name}": value for name, value in found.items()}


def _pair_f1(pairs: Pairs, classes: int) -> float:
    truth, guess = (each @ np.array([classes, 1]) for each in (pairs.target, pairs.predicted))
    _, numbered = np.unique(np.concatenate([truth, guess]), return_inverse=True)
    return _weighted_f1(numbered[: len(truth)], numbered[len(truth) :])


def _weighted_f1(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> float:
    """F1 of the classes weighted by support; NaN without a case."""
    classes = int(max(truth.max(initial=0), guess.max(initial=0))) + 1
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (truth, guess), 1)
    return float(class_metrics(counts)["weighted_f1"])


def _emotion_f1(predictions: Predictions, pairs: Pairs, classes: int) -> dict[str, float]:
    target, guess = predictions.target.numpy(force=True), predictions.predicted.numpy(force=True)
    first = target != UNLABELLED
    first[pairs.turn] = False
    parts: dict[str, NDArray[Any]] = {
        "on_shifts": pairs.turn[pairs.shift],
        "without_shift": pairs.turn[~pairs.shift],
        "at_first": np.flatnonzero(first),
    }
    return {f"emotion_f1_{name}": _weighted_f1(target[turns], guess[turns]) for name, turns in parts.items()}


def _sequences(predictions: Predictions, pairs: Pairs) -> dict[str, float]:
    party = speaker_ids(speakers_of(predictions), predictions.dialogue)
    target, guess = predictions.target.numpy(force=True), predictions.predicted.numpy(force=True)
    speaking = turns_by_party(party.numpy(force=True), target != UNLABELLED)
    expected, said = (np.zeros(len(target), dtype=np.bool_) for _ in range(2))
    expected[pairs.turn], said[pairs.turn] = pairs.shift, pairs.predicted_shift
    truth_gaps = [expected[turns[1:]] for turns in speaking]
    guess_gaps = [said[turns[1:]] for turns in speaking]
    return {
        "boundary_f1_0": boundary_f1(truth_gaps, guess_gaps, 0),
        "boundary_f1_1": boundary_f1(truth_gaps, guess_gaps, 1),
        "window_difference": window_difference(truth_gaps, guess_gaps),
        "change_error_rate": change_error_rate(
            [target[turns] for turns in speaking], [guess[turns] for turns in speaking]
        ),
    }


def _dynamics(
    predictions: Predictions, pairs: Pairs, labels: LabelSpace, history: History
) -> dict[str, float]:
    valence = pairs_of(predictions, labels, kind="valence", history=history)
    adjacent = pairs_of(predictions, labels, kind="adjacent")
    target = predictions.target.numpy(force=True)
    guess = np.where(target == UNLABELLED, UNLABELLED, predictions.predicted.numpy(force=True))
    place = (speakers_of(predictions).numpy(force=True), predictions.dialogue.numpy(force=True))
    found: dict[str, float] = {}
    sides = {"": (pairs.target, valence.truth, target), "_predicted": (pairs.predicted, valence.guess, guess)}
    for suffix, (emotions, signs, emotion) in sides.items():
        kept = inertia(emotions, labels.outputs).tolist()
        found |= {f"inertia_{name}{suffix}": p for name, p in zip(labels.names, kept, strict=True)}
        found[f"autocorrelation{suffix}"] = autocorrelation(signs[(signs != UNLABELLED).all(axis=1)])
        found[f"contagion{suffix}"] = contagion(emotion, *place, adjacent.turn, adjacent.previous)
    return found
