import torch

from graphmer.nn.padding import padded


def test_turns_are_padded_by_dialogue_whatever_their_numbers_are_and_come_back():
    rows = torch.arange(1.0, 9.0).view(4, 2)
    grid, inside = padded(rows, torch.tensor([0, 4, 4, 5]))
    assert inside.tolist() == [[True, False], [True, True], [True, False]]
    assert grid[~inside].tolist() == [[0, 0], [0, 0]]
    assert torch.equal(grid[inside], rows)
