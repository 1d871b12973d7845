"""Recurrent encoder over the turns of each dialogue, on the ragged node axis."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence, unpack_sequence


class ContextRNN(nn.Module):
    """Bidirectional LSTM of two layers over the turns of each dialogue.

    Dialogues are packed, so that neither direction reads padding and no dialogue depends on the length of
    another one in its batch.

    Args:
        inputs: features of a turn.
        width: width ``W`` of each direction.
        dropout: dropout probability between the layers.

    Attributes:
        width: ``D = 2 W`` of the output states.
    """

    def __init__(self, inputs: int, width: int, dropout: float) -> None:
        super().__init__()
        self.width = 2 * width
        self.rnn = nn.LSTM(inputs, width, num_layers=2, dropout=dropout, bidirectional=True)

    def forward(self, state: Tensor, dialogue: Tensor) -> Tensor:
        """States of the turns, each with its context.

        Args:
            state: input of each turn.
            dialogue: dialogue of each turn, ascending.

        Shapes:
            state ``[N, inputs]``; dialogue ``[N]``; returns ``[N, D]``.
        """
        turns = torch.unique_consecutive(dialogue, return_counts=True)[1]
        dialogues = list(torch.split(state, turns.tolist()))
        packed = pack_sequence(dialogues, enforce_sorted=False)
        return torch.cat(unpack_sequence(self.rnn(packed)[0]))
