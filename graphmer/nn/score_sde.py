"""Score-based diffusion by stochastic differential equations (Song et al., ICLR 2021, arXiv 2011.13456)."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from graphmer.nn.experts import sinusoidal

LAST = 1e-3
"""Time at which sampling ends; the score has no bound at time 0."""
FIRST = 1e-5
"""Earliest time at which the score is trained."""
TIME_FEATURES = 64
"""Width of the encoding of the time."""
TIME_SCALE = 1000.0
"""Turns the time in [0, 1] into the range that sinusoidal encodings are made for."""


class Diffusion(Protocol):
    """Forward process ``dx = f(t) x dt + g(t) dw`` for times in [0, 1].

    Given ``x_0``, ``x_t`` is Gaussian with mean ``alpha(t) x_0`` and standard deviation ``std(t)``.
    """

    def drift(self, time: Tensor) -> Tensor:
        """``f(t)``, the shape of `time`."""

    def spread(self, time: Tensor) -> Tensor:
        """``g(t)``, the shape of `time`."""

    def alpha(self, time: Tensor) -> Tensor:
        """``alpha(t)``, the shape of `time`."""

    def std(self, time: Tensor) -> Tensor:
        """``std(t)``, the shape of `time`."""


@dataclass(frozen=True)
class VarianceExploding:
    """``dx = sigma^t dw``, so that ``alpha = 1`` and ``std(t)^2 = (sigma^(2 t) - 1) / (2 ln sigma)``.

    Args:
        sigma: base of the noise, > 1.
    """

    sigma: float

    def drift(self, time: Tensor) -> Tensor:
        return torch.zeros_like(time)

    def spread(self, time: Tensor) -> Tensor:
        return torch.pow(self.sigma, time)

    def alpha(self, time: Tensor) -> Tensor:
        return torch.ones_like(time)

    def std(self, time: Tensor) -> Tensor:
        doubled = 2 * math.log(self.sigma)
        return (torch.expm1(doubled * time) / doubled).sqrt()


@dataclass(frozen=True)
class VariancePreserving:
    """``dx = -beta(t) x / 2 dt + sqrt(beta(t)) dw`` with ``beta(t)`` linear from `first` to `last`.

    ``alpha(t)^2 = exp(-first t - (last - first) t^2 / 2)`` and ``std(t)^2 = 1 - alpha(t)^2``.

    Args:
        first: ``beta(0)``.
        last: ``beta(1)``.
    """

    first: float = 0.1
    last: float = 20.0

    def drift(self, time: Tensor) -> Tensor:
        return -self._beta(time) / 2

    def spread(self, time: Tensor) -> Tensor:
        return self._beta(time).sqrt()

    def alpha(self, time: Tensor) -> Tensor:
        return torch.exp(-self._elapsed(time) / 2)

    def std(self, time: Tensor) -> Tensor:
        return (-torch.expm1(-self._elapsed(time))).sqrt()

    def _beta(self, time: Tensor) -> Tensor:
        return self.first + (self.last - self.first) * time

    def _elapsed(self, time: Tensor) -> Tensor:
        return self.first * time + (self.last - self.first) * time.square() / 2


class ScoreNetwork(nn.Module):
    """Score ``grad log p(x_t | condition)``: a residual perceptron, modulated by the time.

    ``std s(x, t) = -std x / v + alpha F(x / sqrt(v), t, condition) / sqrt(v)`` with ``v = alpha^2 + std^2``:
    with ``F = 0`` it is the score of data that are standard normal, so that a fresh network samples values of
    a sensible size (the preconditioning of Karras et al., NeurIPS 2022, table 1).

    Args:
        diffusion: forward process.
        width: ``D`` of the data.
        condition: width of the condition.
        hidden: width of the hidden layers.
        depth: number of residual layers.
    """

    def __init__(self, diffusion: Diffusion, width: int, condition: int, hidden: int, depth: int = 2) -> None:
        super().__init__()
        self.diffusion = diffusion
        self.enter = nn.Linear(width + condition, hidden)
        self.norms = nn.ModuleList(nn.LayerNorm(hidden, elementwise_affine=False) for _ in range(depth))
        self.modulation = nn.ModuleList(nn.Linear(TIME_FEATURES, 2 * hidden) for _ in range(depth))
        self.layers = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(depth))
        self.leave = nn.Linear(hidden, width)

    def forward(self, noisy: Tensor, time: Tensor, condition: Tensor) -> Tensor:
        """The score.

        Args:
            noisy: ``x_t``.
            time: of each row, or one time for all.
            condition: of each row.

        Shapes:
            noisy ``[N, D]``; time ``[N]`` or ``[1]``; condition ``[N, condition]``; returns ``[N, D]``.
        """
        alpha, std = self.diffusion.alpha(time)[:, None], self.diffusion.std(time)[:, None]
        scale = (alpha.square() + std.square()).sqrt()
        encoded = sinusoidal(TIME_SCALE * time, TIME_FEATURES)
        state = self.enter(torch.cat([noisy / scale, condition], dim=1))
        for norm, modulation, layer in zip(self.norms, self.modulation, self.layers, strict=True):
            gain, shift = modulation(encoded).chunk(2, dim=1)
            state = state + layer(nn.functional.silu(norm(state) * (1 + gain) + shift))
        return (alpha / (scale * std)) * self.leave(state) - noisy / scale.square()


def score_matching_loss(
    diffusion: Diffusion,
    score: Callable[[Tensor, Tensor], Tensor],
    clean: Tensor,
    time: Tensor,
    noise: Tensor,
) -> Tensor:
    """Denoising score matching: ``sum_d (std(t) s(x_t, t) + z)_d^2`` with ``x_t = alpha x_0 + std z``.

    Args:
        diffusion: forward process.
        score: from ``x_t`` and the times to the score.
        clean: data ``x_0``.
        time: in (0, 1].
        noise: standard normal ``z``.

    Shapes:
        clean, noise ``[N, D]``; time ``[N]``; returns ``[N]``.
    """
    alpha, std = diffusion.alpha(time)[:, None], diffusion.std(time)[:, None]
    return (std * score(alpha * clean + std * noise, time) + noise).square().sum(dim=1)


def random_times(like: Tensor) -> Tensor:
    """Times for `score_matching_loss`, uniform in [`FIRST`, 1], ``[N]``; from torch's global generator."""
    return FIRST + (1 - FIRST) * torch.rand(len(like), device=like.device)


