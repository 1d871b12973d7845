import math

import pytest
import torch

from graphmer.nn.losses import LossTerms, emotion_loss, reconstruction_loss

NAN = float("nan")


def test_the_loss_of_classes_is_cross_entropy_over_the_labelled():
    logits = torch.tensor([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0], [2.0, 2.0, 2.0], [0.1, 0.2, 0.3]])
    target = torch.tensor([1, -1, 0, 2])
    total = 0.0
    for n in (0, 2, 3):
        powers = [math.exp(value) for value in logits[n].tolist()]
        total -= math.log(powers[int(target[n])] / sum(powers))
    assert emotion_loss(logits, target).item() == pytest.approx(total / 3, rel=1e-6)


def test_the_loss_of_a_score_is_the_squared_error_over_the_labelled():
    output = torch.tensor([[1.0], [5.0], [-2.0]])
    assert emotion_loss(output, torch.tensor([0.5, NAN, 1.0])).item() == pytest.approx((0.25 + 9) / 2)


@pytest.mark.parametrize(
    ("width", "target"),
    [(3, torch.tensor([-1, -1])), (1, torch.tensor([NAN, NAN])), (3, torch.empty(0).long())],
)
def test_where_nothing_is_labelled_loss_and_gradient_are_zero(width, target):
    output = torch.randn(len(target), width, requires_grad=True)
    loss = emotion_loss(output, target)
    loss.backward()
    assert loss.item() == 0
    assert not output.grad.any()


def test_reconstruction_counts_what_is_recorded_and_hidden():
    features = {"a": torch.zeros(4, 2), "b": torch.zeros(4, 3)}
    rebuilt = {"a": torch.tensor([[1.0, 2], [9, 9], [3, 0], [9, 9]]), "b": torch.full((4, 3), 2.0)}
    present = torch.tensor([[1, 1], [0, 1], [1, 0], [1, 1]], dtype=torch.bool)
    available = torch.tensor([[0, 1], [0, 0], [0, 0], [1, 1]], dtype=torch.bool)
    hidden = {("a", 0): (1 + 4) / 2, ("a", 2): 9 / 2, ("b", 1): 4}
    loss = reconstruction_loss(rebuilt, features, available, present)
    assert loss.item() == pytest.approx(sum(hidden.values()) / 3)


def test_errors_where_nothing_is_hidden_cost_exactly_nothing():
    """Neither what is seen nor what was never recorded, which may hold anything."""
    features = {"a": torch.tensor([[1.0, 2.0], [NAN, NAN], [5.0, 6.0]])}
    rebuilt = torch.tensor([[9.0, 9.0], [9.0, 9.0], [5.0, 6.0]], requires_grad=True)
    present = torch.tensor([[True], [False], [True]])
    available = torch.tensor([[True], [False], [False]])
    loss = reconstruction_loss({"a": rebuilt}, features, available, present)
    loss.backward()
    assert loss.item() == 0
    assert not rebuilt.grad.any()


def test_with_nothing_hidden_reconstruction_is_zero():
    there = torch.ones(2, 1, dtype=torch.bool)
    assert reconstruction_loss({"a": torch.ones(2, 3)}, {"a": torch.zeros(2, 3)}, there, there).item() == 0


def test_weighted_terms_are_summed_and_logged_unweighted():
    first, other = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0, requires_grad=True)
    terms = LossTerms.weighted({"emotion": (1.0, first), "other": (0.5, other)})
    terms.total.backward()
    assert terms.total.item() == 3.5
    assert (first.grad.item(), other.grad.item()) == (1.0, 0.5)
    assert {name: part.item() for name, part in terms.parts.items()} == {"emotion": 2.0, "other": 3.0}
    assert not any(part.requires_grad for part in terms.parts.values())
