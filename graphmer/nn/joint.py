"""Joint layer over the concatenated modalities."""

import torch
from torch import Tensor, nn

from graphmer.nn.dropout import Dropout


class JointLayer(nn.Module):
    """``c + Drop(ReLU(W_p c + b_p))`` over the concatenated modalities (MoMKE's released code)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.dropout = Dropout(dropout)

    def forward(self, state: Tensor) -> Tensor:
        return state + self.dropout(torch.relu(self.linear(state)))
