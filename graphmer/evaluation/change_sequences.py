"""Changes of emotion as boundaries in the sequence of one speaker's turns.

A sequence of ``n`` labelled turns has ``n - 1`` gaps, each a boundary or not. Numbers are pooled over
sequences: a long one weighs as many gaps, windows or segments as it has.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Gaps = NDArray[np.bool_]
"""Which gaps of a sequence are boundaries, ``[n - 1]``."""

_ROUNDING = 0.5


def turns_by_party(party: NDArray[np.int64], labelled: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Positions of the labelled turns of each speaker of each dialogue, in their order.

    Args:
        party: a number for every speaker of every dialogue ``[N]``.
        labelled: which turns are annotated ``[N]``.
    """
    turns = np.flatnonzero(labelled)
    if len(turns) == 0:
        return []
    order = turns[np.argsort(party[turns], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(party[order])) + 1)


def boundary_f1(truth: Sequence[Gaps], guess: Sequence[Gaps], tolerance: int) -> float:
    """F1 of boundaries that may be misplaced by some of the speaker's turns.

    Every boundary is matched at most once. With a tolerance of 0 this is the F1 of shifts.

    Args:
        truth: annotated boundaries of each sequence.
        guess: predicted boundaries of the same sequences.
        tolerance: gaps by which a match may be off.

    Returns:
        a fraction; NaN where nothing is annotated.
    """
    annotated, predicted = sum(int(g.sum()) for g in truth), sum(int(g.sum()) for g in guess)
    hits = sum(_matches(t, g, tolerance) for t, g in zip(truth, guess, strict=True))
    return 2 * hits / (annotated + predicted) if annotated else float("nan")


def _matches(truth: Gaps, guess: Gaps, tolerance: int) -> int:
    """Size of the largest one-to-one matching; on a line, matching from the left attains it."""
    expected, said = np.flatnonzero(truth).tolist(), np.flatnonzero(guess).tolist()
    matched = first = 0
    for place in expected:
        while first < len(said) and said[first] < place - tolerance:
            first += 1
        if first < len(said) and said[first] <= place + tolerance:
            matched += 1
            first += 1
    return matched


def window_difference(truth: Sequence[Gaps], guess: Sequence[Gaps]) -> float:
    r"""WindowDiff: the fraction of windows that hold another number of boundaries than annotated.

    .. math:: \frac{1}{n-k} \sum_{i=1}^{n-k} [\,b(t_i, t_{i+k}) \neq b(g_i, g_{i+k})\,]

    (Pevzner and Hearst, 2002, section 4), where the window spans ``k`` gaps, half the mean length of the
    sequence's annotated segments, rounded, at least 1. Lower is better.

    **Differences from the paper**: every speaker of a dialogue is a sequence with its own window, and windows
    of all sequences are pooled.

    Args:
        truth: annotated boundaries of each sequence.
        guess: predicted boundaries of the same sequences.

    Returns:
        a fraction; NaN where there is no gap at all.
    """
    differing = windows = 0
    for expected, said in zip(truth, guess, strict=True):
        turns, segments = len(expected) + 1, int(expected.sum()) + 1
        width = max(1, int(turns / (2 * segments) + _ROUNDING))
        apart = _windowed(expected, width) != _windowed(said, width)
        differing, windows = differing + int(apart.sum()), windows + len(apart)
    return differing / windows if windows else float("nan")


def _windowed(gaps: Gaps, width: int) -> NDArray[np.int64]:
    """Boundaries in each window."""
    total = np.concatenate([[0], np.cumsum(gaps)])
    return total[width:] - total[:-width]


def change_error_rate(truth: Sequence[NDArray[Any]], guess: Sequence[NDArray[Any]]) -> float:
    """Edit distance between the emotions passed through, as a share of the annotated ones.

    Repeated emotions of a sequence are collapsed first, so that only changes and their order count, not
    where they are. Like a word error rate it may exceed 1.

    Args:
        truth: annotated emotions of each sequence.
        guess: predicted emotions of the same sequences.

    Returns:
        insertions, deletions and substitutions over the collapsed annotated length; NaN without sequences.
    """
    errors = length = 0
    for expected, said in zip(truth, guess, strict=True):
        collapsed = _collapsed(expected)
        errors, length = errors + _distance(collapsed, _collapsed(said)), length + len(collapsed)
    return errors / length if length else float("nan")


def _collapsed(emotions: NDArray[Any]) -> list[int]:
    starts = np.concatenate([[True], emotions[1:] != emotions[:-1]])
    found: list[int] = emotions[starts[: len(emotions)]].tolist()
    return found


def _distance(first: list[int], second: list[int]) -> int:
    """Levenshtein distance."""
    row = list(range(len(second) + 1))
    for i, here in enumerate(first, start=1):
        diagonal, row[0] = row[0], i
        for j, there in enumerate(second, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (here != there))
    return row[-1]
