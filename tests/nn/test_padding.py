import pytest
import torch

from graphmer.nn.padding import PaddedDialogues

ROWS = torch.arange(1.0, 13.0).view(6, 2)
DIALOGUE = torch.tensor([0, 4, 4, 4, 5, 5])


def test_turns_are_padded_by_dialogue_whatever_their_numbers_are_and_come_back():
    layout = PaddedDialogues.of(DIALOGUE)
    grid = layout.pad(ROWS)
    assert layout.inside.tolist() == [[True, False, False], [True] * 3, [True, True, False]]
    assert torch.equal(grid[1], ROWS[1:4])
    assert grid[~layout.inside].tolist() == [[0, 0]] * 3
    assert torch.equal(layout.rows(grid), ROWS)
    assert torch.equal(grid[layout.inside], ROWS)
    assert layout.dialogue.tolist() == [0, 1, 1, 1, 2, 2]


def test_steps_first_is_the_transposed_grid_laid_out_for_a_recurrence():
    grid, layout = PaddedDialogues.of(DIALOGUE).pad(ROWS), PaddedDialogues.of(DIALOGUE, steps_first=True)
    assert torch.equal(layout.pad(ROWS), grid.transpose(0, 1))
    assert layout.pad(ROWS).is_contiguous()
    assert torch.equal(layout.rows(layout.pad(ROWS)), ROWS)


@pytest.mark.parametrize("steps_first", [False, True])
def test_each_dialogue_is_reversed_within_its_own_length(steps_first):
    layout = PaddedDialogues.of(DIALOGUE, steps_first=steps_first)
    grid = layout.pad(ROWS)
    assert torch.equal(layout.rows(layout.reversed(grid)), ROWS[[0, 3, 2, 1, 5, 4]])
    assert not layout.reversed(grid)[~layout.inside].any()
    assert torch.equal(layout.reversed(layout.reversed(grid)), grid)


def test_empty_cells_take_no_gradient_and_rows_of_any_shape_are_padded():
    layout, rows = PaddedDialogues.of(DIALOGUE), torch.randn(6, 2, 3, requires_grad=True)
    layout.pad(rows).square().sum().backward()
    assert torch.equal(rows.grad, 2 * rows.detach())
    assert layout.pad(torch.ones(6, dtype=torch.bool)).tolist() == layout.inside.tolist()
