"""Recurrent encoder over the turns of each dialogue, on the ragged node axis."""

from typing import Literal

import torch
from torch import Tensor, nn

from graphmer.nn.padding import PaddedDialogues

Cell = Literal["lstm", "gru"]
"""Kind of recurrence."""


class BidirectionalLayer(nn.Module):
    """Bidirectional recurrent layer over padded sequences, as over packed ones.

    The backward direction reads each sequence reversed within its length, so that padding is always behind
    what is read: the result is that of packed sequences, without their steps of varying size. On a processor,
    training is two to three times as fast.

    Args:
        inputs: features of a step.
        width: width ``W`` of each direction.
        cell: LSTM or GRU.
    """

    def __init__(self, inputs: int, width: int, cell: Cell) -> None:
        super().__init__()
        layer = {"lstm": nn.LSTM, "gru": nn.GRU}[cell]
        self.onward = layer(inputs, width)
        self.reversed = layer(inputs, width)

    def forward(self, sequences: Tensor, layout: PaddedDialogues) -> Tensor:
        """States of both directions.

        Args:
            sequences: padded at the end.
            layout: of these sequences, steps first.

        Shapes:
            sequences ``[L, B, inputs]``; returns ``[L, B, 2 W]``.
        """
        back = layout.reversed(self.reversed(layout.reversed(sequences))[0])
        return torch.cat([self.onward(sequences)[0], back], dim=2)


class ContextRNN(nn.Module):
    """Bidirectional LSTM or GRU of two layers over the turns of each dialogue.

    Neither direction reads padding, and no dialogue depends on the length of another one in its batch.

    Args:
        inputs: features of a turn.
        width: width ``W`` of each direction.
        dropout: dropout probability between the layers.
        cell: LSTM or GRU.

    Attributes:
        width: ``D = 2 W`` of the output states.
    """

    def __init__(self, inputs: int, width: int, dropout: float, cell: Cell = "lstm") -> None:
        super().__init__()
        self.width = 2 * width
        self.first = BidirectionalLayer(inputs, width, cell)
        self.dropout = nn.Dropout(dropout)
        self.second = BidirectionalLayer(self.width, width, cell)

    def forward(self, state: Tensor, dialogue: Tensor) -> Tensor:
        """States of the turns, each with its context.

        Args:
            state: input of each turn.
            dialogue: dialogue of each turn, ascending.

        Shapes:
            state ``[N, inputs]``; dialogue ``[N]``; returns ``[N, D]``.
        """
        layout = PaddedDialogues.of(dialogue, steps_first=True)
        states = self.first(layout.pad(state), layout)
        return layout.rows(self.second(self.dropout(states), layout))
