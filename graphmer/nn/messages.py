"""Message passing over the typed relations of a dialogue graph."""

from collections.abc import Callable
from typing import Literal

import torch
from pydantic import model_validator
from torch import Tensor, nn

from graphmer import pyg
from graphmer.nn.aggregation import Edges
from graphmer.nn.cache import MessageCache
from graphmer.nn.dropout import Dropout
from graphmer.settings import Fraction, Layers, Settings, Width


class RelationalConv(nn.Module):
    """Relational graph convolution with mean aggregation (Schlichtkrull et al. 2018, eq. 2).

    ``x_i' = W_0 x_i + sum_r (1 / |N_r(i)|) sum_{j in N_r(i)} W_r x_j``.

    Differences from `torch_geometric.nn.RGCNConv`: neighbors are averaged per relation first, so that one
    matrix product serves all relations, without a loop over them and without a copy of the state for each
    edge. The outputs are equal to rounding.

    Args:
        width: ``D`` in and out.
        relations: ``R``.
    """

    def __init__(self, width: int, relations: int) -> None:
        super().__init__()
        self.root = nn.Linear(width, width)
        self.neighbors = nn.Linear(relations * width, width, bias=False)

    def forward(self, state: Tensor, edges: Edges) -> Tensor:
        return self.root(state) + self.neighbors(edges.mean(state))


class _RelationAttention(nn.Module):
    """A PyG attention layer that reads the relation as an edge attribute."""

    def __init__(self, conv: nn.Module, width: int, relations: int) -> None:
        super().__init__()
        self.relation = nn.Embedding(relations, width)
        self.conv = conv

    def forward(self, state: Tensor, edges: Edges) -> Tensor:
        return self.conv(state, edges.index, edge_attr=self.relation(edges.kind))


class _RelationWeights(nn.Module):
    """A PyG layer that reads the relation of each edge by its number."""

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, state: Tensor, edges: Edges) -> Tensor:
        return self.conv(state, edges.index, edges.kind)


def _transformer(width: int, relations: int, heads: int) -> nn.Module:
    return _RelationAttention(
        pyg.nn.TransformerConv(width, width // heads, heads, edge_dim=width), width, relations
    )


def _gatv2(width: int, relations: int, heads: int) -> nn.Module:
    conv = pyg.nn.GATv2Conv(width, width // heads, heads, edge_dim=width, add_self_loops=False)
    return _RelationAttention(conv, width, relations)


def _rgat(width: int, relations: int, heads: int) -> nn.Module:
    conv = pyg.nn.RGATConv(width, width // heads, relations, heads=heads)
    # Weights of modes not used here; PyG leaves one of them uninitialised, so equal seeds would differ.
    for unused in ("w", "l1", "b1", "l2", "b2"):
        conv.register_parameter(unused, None)
    return _RelationWeights(conv)


CONVOLUTIONS: dict[str, Callable[[int, int, int], nn.Module]] = {
    "rgcn": lambda width, relations, heads: RelationalConv(width, relations),
    "rgat": _rgat,
    "transformer": _transformer,
    "gatv2": _gatv2,
}
"""Convolutions by the name that settings use: ``(D, R, heads) -> layer(state, edges)``."""


class MessagePassingSettings(Settings):
    """Kind and size of message passing."""

    convolution: Literal["rgcn", "rgat", "transformer", "gatv2"] = "rgcn"
    """Convolution; name in `CONVOLUTIONS`."""
    width: Width = 128
    """Width of the states that are passed."""
    depth: Layers = 3
    """Layers; information travels `depth` neighborhoods far."""
    heads: Layers = 4
    """Attention heads, for convolutions that have them; must divide `width`."""
    dropout: Fraction = 0.3
    """Dropout probability on aggregated messages."""

    @model_validator(mode="after")
    def _divisible(self) -> "MessagePassingSettings":
        if self.convolution != "rgcn" and self.width % self.heads:
            raise ValueError(f"`heads` must divide `width`; got {self.heads} heads for width {self.width}")
        return self


class MessagePassing(nn.Module):
    """Layers of message passing, each with pre-norm and residual, between a linear map and a norm.

    ``x <- x + Drop(ReLU(conv(LN(x))))``. A turn without incoming edges keeps its own state.

    Args:
        settings: convolution, size and dropout.
        inputs: width of the input states.
        relations: ``R``.

    Attributes:
        width: ``D`` of the output states.
    """

    def __init__(self, settings: MessagePassingSettings, inputs: int, relations: int) -> None:
        super().__init__()
        width = self.width = settings.width
        self.relations = relations
        self.enter = nn.Linear(inputs, width)
        make = CONVOLUTIONS[settings.convolution]
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(settings.depth))
        self.convolutions = nn.ModuleList(
            make(width, relations, settings.heads) for _ in range(settings.depth)
        )
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(settings.dropout)

    def forward(
        self, state: Tensor, edge_index: Tensor, edge_type: Tensor, cache: MessageCache | None = None
    ) -> Tensor:
        """States of the turns after message passing.

        Args:
            state: of the turns, ``[N, inputs]``.
            edge_index: source and target of each edge; with a cache of ``K`` turns, their rows come before
                the ``N``.
            edge_type: relation of each edge.
            cache: messages of earlier turns, which are sources and never targets.
        """
        state = self.enter(state)
        turns = state.shape[0]
        rows = turns + (0 if cache is None else len(cache))
        edges = Edges(edge_index, edge_type, rows, self.relations)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            messages = norm(state) if cache is None else cache.extend(norm(state))
            aggregated = convolution(messages, edges)[rows - turns :]
            state = state + self.dropout(torch.relu(aggregated))
        return self.norm(state)
