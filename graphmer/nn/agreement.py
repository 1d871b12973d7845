"""Agreement of modalities: how much more probable features are together than apart."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import torch
from torch import Tensor, nn

from graphmer.dialogue import Dialogue

COMPONENTS = 16
"""Most canonical components of two modalities; later ones hardly correlate."""
RIDGE = 0.3
"""Ridge of the covariances, as a share of their mean variance; features are many and turns few."""
HIGHEST = 0.95
"""Highest correlation that is believed; the likelihood of one would be infinite."""


class Agreement(nn.Module):
    r"""Pointwise mutual information of two modalities of a turn, in nats.

    Two modalities are taken as jointly Gaussian with canonical components :math:`u_r, v_r` of correlation
    :math:`\rho_r` (probabilistic CCA, Bach and Jordan 2005), so that

    .. math:: \log \frac{p(x, y)}{p(x) p(y)} = \sum_r \frac{\rho_r u_r v_r - \rho_r^2 (u_r^2 + v_r^2) / 2}
              {1 - \rho_r^2} - \frac{1}{2} \log(1 - \rho_r^2)

    It is positive for features that belong together and negative for those of different turns. Nothing of it
    needs annotations: it is fitted in closed form on the training part, the directions on one half of the
    dialogues and the correlations on the other, so that no correlation is one of chance.

    Args:
        widths: features per modality, ``{m: D_m}``.
    """

    def __init__(self, widths: Mapping[str, int]) -> None:
        super().__init__()
        self.modalities = tuple(widths)
        self.pairs = tuple(combinations(range(len(widths)), 2))
        for first, second in self.pairs:
            columns = [list(widths.values())[m] for m in (first, second)]
            rank = min(COMPONENTS, *columns)
            for m, width in zip((first, second), columns, strict=True):
                self.register_buffer(f"direction_{first}_{second}_{m}", torch.zeros(width, rank))
                self.register_buffer(f"mean_{first}_{second}_{m}", torch.zeros(rank))
            self.register_buffer(f"correlation_{first}_{second}", torch.zeros(rank))

    def fit(self, dialogues: Sequence[Dialogue]) -> None:
        """Fit directions and correlations.

        Args:
            dialogues: of the training part, standardised. Pairs of modalities that hardly any turn has both
                of stay without correlation.
        """
        for first, second in self.pairs:
            halves = [self._both(dialogues[half::2], first, second) for half in (0, 1)]
            if min(len(rows) for rows, _ in halves) > COMPONENTS:
                self._fit_pair(first, second, *halves)

    def _both(self, dialogues: Sequence[Dialogue], first: int, second: int) -> tuple[Tensor, Tensor]:
        """Features of the turns that have both modalities, float64."""
        rows: list[list[Tensor]] = [[], []]
        for dialogue in dialogues:
            have = dialogue.available[:, first] & dialogue.available[:, second]
            for part, m in zip(rows, (first, second), strict=True):
                part.append(dialogue.features[self.modalities[m]][have].double())
        one, other = (torch.cat(part) if part else torch.zeros(0, 1) for part in rows)
        return one, other

    def _fit_pair(
        self, first: int, second: int, fitted: tuple[Tensor, Tensor], held_out: tuple[Tensor, Tensor]
    ) -> None:
        centred = [rows - rows.mean(dim=0) for rows in fitted]
        whitening = [_inverse_root(rows.T @ rows / len(rows)) for rows in centred]
        cross = whitening[0] @ (centred[0].T @ centred[1] / len(centred[0])) @ whitening[1]
        left, _, right = torch.linalg.svd(cross, full_matrices=False)
        correlation = self.get_buffer(f"correlation_{first}_{second}")
        rank = len(correlation)
        seen = []
        for m, rows, white, turned in zip((first, second), held_out, whitening, (left, right.T), strict=True):
            direction = white @ turned[:, :rank]
            component = rows @ direction
            direction = direction / component.std(dim=0).clamp_min(1e-6)
            component = rows @ direction
            seen.append(component - component.mean(dim=0))
            self.get_buffer(f"direction_{first}_{second}_{m}").copy_(direction)
            self.get_buffer(f"mean_{first}_{second}_{m}").copy_(component.mean(dim=0))
        found = (seen[0] * seen[1]).sum(dim=0) / (len(seen[0]) - 1)
        correlation.copy_(found.clamp(0, HIGHEST))

    def components(self, features: Mapping[str, Tensor]) -> dict[tuple[int, int], tuple[Tensor, Tensor]]:
        """Canonical components ``[N, R]`` of both modalities of each pair.

        Args:
            features: by modality, finite everywhere, ``{m: [N, D_m]}``.
        """
        found = {}
        for first, second in self.pairs:
            one, other = (
                features[self.modalities[m]].float() @ self.get_buffer(f"direction_{first}_{second}_{m}")
                - self.get_buffer(f"mean_{first}_{second}_{m}")
                for m in (first, second)
            )
            found[first, second] = one, other
        return found

    def information(self, pair: tuple[int, int], one: Tensor, other: Tensor) -> Tensor:
        """Pointwise mutual information ``[N]`` of the components ``[N, R]`` of a pair of modalities."""
        rho = self.get_buffer("correlation_{}_{}".format(*pair))
        unexplained = 1 - rho.square()
        together = rho * one * other - rho.square() * (one.square() + other.square()) / 2
        information: Tensor = (together / unexplained - unexplained.log() / 2).sum(dim=1)
        return information


def _inverse_root(covariance: Tensor) -> Tensor:
    """Inverse square root of a covariance with a ridge."""
    width = len(covariance)
    ridge = RIDGE * covariance.diagonal().mean().clamp_min(1e-6)
    values, vectors = torch.linalg.eigh(covariance + ridge * torch.eye(width, dtype=covariance.dtype))
    return (vectors / values.clamp_min(1e-12).sqrt()) @ vectors.T
