"""Spectrum of the features of a modality: what is usual for them, and a filter of noise on them."""

import torch
from torch import Tensor, nn

USUAL = 0.99
"""Share of the training turns whose energy is taken for usual and is not filtered."""
SMALLEST = 1e-4
"""Smallest variance of a component, in training variances."""


class Spectrum(nn.Module):
    r"""Principal components of features and their variances, and a Wiener filter in them.

    Additive noise of the same variance :math:`s^2` on all features stands out in the half of the components
    with the smallest variances :math:`\lambda`, where the features themselves have little energy. It is
    estimated there for each turn,

    .. math:: s^2 = \frac{2}{D} \sum_{r \le D / 2} (z_r^2 - \lambda_r)

    and each component :math:`z_r` is multiplied by :math:`\lambda_r / (\lambda_r + s^2)`, the best linear
    estimate (Wiener 1949). A turn whose energy there is usual is left as it is, bit by bit.

    Args:
        width: number of features ``D``.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.half = width // 2
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))
        self.register_buffer("basis", torch.eye(width))
        self.register_buffer("usual", torch.tensor(torch.inf))

    def fit(self, rows: Tensor) -> None:
        """Components and usual energy of the features ``[N, D]`` of the training part."""
        rows = rows.double()
        mean = rows.mean(dim=0)
        variance, basis = torch.linalg.eigh((rows - mean).T @ (rows - mean) / max(1, len(rows)))
        self.get_buffer("mean").copy_(mean)
        self.get_buffer("variance").copy_(variance.clamp_min(SMALLEST))
        self.get_buffer("basis").copy_(basis)
        if self.half:
            self.get_buffer("usual").copy_(self.energy(rows.float())[:, 0].quantile(USUAL))

    def components(self, rows: Tensor) -> Tensor:
        """Principal components ``[N, D]`` of features ``[N, D]``, ascending in their variances."""
        components: Tensor = (rows - self.get_buffer("mean")) @ self.get_buffer("basis")
        return components

    def energy(self, rows: Tensor) -> Tensor:
        """Energy in the weak and in the strong half of the components, over that of the training part.

        Shapes:
            rows ``[N, D]``; returns ``[N, 2]``.
        """
        square, variance = self.components(rows).square(), self.get_buffer("variance")
        halves = [slice(0, self.half), slice(self.half, None)]
        found = [square[:, half].sum(dim=1) / variance[half].sum().clamp_min(SMALLEST) for half in halves]
        return torch.stack(found, dim=1)

    def filtered(self, rows: Tensor) -> Tensor:
        """Features with less noise, ``[N, D]``."""
        if not self.half:
            return rows
        weak = self.get_buffer("variance")[: self.half].sum()
        energy = self.energy(rows)[:, 0]
        noisy = energy > self.get_buffer("usual")
        if not noisy.any():
            return rows
        variance = self.get_buffer("variance")
        noise = ((energy - 1) * weak / self.half).clamp_min(0)[:, None]
        clean = (self.components(rows) * variance / (variance + noise)) @ self.get_buffer("basis").T
        return torch.where(noisy[:, None], clean + self.get_buffer("mean"), rows)
