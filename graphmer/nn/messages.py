"""Message passing over the typed relations of a dialogue graph."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch_geometric.nn import GATv2Conv, RGATConv, TransformerConv

from graphmer.nn.aggregation import Edges
from graphmer.nn.cache import MessageCache
from graphmer.nn.dropout import Dropout


class RelationalConv(nn.Module):
    """Relational graph convolution with mean aggregation (Schlichtkrull et al. 2018, eq. 2).

    ``x_i' = W_0 x_i + sum_r (1 / |N_r(i)|) sum_{j in N_r(i)} W_r x_j``.

    Differences from `torch_geometric.nn.RGCNConv`: neighbours are averaged per relation first, so that one
    product serves all relations, without a loop over them and without a copy of the state for each edge.
    Equal to it to rounding.

    Args:
        width: ``D`` in and out.
        relations: ``R``.
    """

    def __init__(self, width: int, relations: int) -> None:
        super().__init__()
        self.own = nn.Linear(width, width)
        self.heard = nn.Linear(relations * width, width, bias=False)

    def forward(self, state: Tensor, edges: Edges) -> Tensor:
        return self.own(state) + self.heard(edges.mean(state))


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
    return _RelationAttention(TransformerConv(width, width // heads, heads, edge_dim=width), width, relations)


def _gatv2(width: int, relations: int, heads: int) -> nn.Module:
    conv = GATv2Conv(width, width // heads, heads, edge_dim=width, add_self_loops=False)
    return _RelationAttention(conv, width, relations)


def _rgat(width: int, relations: int, heads: int) -> nn.Module:
    conv = RGATConv(width, width // heads, relations, heads=heads)
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
"""Message functions by the name a model is configured with: ``(D, R, heads) -> layer(state, edges)``."""


class MessagePassing(nn.Module):
    """Layers of message passing, each with pre-norm and residual, between a linear map and a norm.

    ``x <- x + Drop(ReLU(conv(LN(x))))``. A turn that heard nothing keeps its own state.

    Args:
        inputs: width of the states that come in.
        width: ``D`` of the states that are passed and go out.
        depth: number of layers.
        relations: ``R``.
        convolution: name in `CONVOLUTIONS`.
        heads: attention heads, for the layers that have them.
        dropout: probability on what was heard.

    Raises:
        ValueError: if there is no such convolution, or it has heads and their number does not divide `width`.
    """

    def __init__(
        self,
        inputs: int,
        width: int,
        depth: int,
        relations: int,
        *,
        convolution: str,
        heads: int,
        dropout: float,
    ) -> None:
        super().__init__()
        if convolution not in CONVOLUTIONS:
            raise ValueError(f"`convolution` must be one of {list(CONVOLUTIONS)}; got {convolution!r}.")
        if convolution != "rgcn" and width % heads:
            raise ValueError(f"`heads` must divide `width`; got {heads} heads for width {width}.")
        self.width = width
        self.relations = relations
        self.enter = nn.Linear(inputs, width)
        make = CONVOLUTIONS[convolution]
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth))
        self.convolutions = nn.ModuleList(make(width, relations, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(dropout)

    def forward(
        self, state: Tensor, edge_index: Tensor, edge_type: Tensor, memory: MessageCache | None = None
    ) -> Tensor:
        """States of the turns after message passing.

        Args:
            state: of the turns, ``[N, inputs]``.
            edge_index: who hears whom; with a memory of ``K`` turns, these are the rows before the ``N``.
            edge_type: relation of each edge.
            memory: what earlier turns said, which are heard and do not listen.
        """
        state = self.enter(state)
        rows = len(state) + (0 if memory is None else len(memory))
        edges = Edges(edge_index, edge_type, rows, self.relations)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            said = norm(state) if memory is None else memory.extend(norm(state))
            heard = convolution(said, edges)[-len(state) :]
            state = state + self.dropout(torch.relu(heard))
        return self.norm(state)
