"""Which edges of a dialogue graph are drawn, as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from graphmer.graph import DialogueGraph

CELLS = 60
"""Most rows and columns of a relation's matrix."""


def incoming(graph: DialogueGraph, turn: int, kinds: Sequence[int]) -> dict[int, list[int]]:
    """Source turns of a turn's incoming edges, by relation.

    Args:
        graph: of the dialogue.
        turn: the target.
        kinds: numbers of the relations.
    """
    sources, found = graph.edge_index[0], graph.edge_index[1] == turn
    return {kind: sorted(sources[found & (graph.edge_type == kind)].tolist()) for kind in kinds}


@dataclass(frozen=True)
class Section:
    """The part of a relation that its matrix shows.

    Args:
        turns: the sources and the targets.
        per_cell: turns that a row or a column stands for.
    """

    turns: range
    per_cell: int

    @classmethod
    def of(cls, graph: DialogueGraph, kind: int, middle: int) -> "Section":
        """The whole dialogue where that is readable, else the turns around one.

        A relation of a long dialogue that only connects turns close to each other would be a thin diagonal;
        of such a one `CELLS` turns are shown, and of any other the whole dialogue, in cells of several turns.

        Args:
            graph: of a dialogue.
            kind: number of the relation.
            middle: the turn around which a part is shown.
        """
        turns = int(graph.num_nodes)
        source, target = graph.edge_index[:, graph.edge_type == kind]
        if turns > CELLS and bool(((source - target).abs() <= CELLS // 2).all()):
            first = max(0, min(middle - CELLS // 2, turns - CELLS))
            return cls(range(first, first + CELLS), 1)
        return cls(range(turns), -(-turns // CELLS))

    @property
    def cells(self) -> int:
        """Number of rows and of columns ``B``."""
        return -(-len(self.turns) // self.per_cell)

    def turns_of(self, cell: int) -> range:
        """The turns of a row or column."""
        return self.turns[cell * self.per_cell : (cell + 1) * self.per_cell]

    def density(self, graph: DialogueGraph, kind: int) -> Tensor:
        """Share of the pairs of turns that a relation connects, by cell: row the target, column the source.

        Args:
            graph: of the dialogue.
            kind: number of the relation.

        Shapes:
            returns ``[B, B]``.
        """
        edges = graph.edge_index[:, graph.edge_type == kind] - self.turns[0]
        inside = ((edges >= 0) & (edges < len(self.turns))).all(dim=0)
        source, target = edges[:, inside] // self.per_cell
        counts = torch.bincount(target * self.cells + source, minlength=self.cells**2)
        sizes = torch.tensor([len(self.turns_of(cell)) for cell in range(self.cells)])
        return counts.reshape(self.cells, self.cells) / (sizes[:, None] * sizes)
