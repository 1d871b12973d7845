"""Convolution with signed weights: the high frequencies of the states of a graph."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag


@dataclass(frozen=True)
class Neighbors:
    """Edges ordered by target, with their symmetric normalisation; one object serves all layers.

    Args:
        index: source and target of each edge, self loops included where they are wanted.
        nodes: number of nodes, ``N``.

    Shapes:
        index ``[2, E]``.
    """

    index: Tensor
    nodes: int

    @cached_property
    def ordered(self) -> Tensor:
        """The edges by target, ``[2, E]``."""
        return self.index[:, torch.argsort(self.index[1], stable=True)]

    @cached_property
    def degree(self) -> Tensor:
        """Edges into each node, ``[N]``."""
        return torch.bincount(self.index[1], minlength=self.nodes)

    @cached_property
    def norm(self) -> Tensor:
        """``1 / sqrt(d_i d_j)`` of each edge, in the order of `ordered`, ``[E]``."""
        root = self.degree.clamp_min(1).rsqrt()  # a node that only sends has a degree of one
        source, target = self.ordered
        return root[source] * root[target]


class HighPassConv(nn.Module):
    """Sum over the neighbors, with a sign of their own (Bo et al., AAAI 2021, arXiv 2101.00797, eq. 4-5).

    ``x_i' = sum_{j in N(i)} tanh(w^T [x_i; x_j] + b) / sqrt(d_i d_j) x_j``. A negative gate subtracts a
    neighbor, and so passes what differs between the two.

    Differences from `torch_geometric.nn.FAConv` (``eps=0, add_self_loops=False``): the gate has the bias
    ``b`` of the systems that use it, and no tensor has a row for each edge and all features.

    Args:
        width: ``D`` in and out.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.target = nn.Linear(width, 1)
        self.source = nn.Linear(width, 1, bias=False)

    def forward(self, state: Tensor, neighbors: Neighbors) -> Tensor:
        """Sums of the neighbors of each node, zero where it has none, ``[N, D]``."""
        source, target = neighbors.ordered
        gate = torch.tanh(self.target(state)[target] + self.source(state)[source]).squeeze(1)
        begin = torch.cumsum(neighbors.degree, 0) - neighbors.degree
        weight = (gate * neighbors.norm).to(state.dtype)
        return embedding_bag(source, state, begin, mode="sum", per_sample_weights=weight)
