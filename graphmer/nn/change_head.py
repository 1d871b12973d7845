"""Whether a speaker's emotion has changed, read from two of their turns at once."""

import torch
from torch import Tensor, nn

from graphmer.nn.dropout import Dropout


class ChangeHead(nn.Module):
    r"""Logit of a change of emotion between an earlier turn ``p`` of a speaker and the present one ``t``.

    .. math:: W_2 \, GELU(W_1 [h_t; h_p; h_t \odot h_p; |h_t - h_p|] + b_1) + b_2

    It looks at the relation between two turns: product and difference measure how far the speaker's state has
    moved, the states themselves where from and where to. A change cannot be read from a turn alone.

    Args:
        width: ``D``, width of a turn's state.
        dropout: probability on the hidden layer.

    Shapes:
        now, earlier float ``[P, D]``; returns float ``[P]``.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.score = nn.Sequential(
            nn.Linear(4 * width, width), nn.GELU(), Dropout(dropout), nn.Linear(width, 1)
        )

    def forward(self, now: Tensor, earlier: Tensor) -> Tensor:
        relation = torch.cat([now, earlier, now * earlier, (now - earlier).abs()], dim=1)
        return self.score(relation).squeeze(1)
