"""Relational mean aggregation without a copy of the state for each edge."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag


@dataclass(frozen=True)
class Edges:
    """Typed edges between the rows of a state, ordered by target and by source.

    One object serves all layers of message passing, so that edges are sorted once.

    Args:
        index: source and target row of each edge, as PyG's ``edge_index``.
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
    def neighborhood(self) -> Tensor:
        """Number of the (target, relation) neighborhood of each edge, ``[E]``."""
        return self.index[1] * self.relations + self.kind

    @cached_property
    def by_target(self) -> tuple[Tensor, Tensor]:
        """Sources ordered by (target, relation) ``[E]``, and where each neighborhood begins ``[N * R]``."""
        return self.index[0][torch.argsort(self.neighborhood, stable=True)], self._begin(self.count)

    @cached_property
    def by_source(self) -> tuple[Tensor, Tensor, Tensor]:
        """Neighborhoods ordered by source ``[E]``, where each source begins ``[N]``, and weights ``[E]``.

        The weight of an edge is one over the number of edges of its neighborhood.
        """
        neighborhood = self.neighborhood[torch.argsort(self.index[0], stable=True)]
        begin = self._begin(torch.bincount(self.index[0], minlength=self.rows))
        return neighborhood, begin, 1 / self.count[neighborhood]

    @cached_property
    def count(self) -> Tensor:
        """Edges of each (target, relation) neighborhood, ``[N * R]``."""
        return torch.bincount(self.neighborhood, minlength=self.rows * self.relations)

    @staticmethod
    def _begin(count: Tensor) -> Tensor:
        return torch.cumsum(count, 0) - count

    def mean(self, state: Tensor) -> Tensor:
        """Mean state of the neighbors of each row by relation, zero where it has none.

        Shapes:
            state ``[N, D]``; returns ``[N, R * D]``.
        """
        if torch.compiler.is_exporting():
            return self._scattered_mean(state)
        if torch.is_grad_enabled():
            aggregated: Tensor = _Mean.apply(state, self)  # type: ignore[no-untyped-call]
        else:
            sources, begin = self.by_target
            aggregated = embedding_bag(sources, state, begin, mode="mean")
        return aggregated.view(self.rows, self.relations * state.shape[1])

    def _scattered_mean(self, state: Tensor) -> Tensor:
        """The same by operators that every runtime has, with a copy of the state for each edge."""
        total = state.new_zeros(self.rows * self.relations, state.shape[1])
        total = total.index_add(0, self.neighborhood, state[self.index[0]])
        ones = state.new_ones(self.neighborhood.shape)
        count = state.new_zeros(self.rows * self.relations).index_add(0, self.neighborhood, ones)
        return (total / count.clamp_min(1)[:, None]).view(self.rows, self.relations * state.shape[1])


class _Mean(torch.autograd.Function):
    """Sums over edges in both directions; no tensor has a row for each edge and all features."""

    @staticmethod
    def forward(ctx: Any, state: Tensor, edges: Edges) -> Tensor:
        ctx.edges = edges
        sources, begin = edges.by_target
        return embedding_bag(sources, state, begin, mode="mean")

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        neighborhood, begin, weight = ctx.edges.by_source
        weight = weight.to(gradient.dtype)
        return embedding_bag(neighborhood, gradient, begin, mode="sum", per_sample_weights=weight), None
