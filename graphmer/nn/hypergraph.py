"""Averages over the hyperedges of a hypergraph: the low frequencies of its states."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Hypergraph:
    """Incidence of nodes and hyperedges.

    Args:
        node: node of each incidence.
        hyperedge: hyperedge of each incidence.
        hyperedges: number of hyperedges, ``H``.
        sends: whether the node counts in the average of the hyperedge; one that does not only reads it.

    Shapes:
        node, hyperedge, sends ``[K]``.
    """

    node: Tensor
    hyperedge: Tensor
    hyperedges: int
    sends: Tensor


class MeanIncidenceConv(nn.Module):
    """Average over the hyperedges of a node of the average over the nodes of a hyperedge, without weights.

    ``x' = LeakyReLU(D^-1 H W B^-1 H^T x + b)``; ``H`` is the incidence, ``B`` the number of nodes of each
    hyperedge, ``W`` the weights of the hyperedges and ``D`` their sum at each node. A node all of whose
    hyperedges are empty averages nothing and has the state ``b``.

    Differences from `torch_geometric.nn.HypergraphConv`: no linear map of the states, and a mean that is
    weighted where it multiplies with ``W`` as well as where it divides.

    Args:
        width: ``D`` in and out.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, state: Tensor, graph: Hypergraph, weight: Tensor | None = None) -> Tensor:
        """States of the nodes.

        Args:
            state: of the nodes.
            graph: its hyperedges.
            weight: positive weight of each hyperedge; equal weights when left out.

        Shapes:
            state ``[N, D]``; weight ``[H]``; returns ``[N, D]``.
        """
        return nn.functional.leaky_relu(mean_incidence(state, graph, weight) + self.bias)


def mean_incidence(state: Tensor, graph: Hypergraph, weight: Tensor | None = None) -> Tensor:
    """``D^-1 H W B^-1 H^T x``, arguments as those of `MeanIncidenceConv`."""
    sender, joined = graph.node[graph.sends], graph.hyperedge[graph.sends]
    members = torch.bincount(joined, minlength=graph.hyperedges)[:, None]
    mean = state.new_zeros(graph.hyperedges, state.shape[1]).index_add(0, joined, state[sender])
    mean = mean / members.clamp_min(1)
    share = (members > 0).to(state.dtype)  # what nobody sends to is no average of zero
    if weight is not None:
        share = share * weight[:, None].to(state.dtype)
    rows = torch.cat([share * mean, share], dim=1)[graph.hyperedge]
    total = state.new_zeros(len(state), rows.shape[1]).index_add(0, graph.node, rows)
    received = total[:, -1:]
    return total[:, :-1] / received.where(received > 0, 1.0)
