import pytest
import torch
import torch_geometric.typing
from torch_geometric.nn import RGCNConv
from torch_geometric.utils import scatter

from graphmer.graph import GraphBuilder, TemporalWindow
from graphmer.nn.aggregation import Edges
from graphmer.nn.messages import CONVOLUTIONS, MessagePassing, MessagePassingSettings, RelationalConv
from tests.talks import talk

EDGES = torch.tensor([[0, 1, 2, 3, 0, 3, 3], [1, 2, 1, 1, 1, 0, 4]])
TYPES = torch.tensor([0, 1, 0, 2, 1, 2, 0])
"""Node 1 has two neighbors by relation 0 and one each by 1 and 2; nodes 3 and 5 have no incoming edges."""
NEIGHBORS = Edges(EDGES, TYPES, 6, 3)


def test_the_relational_convolution_is_its_equation():
    torch.manual_seed(0)
    layer = RelationalConv(4, 3)
    state = torch.randn(6, 4)
    matrices = layer.neighbors.weight.view(4, 3, 4)
    expected = torch.zeros(6, 4)
    for i in range(6):
        expected[i] = layer.root.weight @ state[i] + layer.root.bias
        for r in range(3):
            heard = [e for e in range(7) if EDGES[1, e] == i and TYPES[e] == r]
            for e in heard:
                expected[i] += matrices[:, r] @ state[EDGES[0, e]] / len(heard)
    torch.testing.assert_close(layer(state, NEIGHBORS), expected, rtol=1e-5, atol=1e-5)


def test_the_relational_convolution_equals_that_of_pyg():
    torch.manual_seed(0)
    layer, other = RelationalConv(4, 3), RGCNConv(4, 4, 3, aggr="mean")
    with torch.no_grad():
        other.weight.copy_(layer.neighbors.weight.view(4, 3, 4).permute(1, 2, 0))
        other.root.copy_(layer.root.weight.T)
        other.bias.copy_(layer.root.bias)
    state, direction = torch.randn(6, 4), torch.randn(6, 4)
    mine, theirs = layer(state, NEIGHBORS), other(state, EDGES, TYPES)
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)
    (mine * direction).sum().backward()
    (theirs * direction).sum().backward()
    gradient = layer.neighbors.weight.grad.view(4, 3, 4).permute(1, 2, 0)
    torch.testing.assert_close(gradient, other.weight.grad, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("speakers", ["AAA", "ABA"])
def test_decimal_weights_spell_out_sources_and_targets(speakers):
    """Past 1, own state 10, future 100: with x = (1, 2, 4) the digits are the source turns."""
    build = GraphBuilder({"near": TemporalWindow(1, 1)})
    graph = build(talk(speakers))
    layer = RelationalConv(1, len(build.relations))
    with torch.no_grad():
        layer.root.weight.fill_(10)
        layer.root.bias.zero_()
        weights = [1.0 if "/past/" in relation else 100.0 for relation in build.relations]
        layer.neighbors.weight.copy_(torch.tensor([weights]))
    edges = Edges(graph.edge_index, graph.edge_type, 3, len(build.relations))
    said = layer(torch.tensor([[1.0], [2.0], [4.0]]), edges)
    assert said.squeeze(1).tolist() == [210, 421, 42]


def passing(convolution: str) -> MessagePassing:
    torch.manual_seed(0)
    settings = MessagePassingSettings(width=8, depth=2, convolution=convolution, heads=2, dropout=0.0)
    return MessagePassing(settings, 5, 3)


@pytest.mark.parametrize("convolution", CONVOLUTIONS)
def test_every_parameter_of_a_convolution_gets_a_gradient(convolution):
    layer = passing(convolution)
    said = layer(torch.randn(6, 5), EDGES, TYPES)
    assert said.shape == (6, 8)
    (said * torch.randn(6, 8)).sum().backward()
    assert [name for name, p in layer.named_parameters() if p.grad is None] == []
    # a softmax does not see what is added to all its keys
    seen = [(name, p) for name, p in layer.named_parameters() if not name.endswith("lin_key.bias")]
    assert [name for name, p in seen if not p.grad.any()] == []


@pytest.mark.parametrize("convolution", CONVOLUTIONS)
def test_a_turn_without_incoming_edges_stays_finite_and_depends_on_itself_alone(convolution):
    layer = passing(convolution).eval()
    state = torch.randn(6, 5)
    said = layer(state, EDGES, TYPES)
    assert said.isfinite().all()
    alone = layer(state[5:], torch.empty(2, 0, dtype=torch.long), torch.empty(0, dtype=torch.long))
    torch.testing.assert_close(said[5:], alone, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("convolution", CONVOLUTIONS)
def test_the_order_of_turns_and_of_edges_does_not_matter(convolution):
    layer = passing(convolution).eval()
    state = torch.randn(6, 5)
    nodes, edges = torch.tensor([3, 5, 0, 1, 4, 2]), torch.randperm(7)
    place = torch.argsort(nodes)
    said = layer(state[nodes], place[EDGES][:, edges], TYPES[edges])
    torch.testing.assert_close(said, layer(state, EDGES, TYPES)[nodes], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("convolution", CONVOLUTIONS)
def test_the_relation_matters(convolution):
    layer = passing(convolution).eval()
    state = torch.randn(6, 5)
    assert not torch.allclose(layer(state, EDGES, TYPES), layer(state, EDGES, (TYPES + 1) % 3))


@pytest.mark.parametrize("convolution", [name for name in CONVOLUTIONS if name != "rgcn"])
def test_attention_heads_that_do_not_divide_the_width_are_refused(convolution):
    with pytest.raises(ValueError, match="`heads` must divide `width`; got 3 heads for width 8"):
        MessagePassingSettings(width=8, convolution=convolution, heads=3)


def test_an_unknown_convolution_is_refused():
    with pytest.raises(ValueError, match="Input should be 'rgcn', 'rgat'"):
        passing("gcn")


@pytest.mark.parametrize("reduce", ["sum", "mean", "max"])
def test_the_torch_scatter_extension_changes_nothing(reduce, monkeypatch):
    pytest.importorskip(
        "torch_scatter", reason="torch-scatter is an optional extra; `make scatter` installs it"
    )
    state, cell = torch.randn(7, 4), TYPES
    said = {}
    for installed in (False, True):
        monkeypatch.setattr(torch_geometric.typing, "WITH_TORCH_SCATTER", installed)
        said[installed] = scatter(state, cell, dim_size=5, reduce=reduce)
    torch.testing.assert_close(said[False], said[True])
