"""How emotions persist, spread and pass into one another, as annotated or as predicted."""

import numpy as np
from numpy.typing import NDArray

from graphmer.typing import UNLABELLED


def inertia(pairs: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Probability that an emotion is kept at the speaker's next turn (Koval et al., 2021).

    Args:
        pairs: previous and present class of each eligible turn.
        classes: how many there are, ``C``.

    Shapes:
        pairs ``[P, 2]``; returns ``[C]``, NaN where a class is never the previous one.
    """
    each = np.arange(classes)
    return _rows(pairs, classes)[each, each]


def autocorrelation(pairs: NDArray[np.int64]) -> float:
    """Pearson correlation of previous and present valence ``[P, 2]``; NaN where either is constant."""
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
    r"""How much more often than by chance a speaker takes on the emotion of the other one.

    .. math:: P(y_t = y_{t-1},\; s_t \neq s_{t-1}) - P_{\text{shuffled}}(y_t = y_{t-1},\; s_t \neq s_{t-1})

    over adjacent labelled turns, with labels shuffled within each dialogue. The mean over all shuffles is
    exact: two turns of a dialogue agree with probability :math:`\sum_c n_c (n_c - 1) / n (n - 1)`. A
    definition of this project; there is no standard one.

    Args:
        emotion: class of each turn, `UNLABELLED` where there is none.
        speaker: who speaks.
        dialogue: number of each turn's dialogue.
        turn: positions of the labelled turns that have an earlier one.
        previous: positions of the labelled turns before them, whoever speaks.

    Shapes:
        emotion, speaker, dialogue ``[N]``; turn, previous ``[P]``.

    Returns:
        a difference of probabilities; NaN without a pair.
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


def transition_error(truth: NDArray[np.int64], guess: NDArray[np.int64], classes: int) -> float:
    """Mean Jensen-Shannon divergence between the rows of two transition matrices, in bits.

    A row is the distribution of the present class given the previous one. Rows of classes that occur as the
    previous one in the annotation are compared; one that the prediction never leaves has nothing in common
    and counts as 1. A definition of this project; there is no standard one.

    Args:
        truth: annotated previous and present class.
        guess: predicted previous and present class.
        classes: how many there are, ``C``.

    Shapes:
        truth, guess ``[P, 2]``.

    Returns:
        between 0 (the same) and 1 (nothing in common); NaN without a pair.
    """
    expected, said = _rows(truth, classes), _rows(guess, classes)
    shown = ~np.isnan(expected[:, 0])
    if not shown.any():
        return float("nan")
    divergence = _entropy((expected + said) / 2) - (_entropy(expected) + _entropy(said)) / 2
    return float(np.where(np.isnan(divergence), 1.0, divergence)[shown].mean())


def _rows(pairs: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """Transition probabilities ``[C, C]``; rows of NaN where a class is never the previous one."""
    counts = np.zeros((classes, classes))
    np.add.at(counts, (pairs[:, 0], pairs[:, 1]), 1)
    total = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0)


def _entropy(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    logarithm = np.log2(rows, out=np.zeros_like(rows), where=rows > 0)
    return -(rows * logarithm).sum(axis=-1)
