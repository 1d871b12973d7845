"""Averages over hyperedges against figures worked out by hand, naive loops, and PyG's layer."""

import pytest
import torch
from torch_geometric.nn import HypergraphConv

from graphmer.graph import GraphBuilder, TemporalWindow
from graphmer.nn.hypergraph import Hypergraph, MeanIncidenceConv, mean_incidence
from graphmer.nn.pair_relations import PairRelations
from tests.talks import talk


def windows(turns: int, size: int = 1) -> torch.Tensor:
    """Edges of each turn to itself and those near it."""
    build = GraphBuilder({"context": TemporalWindow(size, size)})
    graph = build(talk("A" * turns))
    return PairRelations(build.relations)(graph.edge_index, graph.edge_type, turns).index


def everyone(index: torch.Tensor) -> Hypergraph:
    return Hypergraph(
        index[0], index[1], int(index[1].max()) + 1, torch.ones_like(index[0], dtype=torch.bool)
    )


def test_windows_of_one_turn_give_the_figures_worked_out_by_hand():
    """Means of the windows are 1.5, 7/3 and 3."""
    averaged = mean_incidence(torch.tensor([[1.0], [2.0], [4.0]]), everyone(windows(3)))
    torch.testing.assert_close(averaged.flatten(), torch.tensor([1.9167, 2.2778, 2.6667]), atol=5e-5, rtol=0)


def test_it_is_pygs_hypergraph_convolution_with_the_identity_as_its_map():
    torch.manual_seed(0)
    state, graph = torch.randn(7, 5), everyone(windows(7, 2))
    reference = HypergraphConv(5, 5, bias=False)
    with torch.no_grad():
        reference.lin.weight.copy_(torch.eye(5))
    index = torch.stack([graph.node, graph.hyperedge])
    torch.testing.assert_close(mean_incidence(state, graph), reference(state, index))


def test_weights_and_who_sends_are_those_of_the_equation():
    generator = torch.Generator().manual_seed(0)
    state = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    weight = torch.tensor([0.5, 2.0, 3.0], dtype=torch.float64)
    members = {0: [0, 1, 2], 1: [2, 3], 2: [4]}
    sends = {0, 2, 3}
    incidences = [(node, edge) for edge, nodes in members.items() for node in nodes]
    node, edge = torch.tensor(incidences).T
    found = mean_incidence(
        state, Hypergraph(node, edge, 3, torch.tensor([n in sends for n in node.tolist()])), weight
    )
    means = {0: (state[0] + state[2]) / 2, 1: (state[2] + state[3]) / 2}
    expected = [
        means[0],
        means[0],
        (0.5 * means[0] + 2 * means[1]) / 2.5,
        means[1],
        torch.zeros(3, dtype=torch.float64),  # the only member of an empty hyperedge
    ]
    torch.testing.assert_close(found, torch.stack(expected))


def test_the_layer_adds_a_bias_and_bends_what_is_negative():
    layer = MeanIncidenceConv(1)
    with torch.no_grad():
        layer.bias.fill_(-2.0)
    found = layer(torch.tensor([[1.0], [2.0], [4.0]]), everyone(windows(3)))
    assert found.flatten().tolist() == pytest.approx([-0.01 * (2 - 23 / 12), 41 / 18 - 2, 8 / 3 - 2])
    found.sum().backward()
    assert layer.bias.grad.item() == pytest.approx(2.01)
