"""Segmentation metrics: emotion changes as boundaries in the sequence of turns of one speaker.

A sequence of ``n`` labelled turns has ``n - 1`` gaps; each gap is a boundary or not. Counts are pooled over
sequences, so that a sequence is weighted by its number of gaps, windows or segments.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Gaps = NDArray[np.bool_]
"""Whether each gap of a sequence is a boundary, ``[n - 1]``."""

_ROUNDING = 0.5


def turns_by_speaker(speaker: NDArray[np.int64], labelled: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Positions of the labelled turns of each speaker, in temporal order.

    Args:
        speaker: speaker numbers that are unique across dialogues ``[N]``.
        labelled: which turns are labelled ``[N]``.
    """
    turns = np.flatnonzero(labelled)
    if len(turns) == 0:
        return []
    order = turns[np.argsort(speaker[turns], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(speaker[order])) + 1)


def boundary_f1(target: Sequence[Gaps], predicted: Sequence[Gaps], tolerance: int) -> float:
    """F1 of boundaries with a tolerance in turns of the speaker.

    Every boundary is matched at most once. With a tolerance of 0 this is the F1 of shifts.

    Args:
        target: annotated boundaries of each sequence.
        predicted: predicted boundaries of the same sequences.
        tolerance: maximum distance of a match, in gaps.

    Returns:
        a fraction; NaN if there are no annotated boundaries.
    """
    total = [sum(int(gaps.sum()) for gaps in sequences) for sequences in (target, predicted)]
    matched = sum(_matches(t, p, tolerance) for t, p in zip(target, predicted, strict=True))
    return 2 * matched / sum(total) if total[0] else float("nan")


def _matches(target: Gaps, predicted: Gaps, tolerance: int) -> int:
    """Size of the maximum one-to-one matching; greedy matching from the left is optimal on a line."""
    boundaries, candidates = np.flatnonzero(target).tolist(), np.flatnonzero(predicted).tolist()
    matched = first = 0
    for boundary in boundaries:
        while first < len(candidates) and candidates[first] < boundary - tolerance:
            first += 1
        if first < len(candidates) and candidates[first] <= boundary + tolerance:
            matched += 1
            first += 1
    return matched


def window_difference(target: Sequence[Gaps], predicted: Sequence[Gaps]) -> float:
    r"""WindowDiff: fraction of windows in which the numbers of annotated and predicted boundaries differ.

    .. math:: \frac{1}{n-k} \sum_{i=1}^{n-k} [\,b(t_i, t_{i+k}) \neq b(p_i, p_{i+k})\,]

    (Pevzner and Hearst, 2002, section 4). A window spans ``k`` gaps: half the mean length of the annotated
    segments of the sequence, rounded, at least 1. Lower is better.

    **Differences from the paper**: every speaker of a dialogue is a sequence with its own window width, and
    the windows of all sequences are pooled.

    Args:
        target: annotated boundaries of each sequence.
        predicted: predicted boundaries of the same sequences.

    Returns:
        a fraction; NaN if there are no gaps.
    """
    differing = windows = 0
    for true_gaps, predicted_gaps in zip(target, predicted, strict=True):
        turns, segments = len(true_gaps) + 1, int(true_gaps.sum()) + 1
        width = max(1, int(turns / (2 * segments) + _ROUNDING))
        unequal = _windowed(true_gaps, width) != _windowed(predicted_gaps, width)
        differing, windows = differing + int(unequal.sum()), windows + len(unequal)
    return differing / windows if windows else float("nan")


def _windowed(gaps: Gaps, width: int) -> NDArray[np.int64]:
    """Number of boundaries in each window."""
    total = np.concatenate([[0], np.cumsum(gaps)])
    return total[width:] - total[:-width]


def change_error_rate(target: Sequence[NDArray[Any]], predicted: Sequence[NDArray[Any]]) -> float:
    """Edit distance between collapsed emotion sequences, relative to the annotated length.

    Consecutive equal emotions of a sequence are collapsed first, so that the changes and their order count,
    but not their positions. Like a word error rate, the value may exceed 1.

    Args:
        target: annotated emotions of each sequence.
        predicted: predicted emotions of the same sequences.

    Returns:
        insertions, deletions and substitutions divided by the collapsed annotated length; NaN if there are no
        sequences.
    """
    errors = length = 0
    for true_emotions, predicted_emotions in zip(target, predicted, strict=True):
        collapsed = _collapsed(true_emotions)
        errors += _distance(collapsed, _collapsed(predicted_emotions))
        length += len(collapsed)
    return errors / length if length else float("nan")


def _collapsed(emotions: NDArray[Any]) -> list[int]:
    starts = np.concatenate([[True], emotions[1:] != emotions[:-1]])
    found: list[int] = emotions[starts[: len(emotions)]].tolist()
    return found


def _distance(first: list[int], second: list[int]) -> int:
    """Levenshtein distance."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]
