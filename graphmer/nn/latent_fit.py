"""Latent codes of single utterances, fitted to whatever is available of them."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from graphmer.nn.reconstruction import ReconstructionHeads


class LatentFit(nn.Module):
    """Linear decoders of a latent code, and the code that decodes into what is available.

    The code minimises ``sum_m r_m ||W_m h + b_m - x_m||^2 = h' G h - 2 h' c + const`` with
    ``G = sum_m r_m W_m' W_m`` and ``c = sum_m r_m W_m' (x_m - b_m)``, by gradient descent from zero. As the
    objective is quadratic, ``T`` steps of size ``s / (2 l_max)`` have a closed form in the eigenvectors of
    ``G``, which only depends on the set of available modalities: along the eigenvalue ``l`` the code is
    ``c (1 - (1 - s l / l_max)^T) / l``. So a code depends on its own utterance alone, and costs no loop.

    Args:
        widths: features per modality.
        width: size ``K`` of the code.
    """

    def __init__(self, widths: Mapping[str, int], width: int) -> None:
        super().__init__()
        self.width = width
        self.decoders = ReconstructionHeads(width, widths)

    def forward(self, code: Tensor) -> dict[str, Tensor]:
        """Decoded features ``{m: [N, D_m]}`` of codes ``[N, K]``."""
        decoded: dict[str, Tensor] = self.decoders(code)
        return decoded

    @torch.no_grad()
    def quadratic(self, features: Mapping[str, Tensor], available: Tensor) -> tuple[Tensor, Tensor]:
        """``W_m' W_m`` of each modality ``[M, K, K]``, and ``c`` of each utterance ``[N, K]``.

        Args:
            features: by modality; rows that are not available must be finite.
            available: what the code is fitted to.
        """
        gram, linear = [], torch.zeros(len(available), self.width, device=available.device)
        for column, (modality, decoder) in enumerate(self.decoders.items()):
            assert isinstance(decoder, nn.Linear)
            weight, bias = decoder.weight, decoder.bias
            gram.append(weight.T @ weight)
            linear = linear + (features[modality] - bias) @ weight * available[:, column, None]
        return torch.stack(gram), linear

    @torch.no_grad()
    def fit(self, features: Mapping[str, Tensor], available: Tensor, steps: int, step_size: float) -> Tensor:
        """Codes after some steps of gradient descent; zero where nothing is available.

        Args:
            features: by modality; rows that are not available must be finite.
            available: what the codes are fitted to.
            steps: number of steps ``T``.
            step_size: ``s``, in (0, 1]; at 1 the direction of the largest eigenvalue converges at once.

        Shapes:
            features ``{m: [N, D_m]}``; available bool ``[N, M]``; returns ``[N, K]``.
        """
        gram, linear = self.quadratic(features, available)
        code = torch.zeros_like(linear)
        for pattern in available.unique(dim=0):  # type: ignore[no-untyped-call]
            if pattern.any():
                rows = (available == pattern).all(dim=1)
                value, vector = torch.linalg.eigh(gram[pattern].sum(dim=0).double())
                largest = value[-1].clamp_min(1e-12)
                share = (value / largest).clamp(0, 1)
                # (1 - (1 - s x)^T) / x, which tends to s T at x = 0
                done = -torch.expm1(steps * torch.log1p(-step_size * share))
                factor = torch.where(share > 1e-9, done / share.clamp_min(1e-9), step_size * steps) / largest
                code[rows] = linear[rows] @ (vector * factor @ vector.T).to(linear.dtype)
        return code

    @torch.no_grad()
    def error(self, code: Tensor, features: Mapping[str, Tensor], available: Tensor) -> Tensor:
        """Squared error ``L_rec`` of each utterance, over what is available, ``[N]``."""
        decoded = self(code)
        errors = [(decoded[m] - features[m]).square().sum(dim=1) for m in decoded]
        return (torch.stack(errors, dim=1) * available).sum(dim=1)
