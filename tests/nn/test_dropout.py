import pytest
import torch

from graphmer.nn.dropout import Dropout


def dropped(p: float, *shape: int, dtype=torch.float32) -> torch.Tensor:
    torch.manual_seed(0)
    return Dropout(p)(torch.ones(shape, dtype=dtype))


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.9])
def test_each_element_is_kept_with_the_probability_and_scaled_to_its_expectation(p):
    found = dropped(p, 400, 500)
    kept = found != 0
    rounded = round(p * 256) / 256
    torch.testing.assert_close(found[kept], torch.full((int(kept.sum()),), 1 / (1 - rounded)))
    # five standard deviations of a fraction of 200,000 draws
    assert abs(float(kept.float().mean()) - (1 - rounded)) < 5 * (p * (1 - p) / 200_000) ** 0.5


@pytest.mark.parametrize("lane", range(8))
def test_elements_that_share_a_draw_are_independent(lane):
    """Each eighth element against the one beside it: the share of both kept is the product of the shares."""
    kept = (dropped(0.5, 400_000) != 0).view(-1, 8).float()
    both = float((kept[:, lane] * kept[:, (lane + 1) % 8]).mean())
    assert abs(both - 0.25) < 5 * (0.25 * 0.75 / 50_000) ** 0.5
    assert abs(float(kept[:, lane].mean()) - 0.5) < 5 * (0.25 / 50_000) ** 0.5


def test_the_gradient_passes_where_an_element_was_kept():
    state = torch.randn(7, 5, requires_grad=True)
    found = Dropout(0.5)(state)
    found.sum().backward()
    torch.testing.assert_close(state.grad, torch.where(found != 0, 2.0, 0.0))


def test_equal_seeds_drop_the_same_elements_and_other_seeds_others():
    state = torch.ones(100)
    torch.manual_seed(3)
    first, second = Dropout(0.5)(state), Dropout(0.5)(state)
    torch.manual_seed(3)
    assert torch.equal(Dropout(0.5)(state), first)
    assert not torch.equal(first, second)


def test_the_number_format_stays():
    assert dropped(0.5, 3, dtype=torch.bfloat16).dtype == torch.bfloat16


@pytest.mark.parametrize("p", [0.0, 1.0, 1e-6, 1 - 1e-6])
def test_extreme_probabilities_drop_nothing_or_everything(p):
    assert float(dropped(p, 50).bool().float().mean()) == round(1 - p)


def test_nothing_is_dropped_in_evaluation():
    state = torch.randn(4, 3)
    assert torch.equal(Dropout(0.9).eval()(state), state)


def test_a_transposed_state_and_no_state_at_all_keep_their_shapes():
    torch.manual_seed(0)
    found = Dropout(0.5)(torch.ones(6, 4).T)
    assert found.shape == (4, 6)
    assert set(found.unique().tolist()) == {0.0, 2.0}
    assert Dropout(0.5)(torch.empty(0, 8)).shape == (0, 8)
