"""Graph and convolution against loops, PyG's layer and figures worked out by hand."""

import math

import pytest
import torch
from torch_geometric.nn import GCN2Conv

from graphmer.nn.gcnii import GCNII, SimilarityGraph

THERE = torch.tensor(
    [[[True, True, False], [True, True, True]], [[False, False, False], [True, True, False]]]
)


def weights(nodes: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    """Weights of all pairs of nodes of one dialogue, as loops, ``[M * L, M * L]``."""
    modalities, turns, _ = nodes.shape
    found = torch.zeros(modalities, turns, modalities, turns)
    for m in range(modalities):
        for i in range(turns):
            for n in range(modalities):
                for j in range(turns):
                    if there[m, i] and there[n, j] and (m == n or i == j):
                        x, y = nodes[m, i], nodes[n, j]
                        cosine = (x @ y / (x.norm() * y.norm())).item()
                        found[m, i, n, j] = 1 - math.acos(0.99999 * cosine) / math.pi
    return found.flatten(2).flatten(0, 1)


def test_it_propagates_over_similarities_normalised_by_the_degrees():
    torch.manual_seed(0)
    nodes, state = torch.randn(2, 2, 3, 4), torch.randn(2, 2, 3, 5)
    found = SimilarityGraph(nodes, THERE)(state)
    for each in range(2):
        adjacency = weights(nodes[each], THERE[each])
        scale = adjacency.sum(dim=1).clamp_min(1e-12).rsqrt() * THERE[each].flatten()
        expected = (scale[:, None] * adjacency * scale) @ state[each].flatten(0, 1)
        torch.testing.assert_close(found[each].flatten(0, 1), expected)


def test_parallel_orthogonal_and_opposite_turns_weigh_about_one_a_half_and_zero():
    nodes = torch.tensor([[[[1.0, 0.0], [3.0, 0.0], [0.0, 2.0], [-1.0, 0.0]]]])
    there = torch.ones(1, 1, 4, dtype=torch.bool)
    graph = SimilarityGraph(nodes, there)
    near = 1 - math.acos(0.99999) / math.pi
    raw = torch.tensor([near, near, 0.5, 1 - near])  # of the first turn
    degree = torch.tensor([2 * near + 0.5 + 1 - near] * 2 + [1.5 + near] + [3.5 - 2 * near + near - 1])
    expected = raw / (degree[0] * degree).sqrt()
    torch.testing.assert_close(graph.within[0, 0, 0], expected)


def test_zeros_have_edges_without_a_direction_and_missing_nodes_have_none():
    nodes = torch.zeros(1, 2, 2, 3, requires_grad=True)
    there = torch.tensor([[[True, True], [False, True]]])
    graph = SimilarityGraph(nodes, there)
    propagated = graph(torch.ones(1, 2, 2, 1))
    assert propagated.isfinite().all()
    assert propagated[0, 1, 0] == 0
    propagated.sum().backward()
    assert nodes.grad.isfinite().all()


@pytest.mark.parametrize("number", [1, 7])
def test_the_convolution_is_that_of_pyg(number):
    torch.manual_seed(0)
    nodes, state, initial = torch.randn(1, 2, 3, 4), torch.randn(1, 2, 3, 5), torch.randn(1, 2, 3, 5)
    there = THERE[:1]
    layer = GCNII(5, number, alpha=0.1, decay=0.5)
    adjacency = weights(nodes[0], there[0])
    theirs = GCN2Conv(5, alpha=0.1, theta=0.5, layer=number, add_self_loops=False)
    with torch.no_grad():
        theirs.weight1.copy_(layer.weight.weight.T)
    index = adjacency.nonzero().T
    expected = theirs(state.flatten(0, 2), initial.flatten(0, 2), index, adjacency[index[0], index[1]])
    found = layer(state, initial, SimilarityGraph(nodes, there))
    torch.testing.assert_close(found.flatten(0, 2), expected)
