"""Graph convolution with initial residual and identity mapping, over padded dialogues."""

import math

import torch
from torch import Tensor, nn


class SimilarityGraph:
    """Weighted graph of all modalities of each dialogue, symmetrically normalised.

    Within a modality all turns are connected, across modalities a turn with itself; an edge of two nodes with
    features ``x_i``, ``x_j`` weighs ``1 - arccos(0.99999 cos(x_i, x_j)) / pi``. Nodes that are missing have
    no edges. With ``D`` the sums of weights, ``A' = D^-1/2 A D^-1/2``.

    Args:
        nodes: features of each node.
        there: which nodes there are: turns that have the modality.

    Shapes:
        nodes ``[B, M, L, D]``; there ``[B, M, L]``.
    """

    def __init__(self, nodes: Tensor, there: Tensor) -> None:
        # zeros have no direction: their norm is bounded from below, its gradient too
        unit = nodes / nodes.square().sum(dim=-1, keepdim=True).clamp_min(1e-12).sqrt()
        within = self._weight(unit @ unit.transpose(-2, -1))
        within = within * (there[..., :, None] & there[..., None, :])
        turns, exists = unit.transpose(1, 2), there.transpose(1, 2)
        across = self._weight(turns @ turns.transpose(-2, -1))
        other = ~torch.eye(nodes.shape[1], dtype=torch.bool, device=nodes.device)
        across = across * (exists[..., :, None] & exists[..., None, :] & other)
        degree = within.sum(dim=-1) + across.sum(dim=-1).transpose(1, 2)
        scale = degree.clamp_min(1e-12).rsqrt() * there
        turn_scale = scale.transpose(1, 2)
        self.within = scale[..., :, None] * within * scale[..., None, :]
        self.across = turn_scale[..., :, None] * across * turn_scale[..., None, :]

    @staticmethod
    def _weight(cosine: Tensor) -> Tensor:
        return 1 - torch.arccos((0.99999 * cosine).clamp(-0.99999, 0.99999)) / math.pi

    def __call__(self, state: Tensor) -> Tensor:
        """``A' x``.

        Shapes:
            state ``[B, M, L, D]``; returns the same.
        """
        across = self.across @ state.transpose(1, 2)
        return self.within @ state + across.transpose(1, 2)


class GCNII(nn.Module):
    """Graph convolution of GCNII (Chen et al., ICML 2020, eq. 5), without the activation.

    ``((1 - alpha) A' x + alpha x_0) ((1 - beta) I + beta W)``, ``beta = ln(lambda / l + 1)``.

    Args:
        width: ``D``.
        number: number ``l`` of the layer, from 1.
        alpha: share of the initial state.
        decay: ``lambda``: how fast the share of the weights falls with the number of the layer.
    """

    def __init__(self, width: int, number: int, alpha: float, decay: float) -> None:
        super().__init__()
        self.alpha = alpha
        self.beta = math.log(decay / number + 1)
        self.weight = nn.Linear(width, width, bias=False)

    def forward(self, state: Tensor, initial: Tensor, graph: SimilarityGraph) -> Tensor:
        """Shapes: state, initial ``[B, M, L, D]``; returns the same."""
        mixed = torch.lerp(graph(state), initial, self.alpha)
        return torch.lerp(mixed, self.weight(mixed), self.beta)
