"""Dialogues padded to the length of the longest, for operations on whole dialogues."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from graphmer.nn.gather import gather_cells, gather_rows


@dataclass(frozen=True)
class PaddedDialogues:
    """Grid with a cell for each turn of each dialogue of a batch, and empty cells behind shorter dialogues.

    The grid is ``[B, L]``, as attention reads it, or ``[L, B]``, as a recurrence does; its rows are in memory
    one after the other. ``rows(pad(x))`` is ``x``.

    Attributes:
        dialogue: dialogue of each turn, numbered without gaps, ``[N]``.
        cell: cell of each turn in the flattened grid, ``[N]``.
        opposite: turn that each turn is when its dialogue is reversed, ``[N]``.
        inside: which cells hold a turn, bool ``[B, L]`` or ``[L, B]``.
    """

    dialogue: Tensor
    cell: Tensor
    opposite: Tensor
    inside: Tensor

    @classmethod
    def of(cls, dialogue: Tensor, *, steps_first: bool = False) -> "PaddedDialogues":
        """Grid of a batch.

        Args:
            dialogue: dialogue of each turn, ascending, ``[N]``.
            steps_first: whether the grid is ``[L, B]``.
        """
        if torch.compiler.is_exporting():
            return cls._of_one(dialogue, steps_first=steps_first)
        number, turns = torch.unique_consecutive(dialogue, return_inverse=True, return_counts=True)[1:]
        begin = torch.cumsum(turns, 0) - turns
        turn = torch.arange(len(number), device=dialogue.device)
        place = turn - begin[number]
        count, length = len(turns), int(turns.max())
        if steps_first:
            shape, cell = (length, count), place * count + number
        else:
            shape, cell = (count, length), number * length + place
        inside = torch.zeros(count * length, dtype=torch.bool, device=dialogue.device)
        inside[cell] = True
        return cls(number, cell, (begin + turns - 1)[number] - place, inside.view(shape))

    @classmethod
    def _of_one(cls, dialogue: Tensor, *, steps_first: bool) -> "PaddedDialogues":
        """Grid of a single dialogue, whose layout depends on no values."""
        turn = torch.arange(dialogue.shape[0], device=dialogue.device)
        inside = torch.ones_like(dialogue, dtype=torch.bool)
        grid = inside[:, None] if steps_first else inside[None]
        return cls(torch.zeros_like(dialogue), turn, turn.flip(0), grid)

    def pad(self, rows: Tensor) -> Tensor:
        """The grid of some rows, zero in empty cells.

        Shapes:
            rows ``[N, ...]``; returns ``[B, L, ...]`` or ``[L, B, ...]``.
        """
        empty = rows.new_zeros(self.inside.numel(), *rows.shape[1:])
        return empty.index_copy(0, self.cell, rows).view(*self.inside.shape, *rows.shape[1:])

    def rows(self, grid: Tensor) -> Tensor:
        """The rows of the turns of a grid, ``[N, ...]``."""
        return gather_rows(grid.flatten(0, 1), self.cell)

    @cached_property
    def _mirror(self) -> Tensor:
        cells = torch.arange(self.inside.numel(), device=self.cell.device)
        return cells.index_copy(0, self.cell, self.cell[self.opposite])

    def reversed(self, grid: Tensor) -> Tensor:
        """The grid with the turns of each dialogue in reverse order; empty cells stay behind it."""
        return gather_cells(grid.flatten(0, 1), self._mirror, self._mirror).view_as(grid)
