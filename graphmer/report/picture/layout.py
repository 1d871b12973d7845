"""Where the turns of a dialogue of any length go: rows, cells and lanes."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from graphmer.dialogue import Dialogue

ROW = 48
"""Most turns in a row of discs."""

LETTERED = 5 * ROW
"""Most turns that are drawn as discs with the code of their emotion; more become narrow bars."""

BARS = 120
"""Most bars in a row."""

FEW = 12
"""Most turns in a row whose numbers are all written."""

BAR_ROWS = 10
"""Most rows of bars; where more would be needed, a bar stands for several turns."""

LANES = 10
"""Most lanes; where there are more speakers, those with the fewest turns share the last one."""


@dataclass(frozen=True)
class Layout:
    """Cells in rows of about equal length, each cell one turn or several successive ones.

    Args:
        turns: number of turns ``N``.
        per_cell: turns in a cell.
        per_row: cells in a row.
        lettered: whether cells have room for the code of an emotion.

    Example:
        >>> Layout.of(110)
        Layout(turns=110, per_cell=1, per_row=37, lettered=True)
    """

    turns: int
    per_cell: int
    per_row: int
    lettered: bool

    @classmethod
    def of(cls, turns: int) -> "Layout":
        """The layout of a dialogue with so many turns."""
        if turns <= LETTERED:
            return cls(turns, 1, even(turns, ROW), lettered=True)
        per_cell = -(-turns // (BARS * BAR_ROWS))
        return cls(turns, per_cell, even(-(-turns // per_cell), BARS), lettered=False)

    @property
    def rows(self) -> list[range]:
        """The cells of each row."""
        cells = -(-self.turns // self.per_cell)
        return [range(first, min(first + self.per_row, cells)) for first in range(0, cells, self.per_row)]

    def turns_of(self, cell: int) -> range:
        """The turns that a cell stands for."""
        return range(cell * self.per_cell, min((cell + 1) * self.per_cell, self.turns))


def even(count: int, most: int) -> int:
    """Length of a row where `count` things are spread over the fewest rows of at most `most`.

    Example:
        >>> even(50, 48), even(8, 5)
        (25, 4)
    """
    return -(-count // -(-count // most))


@dataclass(frozen=True, eq=False)
class Lanes:
    """One lane a speaker, in the order of their first turns.

    Args:
        names: of the lanes.
        lane: number of each turn's lane ``[N]``.
        sharing: number of speakers in the last lane, if it has several, else 0.
    """

    names: tuple[str, ...]
    lane: Tensor
    sharing: int

    @classmethod
    def of(cls, dialogue: Dialogue) -> "Lanes":
        """The lanes of a dialogue."""
        count = len(dialogue.speakers)
        if count <= LANES:
            return cls(dialogue.speakers, dialogue.speaker, 0)
        turns = dialogue.speaker.bincount(minlength=count)
        own = sorted(turns.argsort(descending=True, stable=True)[: LANES - 1].tolist())
        lane_of = torch.full((count,), LANES - 1)
        lane_of[own] = torch.arange(LANES - 1)
        sharing = count - len(own)
        names = (*(dialogue.speakers[number] for number in own), f"{sharing} others")
        return cls(names, lane_of[dialogue.speaker], sharing)


def window(turn: int, turns: int) -> range:
    """The turns around one that fit into a row.

    Example:
        >>> window(10, 30), window(500, 1000)
        (range(0, 30), range(476, 524))
    """
    first = max(0, min(turn - ROW // 2, turns - ROW))
    return range(first, min(first + ROW, turns))


def ticks(numbers: Sequence[int], step: int) -> list[int]:
    """Positions in `numbers` of the first one at or after each multiple of `step`.

    Example:
        >>> ticks([37, 38, 39, 40, 41], 5), ticks([0, 4, 8, 12], 10)
        ([3], [0, 3])
    """
    before = [(numbers[0] - 1) // step, *(number // step for number in numbers)]
    return [place for place, number in enumerate(numbers) if number // step != before[place]]
