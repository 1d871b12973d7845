"""Sequences of different lengths as a few grids of similar ones, of which hardly anything is padding."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

SMALLEST_PADDING = 32
"""Cells of a group that may be empty in any case; a group of its own costs more in calls than they do."""


@dataclass(frozen=True)
class LengthGroup:
    """Sequences of similar lengths side by side, padded to the longest of them.

    Attributes:
        sequence: which ones, the longest first.
        row: row in each cell, that of the sequence's last row where there is none.
        filled: which cells have a row.

    Shapes:
        sequence long ``[S]``; row long, filled bool ``[S, L]``.
    """

    sequence: Tensor
    row: Tensor
    filled: Tensor

    @property
    def full(self) -> bool:
        """Whether all lengths are equal."""
        return bool(self.filled.all())


def length_groups(length: Tensor) -> Iterator[LengthGroup]:
    """Groups of sequences whose rows follow one another, from the longest to the shortest.

    Args:
        length: of each sequence, at least 1.

    Shapes:
        length long ``[S]``.
    """
    order = torch.argsort(length, descending=True, stable=True)
    first = torch.cumsum(length, 0) - length
    for chosen in _ranges(length[order].tolist()):
        sequence = order[chosen]
        own = length[sequence, None]
        place = torch.arange(int(own[0]), device=length.device)
        yield LengthGroup(sequence, first[sequence, None] + torch.minimum(place, own - 1), place < own)


def _ranges(lengths: Sequence[int]) -> Iterator[slice]:
    """Ranges of falling lengths, of which an eighth at most is padding."""
    begin = padding = 0
    for place, length in enumerate(lengths):
        padding += lengths[begin] - length
        if padding > max(SMALLEST_PADDING, lengths[begin] * (place + 1 - begin) // 8):
            yield slice(begin, place)
            begin, padding = place, 0
    yield slice(begin, len(lengths))
