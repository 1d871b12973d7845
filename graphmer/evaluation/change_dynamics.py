"""Emotion dynamics: inertia, autocorrelation, contagion and transitions."""

import numpy as np
from numpy.typing import NDArray

from graphmer.typing import UNLABELLED


def inertia(pairs: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Emotional inertia: probability that a speaker keeps an emotion at the next turn (Koval et al., 2021).

    Args:
        pairs: previous and current class of each eligible turn.
        classes: number of classes, ``C``.

    Shapes:
        pairs ``[P, 2]``; returns ``[C]``, NaN if a class is never the previous one.
    """
    each = np.arange(classes)
    return _rows(pairs, classes)[each, each]


def autocorrelation(pairs: NDArray[np.int64]) -> float:
    """Pearson correlation of previous and current valence ``[P, 2]``; NaN if either is constant."""
    if len(pairs) == 0 or (pairs == pairs[0]).all(axis=0).any():
        return float("nan")
    return float(np.asarray(np.corrcoef(pairs.T))[0, 1])


def contagion(
    emotion: NDArray[np.int64],
    speaker: NDArray[np.int64],
    dialogue: NDArray[np.int64],
    turn: NDArray[np.int64],
    previous: NDArray[np.int64],
) -> float:
    r"""Emotional contagion: excess probability that a speaker has the emotion of the preceding speaker.

    .. math:: P(y_t = y_{t-1},\; s_t \neq s_{t-1}) - P_{\text{shuffled}}(y_t = y_{t-1},\; s_t \neq s_{t-1})

    over adjacent labelled turns, with labels shuffled within each dialogue. The expectation over all shuffles
    is
    computed exactly: two turns of a dialogue agree with probability
    :math:`\sum_c n_c (n_c - 1) / n (n - 1)`. This definition is specific to this project; there is no
    standard one.

    Args:
        emotion: class of each turn, `UNLABELLED` if unlabelled.
        speaker: speaker number of each turn.
        dialogue: dialogue number of each turn.
        turn: positions of the labelled turns that have an earlier labelled turn.
        previous: positions of the preceding labelled turns, of any speaker.

    Shapes:
        emotion, speaker, dialogue ``[N]``; turn, previous ``[P]``.

    Returns:
        a difference of probabilities; NaN if there are no pairs.
    """
    if len(turn) == 0:
        return float("nan")
    labelled = emotion != UNLABELLED
    counts = np.zeros((int(dialogue.max()) + 1, int(emotion.max()) + 1))
    np.add.at(counts, (dialogue[labelled], emotion[labelled]), 1)
    total = counts.sum(axis=1)
    agreeing = (counts * (counts - 1)).sum(axis=1) / np.maximum(total * (total - 1), 1)
    other = speaker[turn] != speaker[previous]
    same = emotion[turn] == emotion[previous]
    return float((other * (same - agreeing[dialogue[turn]])).mean())


def transition_error(target: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> float:
    """Mean Jensen-Shannon divergence between the rows of two transition matrices, in bits.

    A row is the distribution of the current class given the previous class. Only rows of classes that occur
    as the annotated previous class are compared. A row that does not occur in the predictions has a
    divergence of 1. This definition is specific to this project; there is no standard one.

    Args:
        target: annotated previous and current class.
        predicted: predicted previous and current class.
        classes: number of classes, ``C``.

    Shapes:
        target, predicted ``[P, 2]``.

    Returns:
        a value between 0 (identical) and 1 (disjoint); NaN if there are no pairs.
    """
    p, q = _rows(target, classes), _rows(predicted, classes)
    occurring = ~np.isnan(p[:, 0])
    if not occurring.any():
        return float("nan")
    divergence = _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2
    return float(np.where(np.isnan(divergence), 1.0, divergence)[occurring].mean())


def _rows(pairs: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Transition probabilities ``[C, C]``; a row is NaN if its class is never the previous one."""
    counts = np.zeros((classes, classes))
    np.add.at(counts, (pairs[:, 0], pairs[:, 1]), 1)
    total = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0)


def _entropy(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    logarithm = np.log2(rows, out=np.zeros_like(rows), where=rows > 0)
    return -(rows * logarithm).sum(axis=-1)
