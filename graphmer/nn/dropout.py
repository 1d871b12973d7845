"""Dropout whose mask costs little on a processor."""

import torch
from torch import Tensor, nn


class Dropout(nn.Dropout):
    """Zeroes each element with probability `p` in training and scales the others by ``1 / (1 - p)``.

    Differences from `torch.nn.Dropout`: on a processor, where torch draws the mask of each element by a call
    of its own, four elements share one draw of 64 bits. `p` is therefore rounded
    to a multiple of ``2 ** -16``, and the scale is that of the rounded `p`, so that expectations stay exact.
    Other devices have torch's own.
    """

    def forward(self, state: Tensor) -> Tensor:
        if state.device.type != "cpu" or not self.training or self.p in (0, 1):
            return super().forward(state)
        kept = min(max(round((1 - self.p) * 65536), 1), 65535)
        bits = torch.empty(state.numel() // 4 + 1, dtype=torch.long).random_(-(2**63), None)
        drawn = bits.view(torch.int16)[: state.numel()].view(state.shape)
        mask = torch.empty(state.shape, dtype=state.dtype)
        torch.lt(drawn, kept - 32768, out=mask)
        return state * mask.mul_(65536 / kept)
