"""Dropout whose mask costs little on a processor."""

import torch
from torch import Tensor, nn


class Dropout(nn.Dropout):
    """Zeroes each element with probability `p` in training and scales the others by ``1 / (1 - p)``.

    Differences from `torch.nn.Dropout`: on a processor, where torch draws the mask of each element by a call
    of its own, eight elements share one draw of 64 bits. `p` is therefore rounded to a multiple of
    ``2 ** -8``, and the scale is that of the rounded `p`, so that expectations stay exact. Other devices, and
    probabilities that would be rounded to 0 or 1, have torch's own.
    """

    def forward(self, state: Tensor) -> Tensor:
        if not self.training:
            return state
        kept = round((1 - self.p) * 256)
        if state.device.type != "cpu" or kept in (0, 256):
            return super().forward(state)
        bits = torch.empty(state.numel() // 8 + 1, dtype=torch.long).random_(-(2**63), None)
        drawn = bits.view(torch.int8)[: state.numel()].view(state.shape)
        mask = torch.empty(state.shape, dtype=state.dtype)
        torch.lt(drawn, kept - 128, out=mask)
        return state * mask.mul_(256 / kept)
