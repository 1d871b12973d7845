import pytest
import torch

from graphmer.nn.score_sde import (
    LAST,
    ScoreNetwork,
    VarianceExploding,
    VariancePreserving,
    euler_maruyama,
    fixed_noise,
    random_times,
    score_matching_loss,
)

PROCESSES = {"exploding": VarianceExploding(25.0), "preserving": VariancePreserving()}
every_process = pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)


def gaussian_score(process, mean: torch.Tensor, covariance: torch.Tensor):
    """The exact score of data from a normal distribution."""

    def score(noisy, time, *step):
        alpha, std = process.alpha(time)[:, None], process.std(time)[:, None]
        if len(time) == 1:
            spread = alpha.square() * covariance + std.square() * torch.eye(len(mean))
            return torch.linalg.solve(spread, (alpha * mean - noisy).T).T
        spread = alpha[:, :, None].square() * covariance + std[:, :, None].square() * torch.eye(len(mean))
        return torch.linalg.solve(spread, alpha * mean - noisy)

    return score


def test_at_the_optimum_the_loss_of_four_normal_dimensions_is_known():
    """4 / (1 + std^2) = 0.8460 for sigma 25 at t = 0.5, where std = 1.9308."""
    process, generator = VarianceExploding(25.0), torch.Generator().manual_seed(0)
    clean, noise = torch.randn(2, 200_000, 4, generator=generator)
    time = torch.full((200_000,), 0.5)
    assert process.std(time[:1]).item() == pytest.approx(1.9308, abs=1e-4)
    exact = gaussian_score(process, torch.zeros(4), torch.eye(4))
    loss = score_matching_loss(process, exact, clean, time, noise)
    assert loss.shape == (200_000,)
    assert loss.mean().item() == pytest.approx(0.8460, abs=0.005)
    for factor in (0.8, 1.2):
        other = score_matching_loss(process, lambda x, t, by=factor: by * exact(x, t), clean, time, noise)
        assert other.mean() > loss.mean() + 0.05


@every_process
def test_mean_and_spread_are_those_of_the_process_run_forward(process):
    """``d alpha / dt = f alpha`` and ``d std^2 / dt = 2 f std^2 + g^2``, by finite differences."""
    time, step = torch.linspace(0.1, 0.9, 9, dtype=torch.double), 1e-5
    before, after = time - step, time + step
    alpha = (process.alpha(after) - process.alpha(before)) / (2 * step)
    torch.testing.assert_close(alpha, process.drift(time) * process.alpha(time))
    variance = (process.std(after).square() - process.std(before).square()) / (2 * step)
    expected = 2 * process.drift(time) * process.std(time).square() + process.spread(time).square()
    torch.testing.assert_close(variance, expected)


def test_at_time_one_the_preserving_process_is_normal_and_the_exploding_one_ten_times_as_wide():
    one = torch.ones(1)
    assert VariancePreserving().alpha(one) < 0.01
    assert VariancePreserving().std(one).item() == pytest.approx(1, abs=1e-4)
    assert VarianceExploding(25.0).std(one).item() == pytest.approx((624 / 6.43775) ** 0.5, abs=1e-3)


@every_process
@pytest.mark.parametrize(("steps", "within"), [(20, 0.07), (100, 0.03)])
def test_with_the_exact_score_the_sampler_recovers_mean_and_covariance(process, steps, within):
    mean = torch.tensor([1.0, -0.5])
    covariance = torch.tensor([[1.0, 0.6], [0.6, 1.0]])
    noise = fixed_noise(3, steps, 50_000, 2)
    sampled = euler_maruyama(process, gaussian_score(process, mean, covariance), noise)
    torch.testing.assert_close(sampled.mean(dim=0), mean, rtol=0, atol=within)
    torch.testing.assert_close(sampled.T.cov(), covariance, rtol=0, atol=within)


@every_process
def test_a_trained_score_network_samples_what_the_condition_asks_for(process):
    """Data at +1 or -1 by the condition, with a spread of 0.3."""
    torch.manual_seed(0)
    network = ScoreNetwork(process, 1, 1, 32)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(400):
        condition = torch.randint(2, (256, 1)) * 2.0 - 1
        clean = condition + 0.3 * torch.randn(256, 1)
        args = (clean, random_times(clean), torch.randn_like(clean))
        loss = score_matching_loss(process, lambda x, t, c=condition: network(x, t, c), *args).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    condition = torch.tensor([[1.0], [-1.0]]).repeat(500, 1)
    sampled = euler_maruyama(
        process, lambda x, t, step: network(x, t, condition), fixed_noise(0, 50, 1000, 1)
    )
    for sign in (1.0, -1.0):
        rows = sampled[condition == sign]
        assert rows.mean().item() == pytest.approx(sign, abs=0.15)
        assert rows.std().item() == pytest.approx(0.3, abs=0.12)


@every_process
def test_a_network_that_adds_nothing_samples_standard_normal_values(process):
    network = ScoreNetwork(process, 4, 2, 16)
    torch.nn.init.zeros_(network.leave.weight)
    torch.nn.init.zeros_(network.leave.bias)
    sampled = euler_maruyama(
        process, lambda x, t, step: network(x, t, torch.ones(len(x), 2)), fixed_noise(0, 20, 20_000, 4)
    )
    assert not sampled.requires_grad
    torch.testing.assert_close(sampled.mean(dim=0), torch.zeros(4), rtol=0, atol=0.05)
    torch.testing.assert_close(sampled.T.cov(), torch.eye(4), rtol=0, atol=0.07)


def test_one_time_for_all_rows_is_the_same_as_that_time_for_each():
    network = ScoreNetwork(VarianceExploding(25.0), 3, 2, 8)
    noisy, condition = torch.randn(5, 3), torch.randn(5, 2)
    expected = network(noisy, torch.full((5,), 0.3), condition)
    torch.testing.assert_close(network(noisy, torch.tensor([0.3]), condition), expected)


def test_times_of_training_are_inside_of_the_process():
    torch.manual_seed(0)
    times = random_times(torch.zeros(1000, 3))
    assert times.shape == (1000,)
    assert 0 < times.min() < LAST * 10
    assert 0.99 < times.max() <= 1


def test_fixed_noise_depends_on_its_seed_alone():
    torch.manual_seed(0)
    one = fixed_noise(1, 4, 3)
    torch.manual_seed(1)
    assert torch.equal(fixed_noise(1, 4, 3), one)
    assert not torch.equal(fixed_noise(2, 4, 3), one)
