import math

import pytest
import torch

from graphmer.curriculum.consistency import ESTIMATORS, EntropyDifference, InfoNCE, entropy


def test_entropy_is_that_of_the_softmax():
    state = torch.tensor([[0.0, 0.0, 0.0], [1.0, -2.0, 0.5]])
    powers = [math.exp(value) for value in state[1].tolist()]
    chance = [power / sum(powers) for power in powers]
    assert entropy(state)[0].item() == pytest.approx(math.log(3))
    assert entropy(state)[1].item() == pytest.approx(-sum(p * math.log(p) for p in chance), rel=1e-5)


def test_the_entropy_difference_is_the_one_of_the_method():
    estimator = EntropyDifference(4, 2)
    first, second, dialogue = torch.randn(3, 4), torch.randn(3, 4), torch.tensor([0, 0, 0])
    alone = torch.tensor([0])
    value = estimator(first[:1], second[:1], alone)
    # alone in its dialogue, a turn hears itself
    joint = torch.zeros(1, 4)
    for module, answers in ((estimator.forth, second[:1]), (estimator.back, first[:1])):
        heard = module.output(module.key_value(answers)[:, 4:])
        joint = joint + heard + module.feed_forward(heard)
    expected = entropy(first[:1]) + entropy(second[:1]) - entropy(joint)
    torch.testing.assert_close(value, expected)
    assert estimator.loss(first, second, dialogue).item() == pytest.approx(
        -0.4 * estimator(first, second, dialogue).mean().item(), rel=1e-5
    )


def test_the_contrast_is_the_pointwise_information_against_all_given():
    estimator = InfoNCE(4, 2)
    first, second = torch.randn(5, 4), torch.randn(5, 4)
    forth, back = (view.tolist() for view in estimator._views(first, second))
    score = [[sum(x * y for x, y in zip(a, b, strict=True)) for b in back] for a in forth]
    for i, value in enumerate(estimator(first, second, torch.zeros(5)).tolist()):
        there = math.log(sum(math.exp(score[i][j]) for j in range(5)) / 5)
        back_again = math.log(sum(math.exp(score[j][i]) for j in range(5)) / 5)
        assert value == pytest.approx(score[i][i] - (there + back_again) / 2, abs=1e-5)


def test_contrast_finds_the_rows_that_do_not_belong_together():
    torch.manual_seed(0)
    shared = torch.randn(200, 8)
    first, second = shared + 0.1 * torch.randn(200, 8), shared + 0.1 * torch.randn(200, 8)
    second[:10] = second[:10].roll(1, 0)
    estimator = InfoNCE(8, 1)
    optimizer = torch.optim.Adam(estimator.parameters(), lr=0.02)
    for _ in range(30):
        optimizer.zero_grad()
        estimator.loss(first, second, torch.zeros(200)).backward()
        optimizer.step()
    value = estimator(first, second, torch.zeros(200))
    assert value[:10].max() < value[10:].median()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_parameter_learns(name):
    estimator = ESTIMATORS[name](4, 2)
    estimator.loss(torch.randn(6, 4), torch.randn(6, 4), torch.tensor([0, 0, 0, 1, 1, 2])).backward()
    still = [n for n, p in estimator.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []
