"""Which turns cause the emotion of a turn: prediction of links between a turn and those before it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from graphmer.graph import DialogueGraph
from graphmer.nn.dropout import Dropout
from graphmer.nn.network import NetworkOutput, Signature


@dataclass(frozen=True, eq=False)
class CausePairs:
    """Pairs of a turn and a turn that may cause its emotion: itself, or one of those before it.

    Attributes:
        target: the turn.
        source: the possible cause.
        distance: turns from source to target; 0 for the turn itself.
        there: whether the dialogue of each given turn has a turn at each distance.

    Shapes:
        target, source, distance long ``[P]``, in the order of the given turns and, within one, of distances;
        there bool ``[T, W + 1]``.
    """

    there: Tensor
    target: Tensor
    source: Tensor
    distance: Tensor

    @classmethod
    def of(cls, turns: Tensor, dialogue: Tensor, window: int) -> "CausePairs":
        """All pairs of the given turns within their dialogues.

        Args:
            turns: targets, long ``[T]``.
            dialogue: dialogue of each turn of the batch, ascending, long ``[N]``.
            window: largest distance.
        """
        distance = torch.arange(window + 1, device=turns.device).expand(len(turns), -1)
        source = turns[:, None] - distance
        there = (source >= 0) & (dialogue[source.clamp_min(0)] == dialogue[turns][:, None])
        return cls(there, turns[:, None].expand_as(source)[there], source[there], distance[there])


class CauseHead(nn.Module):
    r"""Logit of a turn ``s`` being a cause of the emotion of a turn ``t``, for links within a window.

    .. math:: W_2 \, GELU(W_1 [h_t; h_s; h_t \odot h_s; p_t; p_s; c_{ts}] + b_{d, e}) + b_2

    Here :math:`h` are the states of the turns, :math:`p` the softmax of their emotion logits, and
    :math:`c` the cosine similarity of their own features, by modality, which is 0 where one of them lacks it;
    a second feature by modality tells whether both have it. The bias is learned for each distance
    :math:`d = t - s` and for same and other speakers, :math:`e`.

    Args:
        signature: modalities and classes of the network.
        width: ``D``, width of a turn's state.
        window: largest distance.
        dropout: probability on states and hidden layer.
    """

    def __init__(self, signature: Signature, width: int, window: int, dropout: float) -> None:
        super().__init__()
        self.window = window
        self.modalities = tuple(signature.widths)
        inputs = 3 * width + 2 * signature.outputs + 2 * len(self.modalities)
        self.relation = nn.Linear(inputs, width, bias=False)
        self.place = nn.Embedding(2 * (window + 1), width)
        nn.init.zeros_(self.place.weight)
        self.dropout = Dropout(dropout)
        self.score = nn.Sequential(nn.GELU(), Dropout(dropout), nn.Linear(width, 1))

    def forward(self, output: NetworkOutput, graph: DialogueGraph, pairs: CausePairs) -> Tensor:
        """Logit of each pair, ``[P]``.

        Args:
            output: of the network.
            graph: the same batch.
            pairs: within the window.
        """
        emotion = output.logits.softmax(dim=1)
        available = graph.available[:, :, None].unbind(1)
        # selected, not multiplied by zero: rows that are not available may hold NaN
        features = [graph[m].where(has, 0.0) for m, has in zip(self.modalities, available, strict=True)]
        state = self.dropout(output.state)
        now, before = state[pairs.target], state[pairs.source]
        similar = _similarities(features, graph.available, pairs)
        chosen = (emotion[pairs.target], emotion[pairs.source], similar)
        relation = torch.cat([now, before, now * before, *chosen], dim=1)
        other = graph.speaker[pairs.source] != graph.speaker[pairs.target]
        place = self.place(2 * pairs.distance + other)
        logits: Tensor = self.score(self.relation(relation) + place).squeeze(1)
        return logits


def _similarities(features: Sequence[Tensor], available: Tensor, pairs: CausePairs) -> Tensor:
    """Cosine of each modality of both turns, 0 where one lacks it, and whether both have it, ``[P, 2 M]``."""
    both = available[pairs.target] & available[pairs.source]
    cosines = [cosine_similarity(rows[pairs.target], rows[pairs.source], dim=1) for rows in features]
    return torch.cat([torch.stack(cosines, dim=1), both.to(cosines[0].dtype)], dim=1)
