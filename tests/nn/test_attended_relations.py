import torch
from torch_geometric.nn import RGCNConv

from graphmer.nn.attended_relations import AttendedRelations, EdgeAttention

INDEX = torch.tensor([[0, 1, 2, 1, 2], [0, 0, 0, 1, 2]])
KIND = torch.tensor([0, 1, 1, 0, 0])


def test_attention_of_the_edges_into_a_turn_is_a_softmax_of_bilinear_scores():
    torch.manual_seed(0)
    attention, state = EdgeAttention(3), torch.randn(3, 3)
    found = attention(state, INDEX)
    scores = torch.stack([attention.query.weight @ state[0] @ state[j] for j in range(3)])
    torch.testing.assert_close(found[:3], scores.softmax(dim=0))
    assert found[3:].tolist() == [1, 1]


def test_equal_weights_give_the_relational_convolution_of_pyg():
    torch.manual_seed(0)
    ours, theirs = AttendedRelations(3, 2, 2, bases=4), RGCNConv(3, 2, 2, num_bases=4, aggr="add")
    with torch.no_grad():
        theirs.weight.copy_(ours.basis)
        theirs.comp.copy_(ours.coefficient)
        theirs.root.copy_(ours.own.weight.T)
        theirs.bias.copy_(ours.own.bias)
    state = torch.randn(3, 3)
    torch.testing.assert_close(ours(state, INDEX, KIND, torch.ones(5)), theirs(state, INDEX, KIND))


def test_messages_are_multiplied_by_their_weights():
    torch.manual_seed(0)
    layer, state, weight = AttendedRelations(3, 2, 2, bases=4), torch.randn(3, 3), torch.rand(5)
    relations = torch.einsum("rb,bio->rio", layer.coefficient, layer.basis)
    expected = layer.own(state)
    for edge in range(5):
        source, target = INDEX[:, edge]
        message = weight[edge] * state[source] @ relations[KIND[edge]]
        expected = expected.index_add(0, target[None], message[None])
    torch.testing.assert_close(layer(state, INDEX, KIND, weight), expected)
