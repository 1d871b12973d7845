import math

import pytest
import torch

from graphmer.nn.alignment import cmd, decoupled_nce


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([0.0, 1.0], [0.5, 1.5], 0.5),
        ([0.0, 1.0], [0.0, 2.0], 2.1875),  # 0.5 + 0.75 + 0 + 0.9375 + 0
        ([0.0, 1.0], [1.0, 0.0, 0.0, 1.0], 0.0),  # samples of any size
    ],
)
def test_the_moment_discrepancy_is_the_one_worked_out_by_hand(one, other, expected):
    columns = torch.tensor(one)[:, None], torch.tensor(other)[:, None]
    assert cmd(*columns).item() == pytest.approx(expected)
    assert cmd(*columns[::-1]).item() == pytest.approx(expected)


def test_the_moment_discrepancy_adds_norms_over_the_coordinates():
    one, other = torch.tensor([[0.0, 0.0], [0.0, 0.0]]), torch.tensor([[3.0, 4.0], [3.0, 4.0]])
    assert cmd(one, other).item() == pytest.approx(5)


def test_the_contrastive_loss_of_two_orthonormal_pairs_is_minus_e():
    pairs = torch.eye(2)
    assert decoupled_nce(pairs, pairs).item() == pytest.approx(-2.71828, abs=1e-5)
    assert decoupled_nce(3 * pairs, 0.1 * pairs).item() == pytest.approx(-math.e)  # rows are normalised


def test_the_contrastive_loss_leaves_the_positive_out_of_the_denominator():
    torch.manual_seed(0)
    one, other = torch.randn(4, 3), torch.randn(4, 3)
    p, q = (rows / rows.norm(dim=1, keepdim=True) for rows in (one, other))
    total = 0.0
    for a, b in ((p, q), (q, p)):
        for i in range(4):
            negatives = sum(torch.exp(math.e * a[i] @ b[j]) for j in range(4) if j != i)
            total += -torch.log(torch.exp(math.e * a[i] @ b[i]) / negatives) / 8
    torch.testing.assert_close(decoupled_nce(one, other), total)


@pytest.mark.parametrize(("loss", "rows"), [(cmd, 0), (decoupled_nce, 0), (decoupled_nce, 1)])
def test_without_enough_utterances_there_is_nothing_to_align(loss, rows):
    one, other = torch.randn(rows, 3, requires_grad=True), torch.randn(rows, 3)
    found = loss(one, other)
    found.backward()
    assert found == 0
    assert not one.grad.any()


def test_equal_samples_have_a_finite_gradient():
    one = torch.randn(4, 3, requires_grad=True)
    cmd(one, one.detach().clone()).backward()
    assert one.grad.isfinite().all()
