"""Metrics of emotion change as one flat dictionary."""

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
    turns_by_speaker,
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
    """Metrics of emotion changes, derived from the predicted emotions and predicted directly.

    ============================================ =====================================================
    the keys of `SHIFT_METRICS`                  derived changes of kind ``speaker``
    ``valence_...``, ``adjacent_...``            derived changes of the other kinds
    ``ap``, ``auroc``                            ranking by the probability that two emotions differ
    the keys of `DIRECT_METRICS`                 directly predicted changes, if there are any
    ``direct_ap``, ``direct_auroc``,             ranking by the directly predicted probability, and its
    ``direct_calibration_error``                 expected calibration error
    ``pair_weighted_f1``                         weighted F1 with (previous, current) as one class
    ``emotion_f1_on_shifts``,                    weighted F1 of the emotion at turns with a change,
    ``_without_shift``, ``_at_first``            without a change, and at first turns of speakers
    ``boundary_f1_0``, ``_1``                    boundary F1 with a tolerance of 0 or 1 turn
    ``window_difference``                        WindowDiff (lower is better)
    ``change_error_rate``                        edit distance of collapsed emotion sequences
    ``transition_error``                         Jensen-Shannon divergence of transition matrices
    ``inertia_<emotion>``, ``contagion``,        dynamics of the annotation; with the suffix
    ``autocorrelation``                          ``_predicted``, those of the predictions
    ============================================ =====================================================

    Undefined metrics are NaN: all of them if no turn is eligible, and those that need a change if
    there is none.

    Args:
        predictions: all turns of each dialogue in temporal order, including unlabelled ones.
        labels: label space.
        history: previous emotion that a prediction is compared with. ``gold`` is an oracle. Emotion F1,
            contagion and the change error rate do not depend on it.

    Raises:
        CheckpointError: if the predictions have no speakers.
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


def ranking(target: NDArray[np.bool_], score: NDArray[np.float64]) -> dict[str, float]:
    """Average precision and area under the ROC curve.

    Args:
        target: which cases are positive ``[P]``.
        score: higher means more likely positive ``[P]``; ties share a threshold.

    Returns:
        ``ap`` (NaN without positive cases) and ``auroc`` (NaN without positive or without negative cases).
    """
    positive, negative = int(target.sum()), int((~target).sum())
    if positive == 0:
        return {"ap": float("nan"), "auroc": float("nan")}
    order = np.argsort(-score, kind="stable")
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    tp = np.concatenate([[0], np.cumsum(target[order])[last]])
    predicted = np.concatenate([[0], last + 1])
    more_tp, more_fp = np.diff(tp), np.diff(predicted - tp)
    area = float((more_fp * (tp[1:] + tp[:-1])).sum()) / 2
    return {
        "ap": float((more_tp * tp[1:] / predicted[1:]).sum() / positive),
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
    output = predictions.output.numpy(force=True).astype(np.float64)
    before = output[pairs.previous] if history == "predicted" else np.eye(output.shape[1])[pairs.target[:, 0]]
    different: NDArray[np.float64] = 1 - (before * output[pairs.turn]).sum(axis=1)
    return different


def _direct(predictions: Predictions, pairs: Pairs) -> dict[str, float]:
    """Ranking and calibration of the directly predicted probability of a change."""
    if predictions.change is None:
        return {}
    score = predictions.change.numpy(force=True).astype(np.float64)[pairs.turn]
    found = ranking(pairs.shift, score) | {"calibration_error": calibration_error(score, pairs.shift)}
    return {f"direct_{name}": value for name, value in found.items()}


def _pair_f1(pairs: Pairs, classes: int) -> float:
    target, predicted = (each @ np.array([classes, 1]) for each in (pairs.target, pairs.predicted))
    _, numbered = np.unique(np.concatenate([target, predicted]), return_inverse=True)
    return _weighted_f1(numbered[: len(target)], numbered[len(target) :])


def _weighted_f1(target: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """Support-weighted F1; NaN if there are no cases."""
    classes = int(max(target.max(initial=0), predicted.max(initial=0))) + 1
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (target, predicted), 1)
    return float(class_metrics(counts)["weighted_f1"])


def _emotion_f1(predictions: Predictions, pairs: Pairs, classes: int) -> dict[str, float]:
    target, predicted = predictions.target.numpy(force=True), predictions.predicted.numpy(force=True)
    first = target != UNLABELLED
    first[pairs.turn] = False
    parts: dict[str, NDArray[Any]] = {
        "on_shifts": pairs.turn[pairs.shift],
        "without_shift": pairs.turn[~pairs.shift],
        "at_first": np.flatnonzero(first),
    }
    return {
        f"emotion_f1_{name}": _weighted_f1(target[turns], predicted[turns]) for name, turns in parts.items()
    }


def _sequences(predictions: Predictions, pairs: Pairs) -> dict[str, float]:
    speaker = speaker_ids(speakers_of(predictions), predictions.dialogue)
    target, predicted = predictions.target.numpy(force=True), predictions.predicted.numpy(force=True)
    sequences = turns_by_speaker(speaker.numpy(force=True), target != UNLABELLED)
    shift, predicted_shift = (np.zeros(len(target), dtype=np.bool_) for _ in range(2))
    shift[pairs.turn], predicted_shift[pairs.turn] = pairs.shift, pairs.predicted_shift
    gaps = [shift[turns[1:]] for turns in sequences]
    predicted_gaps = [predicted_shift[turns[1:]] for turns in sequences]
    return {
        "boundary_f1_0": boundary_f1(gaps, predicted_gaps, 0),
        "boundary_f1_1": boundary_f1(gaps, predicted_gaps, 1),
        "window_difference": window_difference(gaps, predicted_gaps),
        "change_error_rate": change_error_rate(
            [target[turns] for turns in sequences], [predicted[turns] for turns in sequences]
        ),
    }


def _dynamics(
    predictions: Predictions, pairs: Pairs, labels: LabelSpace, history: History
) -> dict[str, float]:
    valence = pairs_of(predictions, labels, kind="valence", history=history)
    adjacent = pairs_of(predictions, labels, kind="adjacent")
    target = predictions.target.numpy(force=True)
    predicted = np.where(target == UNLABELLED, UNLABELLED, predictions.predicted.numpy(force=True))
    owners = (speakers_of(predictions).numpy(force=True), predictions.dialogue.numpy(force=True))
    found: dict[str, float] = {}
    sources = {
        "": (pairs.target, valence.target, target),
        "_predicted": (pairs.predicted, valence.predicted, predicted),
    }
    for suffix, (emotions, signs, emotion) in sources.items():
        kept = inertia(emotions, labels.outputs).tolist()
        found |= {f"inertia_{name}{suffix}": p for name, p in zip(labels.names, kept, strict=True)}
        found[f"autocorrelation{suffix}"] = autocorrelation(signs[(signs != UNLABELLED).all(axis=1)])
        found[f"contagion{suffix}"] = contagion(emotion, *owners, adjacent.turn, adjacent.previous)
    return found
