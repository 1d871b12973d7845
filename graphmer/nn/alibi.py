"""ALiBi: attention with a bias that is linear in the distance between turns."""

import torch
from torch import Tensor


def alibi_slopes(heads: int) -> Tensor:
    """ALiBi slopes of the attention heads, ``2 ** (-8 h / H)`` for head ``h``, ``[H]``.

    From "Train Short, Test Long" (Press et al. 2022, section 3). The first heads attend to near turns, the
    last ones to all turns nearly alike.

    Differences from the paper: distance counts turns in both directions, and turns that lack the modality
    count as well.
    """
    # computed where a network is built without memory, too: there, this would import torch's compiler
    return 2.0 ** (-8.0 * torch.arange(1, heads + 1, device="cpu") / heads)


def attention_mask(visible: Tensor, distance: Tensor | None, slopes: Tensor | None) -> Tensor:
    """Attention mask, boolean or with the ALiBi bias of each head.

    Args:
        visible: whether a query may attend to a key.
        distance: in turns, between query and key; read where there are slopes.
        slopes: of the heads; ``None`` if distance does not matter.

    Shapes:
        visible bool ``[..., Q or 1, K]``; distance ``[..., Q, K]``; slopes ``[H]``; returns bool
        ``[..., 1, Q or 1, K]``, or with slopes float ``[..., H, Q, K]``.
    """
    if distance is None or slopes is None:
        return visible.unsqueeze(-3)
    bias = -slopes[:, None, None] * distance.abs().unsqueeze(-3)
    return bias.masked_fill(~visible.unsqueeze(-3), -torch.inf)
