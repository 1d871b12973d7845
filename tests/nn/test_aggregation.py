import pytest
import torch

from graphmer.nn.aggregation import Edges

INDEX = torch.tensor([[0, 1, 2, 3, 0, 3, 3], [1, 2, 1, 1, 1, 0, 4]])
KIND = torch.tensor([0, 1, 0, 2, 1, 2, 0])


def test_the_mean_is_that_of_those_heard_by_each_relation():
    state = torch.randn(6, 4)
    said = Edges(INDEX, KIND, 6, 3).mean(state).view(6, 3, 4)
    for row in range(6):
        for relation in range(3):
            heard = [state[INDEX[0, e]] for e in range(7) if INDEX[1, e] == row and KIND[e] == relation]
            expected = torch.stack(heard).mean(dim=0) if heard else torch.zeros(4)
            torch.testing.assert_close(said[row, relation], expected)


def test_the_gradient_of_the_mean_is_its_derivative():
    state = torch.randn(6, 4, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(Edges(INDEX, KIND, 6, 3).mean, state)


def test_the_order_of_edges_does_not_matter():
    state, order = torch.randn(6, 4), torch.tensor([3, 0, 6, 2, 5, 1, 4])
    shuffled = Edges(INDEX[:, order], KIND[order], 6, 3).mean(state)
    torch.testing.assert_close(shuffled, Edges(INDEX, KIND, 6, 3).mean(state))


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_where_nobody_is_heard_the_mean_and_its_gradient_are_zero(rows):
    nobody = torch.empty(2, 0, dtype=torch.long)
    state = torch.randn(rows, 4, requires_grad=True)
    said = Edges(nobody, nobody[0], rows, 2).mean(state)
    assert said.tolist() == [[0.0] * 8] * rows
    said.sum().backward()
    assert state.grad.tolist() == [[0.0] * 4] * rows