@torch.no_grad()
def euler_maruyama(
    diffusion: Diffusion, score: Callable[[Tensor, Tensor, int], Tensor], noise: Tensor
) -> Tensor:
    """A sample of the data, by steps of equal length from time 1 to `LAST`, without gradient.

    ``x <- x - (f(t) x - g(t)^2 s(x, t)) dt + g(t) sqrt(dt) z``, from ``x = std(1) z``; the last step is
    without noise.

    Args:
        diffusion: forward process.
        score: from ``x_t``, the time ``[1]`` and the number of the step to the score.
        noise: standard normal ``z`` of each step; its length is the number of steps.

    Shapes:
        noise ``[steps, N, D]``; returns ``[N, D]``.
    """
    times = torch.linspace(1.0, LAST, len(noise) + 1, device=noise.device)
    state = diffusion.std(times[:1]) * noise[0]
    for step in range(len(noise)):
        time, length = times[step : step + 1], times[step] - times[step + 1]
        spread = diffusion.spread(time)
        slope = diffusion.drift(time) * state - spread.square() * score(state, time, step)
        state = state - slope * length
        if step + 1 < len(noise):
            state = state + spread * length.sqrt() * noise[step + 1]
    return state


def fixed_noise(seed: int, *shape: int) -> Tensor:
    """Standard normal numbers that depend on the seed and the shape alone, on the processor."""
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed), device="cpu")
