"""Attention over edges, and relational graph convolution whose messages it weighs."""

import torch
from torch import Tensor, nn
from torch_geometric.utils import softmax

from graphmer import pyg


class EdgeAttention(nn.Module):
    """Attention of each turn over its neighbors: ``a_ij = softmax_j(u_i^T W u_j)``.

    Args:
        width: ``D`` of the states ``u``.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width, bias=False)

    def forward(self, state: Tensor, index: Tensor) -> Tensor:
        """Weight of each edge; those of the edges into a turn sum to one.

        Shapes:
            state ``[N, D]``; index ``[2, P]``; returns ``[P]``.
        """
        source, target = index
        score = (self.query(state)[target] * state[source]).sum(dim=1)
        weight: Tensor = softmax(score, target, num_nodes=len(state))
        return weight


class AttendedRelations(nn.Module):
    """Relational graph convolution with bases, whose messages are weighted.

    ``h_i = W_0 u_i + sum_r sum_{j in N_r(i)} a_ij W_r u_j + c``, ``W_r = sum_b c_rb V_b``. With equal weights
    it is PyG's `RGCNConv` with the aggregation ``sum``.

    Args:
        inputs: width of the states ``u``.
        width: width of the states ``h``.
        relations: number of relations, ``R``.
        bases: number of bases ``V``.
    """

    def __init__(self, inputs: int, width: int, relations: int, bases: int) -> None:
        super().__init__()
        self.relations = relations
        self.basis = nn.Parameter(torch.empty(bases, inputs, width))
        self.coefficient = nn.Parameter(torch.empty(relations, bases))
        self.own = nn.Linear(inputs, width)
        pyg.nn.inits.glorot(self.basis)
        pyg.nn.inits.glorot(self.coefficient)

    def forward(self, state: Tensor, index: Tensor, kind: Tensor, weight: Tensor) -> Tensor:
        """Shapes: state ``[N, inputs]``; index ``[2, P]``; kind, weight ``[P]``; returns ``[N, width]``."""
        source, target = index
        total = state.new_zeros(len(state) * self.relations, state.shape[1])
        total = total.index_add(0, target * self.relations + kind, weight[:, None] * state[source])
        relation = (self.coefficient @ self.basis.flatten(1)).view(-1, self.basis.shape[2])
        return self.own(state) + total.view(len(state), -1) @ relation
