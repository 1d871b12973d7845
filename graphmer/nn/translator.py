"""Translation of one sequence of turns into another, with attention within the dialogue."""

import torch
from torch import Tensor, nn

from graphmer.nn.context import BidirectionalLayer
from graphmer.nn.padding import PaddedDialogues


class Seq2Seq(nn.Module):
    """Encoder-decoder over the turns of dialogues, with additive attention.

    ``e = LSTM_onward(x) + LSTM_reversed(x)``; at each turn ``w = softmax_j(u' tanh(W e_j + V s_{i-1}))``,
    ``s_i = LSTMCell([y'_{i-1}; sum_j w_j e_j], s_{i-1})`` and ``y_i = A s_i + b``, where ``y'_{i-1}`` is the
    decoder's own last output, or sometimes the true one while training. Neither padding nor other dialogues
    are attended to.

    Args:
        inputs: features of a turn.
        width: width ``W`` of encoder and decoder.
        outputs: features ``D`` of a translated turn.
    """

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.encoder = BidirectionalLayer(inputs, width, "lstm")
        self.key = nn.Linear(width, width, bias=False)
        self.query = nn.Linear(width, width)
        self.score = nn.Linear(width, 1, bias=False)
        self.cell = nn.LSTMCell(outputs + width, width)
        self.leave = nn.Linear(width, outputs)

    def encode(self, sequences: Tensor, layout: PaddedDialogues) -> Tensor:
        """Encoder states ``[L, B, W]`` of padded sequences ``[L, B, inputs]``."""
        onward, back = self.encoder(sequences, layout).chunk(2, dim=2)
        return onward + back

    def decode(
        self,
        encoded: Tensor,
        layout: PaddedDialogues,
        truth: Tensor | None = None,
        known: Tensor | None = None,
        forcing: float = 0.0,
    ) -> Tensor:
        """Translated turns.

        Args:
            encoded: encoder states.
            layout: of the padded dialogues, steps first.
            truth: what the turns should be, for teacher forcing.
            known: steps whose `truth` is known.
            forcing: probability that a step reads the true last turn instead of the decoder's own one.

        Shapes:
            encoded ``[L, B, W]``; truth ``[L, B, D]``; known ``[L, B]``; returns ``[L, B, D]``.
        """
        keys = self.key(encoded)
        outside = ~layout.inside[:, :, None]
        state = memory = encoded.new_zeros(encoded.shape[1:])
        last = encoded.new_zeros(encoded.shape[1], self.leave.out_features)
        decoded = []
        for step in range(len(encoded)):
            score = self.score(torch.tanh(keys + self.query(state)))
            weight = score.masked_fill(outside, -torch.inf).softmax(dim=0)
            read = torch.cat([last, (weight * encoded).sum(dim=0)], dim=1)
            state, memory = self.cell(read, (state, memory))
            last = self.leave(state)
            decoded.append(last)
            if truth is not None and known is not None and forcing > 0:
                forced = known[step] & (torch.rand(len(last), device=last.device) < forcing)
                last = truth[step].where(forced[:, None], last)
        return torch.stack(decoded)
