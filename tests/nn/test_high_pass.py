"""Signed convolution against figures worked out by hand, naive loops, and PyG's layer."""

import math

import pytest
import torch
from torch_geometric.nn import FAConv

from graphmer.nn.high_pass import HighPassConv, Neighbors
from tests.nn.test_hypergraph import windows


def test_windows_of_one_turn_give_the_figures_worked_out_by_hand():
    """A gate of one half on all edges; turns are neighbors of themselves, and degrees 2, 3 and 2 count it."""
    layer = HighPassConv(1)
    with torch.no_grad():
        layer.source.weight.zero_()
        layer.target.weight.zero_()
        layer.target.bias.fill_(math.atanh(0.5))
    found = layer(torch.tensor([[1.0], [2.0], [4.0]]), Neighbors(windows(3), 3))
    torch.testing.assert_close(found.flatten(), torch.tensor([0.6582, 1.3540, 1.4082]), atol=5e-5, rtol=0)


def test_without_the_bias_of_its_gate_it_is_pygs_layer():
    torch.manual_seed(0)
    layer, reference = HighPassConv(4), FAConv(4, eps=0.0, add_self_loops=False)
    with torch.no_grad():
        layer.target.bias.zero_()
        reference.att_l.weight.copy_(layer.source.weight)
        reference.att_r.weight.copy_(layer.target.weight)
    state, index = torch.randn(9, 4), windows(9, 2)
    shuffled = index[:, torch.randperm(index.shape[1])]
    torch.testing.assert_close(layer(state, Neighbors(shuffled, 9)), reference(state, state, index))


def test_it_is_the_equation_where_edges_have_one_direction_and_nodes_have_none():
    torch.manual_seed(0)
    layer, state = HighPassConv(3).double(), torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    edges, degree = [(0, 1), (2, 1), (1, 2)], [1, 2, 1, 1]
    found = layer(state, Neighbors(torch.tensor(edges).T, 4))
    expected = [torch.zeros(3, dtype=torch.float64) for _ in range(4)]
    for source, target in edges:
        gate = torch.tanh(layer.target(state[target]) + layer.source(state[source]))
        expected[target] = expected[target] + gate * state[source] / math.sqrt(
            degree[source] * degree[target]
        )
    torch.testing.assert_close(found, torch.stack(expected))
    (one,) = torch.autograd.grad(found.square().sum(), state, retain_graph=True)
    (other,) = torch.autograd.grad(torch.stack(expected).square().sum(), state)
    torch.testing.assert_close(one, other)


@pytest.mark.parametrize("nodes", [1, 3])
def test_without_edges_it_is_zero(nodes):
    assert not HighPassConv(2)(
        torch.randn(nodes, 2), Neighbors(torch.zeros(2, 0, dtype=torch.long), nodes)
    ).any()
