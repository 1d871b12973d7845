"""Who hears whom, laid out so that what is heard can be averaged without a copy for each edge."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag


@dataclass(frozen=True)
class Edges:
    """Typed edges between the rows of a state, and their order by listener and by speaker.

    One object serves all layers of message passing, so that edges are sorted once.

    Args:
        index: rows of who is heard and who hears.
        kind: relation of each edge.
        rows: number of rows, ``N``.
        relations: number of relations, ``R``.

    Shapes:
        index ``[2, E]``; kind ``[E]``.
    """

    index: Tensor
    kind: Tensor
    rows: int
    relations: int

    @cached_property
    def cell(self) -> Tensor:
        """Callback and relation of each edge as one number, ``[E]``."""
        return self.index[1] * self.relations + self.kind

    @cached_property
    def by_target(self) -> tuple[Tensor, Tensor]:
        """Who is heard, ordered by cell ``[E]``, and where each cell begins ``[N * R]``."""
        return self.index[0][torch.argsort(self.cell, stable=True)], self._begin(self.count)

    @cached_property
    def by_source(self) -> tuple[Tensor, Tensor, Tensor]:
        """Cells ordered by who is heard ``[E]``, where each speaker begins ``[N]``, and shares ``[E]``.

        The share of an edge is one over the number of edges of its cell.
        """
        cell = self.cell[torch.argsort(self.index[0], stable=True)]
        begin = self._begin(torch.bincount(self.index[0], minlength=self.rows))
        return cell, begin, 1 / self.count[cell]

    @cached_property
    def count(self) -> Tensor:
        """Edges of each cell, ``[N * R]``."""
        return torch.bincount(self.cell, minlength=self.rows * self.relations)

    @staticmethod
    def _begin(count: Tensor) -> Tensor:
        return torch.cumsum(count, 0) - count

    def mean(self, state: Tensor) -> Tensor:
        """Mean state of those a row hears by each relation, zero where it hears nobody.

        Shapes:
            state ``[N, D]``; returns ``[N, R * D]``.
        """
        said: Tensor = _Mean.apply(state, self)  # type: ignore[no-untyped-call]
        return said.view(self.rows, self.relations * state.shape[1])


class _Mean(torch.autograd.Function):
    """Sums over edges in both directions; no tensor has a row for each edge and all features."""

    @staticmethod
    def forward(ctx: Any, state: Tensor, edges: Edges) -> Tensor:
        ctx.edges = edges
        heard, begin = edges.by_target
        return embedding_bag(heard, state, begin, mode="mean")

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        cell, begin, share = ctx.edges.by_source
        share = share.to(gradient.dtype)
        return embedding_bag(cell, gradient, begin, mode="sum", per_sample_weights=share), None
