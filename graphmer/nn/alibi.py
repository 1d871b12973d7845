"""Attention that falls with distance in time."""

import torch
from torch import Tensor


def alibi_slopes(heads: int) -> Tensor:
    """How much less each head hears per turn of distance, ``[H]``: ``2 ** (-8 h / H)`` for head ``h``.

    The slopes of ALiBi (Press et al. 2022, section 3). The first heads hear the turns near by, the last ones
    nearly all alike.

    Differences from the paper: distance counts turns in both directions, and turns that lack the modality
    count as well.
    """
    return 2.0 ** (-8.0 * torch.arange(1, heads + 1) / heads)


def attention_mask(heard: Tensor, distance: Tensor | None, slopes: Tensor | None) -> Tensor:
    """What attention takes as its mask: what is heard, or what is added to the scores of each head.

    Args:
        heard: whether a query hears a key.
        distance: in turns, between query and key; read where there are slopes.
        slopes: of the heads; ``None`` if distance does not matter.

    Shapes:
        heard bool ``[..., Q or 1, K]``; distance ``[..., Q, K]``; slopes ``[H]``; returns bool
        ``[..., 1, Q or 1, K]``, or with slopes float ``[..., H, Q, K]``.
    """
    if distance is None or slopes is None:
        return heard.unsqueeze(-3)
    bias = -slopes[:, None, None] * distance.abs().unsqueeze(-3)
    return bias.masked_fill(~heard.unsqueeze(-3), -torch.inf)
