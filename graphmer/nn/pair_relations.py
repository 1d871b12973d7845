"""Temporal and speaker relations of the pairs of turns that edge rules connect."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class RelatedPairs:
    """Edges of a batch, each pair of turns once, with a temporal and a speaker relation.

    Args:
        index: source and target of each edge.
        order: number of its temporal relation, in `PairRelations.orders`.
        speaker: number of its speaker relation, in `PairRelations.speakers`.
        joint: number of both together, in `PairRelations.joint`.

    Shapes:
        index ``[2, P]``; order, speaker, joint ``[P]``.
    """

    index: Tensor
    order: Tensor
    speaker: Tensor
    joint: Tensor


class PairRelations:
    """Splits the relations ``rule/order/speaker`` of a graph into temporal and speaker relations.

    Which rule made an edge does not matter, and a pair of turns that several rules connect is one edge. Every
    turn is a neighbor of itself, in the relations ``now`` and ``intra``. Retrieved supports, whose relation
    has no order and no speaker, have a relation of their own of both kinds.

    Args:
        relations: names of the graph's relations, as in `Signature`.

    Attributes:
        orders: temporal relations that edges can have, in the order of their numbers.
        speakers: speaker relations that edges can have, in the order of their numbers.
        joint: temporal and speaker relations together, in the order of their numbers; as in DialogueGCN, a
            turn itself counts as ``past``: the source is not after the target.

    Example:
        >>> pairs = PairRelations(("own/past/intra", "context/past/intra", "context/past/inter"))
        >>> pairs.orders, pairs.speakers
        (('now', 'past'), ('intra', 'inter'))
        >>> pairs.joint
        (('past', 'intra'), ('past', 'inter'))
    """

    def __init__(self, relations: Sequence[str]) -> None:
        kinds = [self._kinds(relation) for relation in relations]
        self.orders = tuple(dict.fromkeys(["now", *(order for order, _ in kinds)]))
        self.speakers = tuple(dict.fromkeys(["intra", *(speaker for _, speaker in kinds)]))
        self._order = [self.orders.index(order) for order, _ in kinds]
        self._speaker = [self.speakers.index(speaker) for _, speaker in kinds]
        joint = [self._merged(*kind) for kind in [("now", "intra"), *kinds]]
        self.joint = tuple(dict.fromkeys(joint))
        numbers = {kind: number for number, kind in enumerate(self.joint)}
        self._joint = [[numbers.get(self._merged(o, s), -1) for s in self.speakers] for o in self.orders]

    @staticmethod
    def _merged(order: str, speaker: str) -> tuple[str, str]:
        return "past" if order == "now" else order, speaker

    @staticmethod
    def _kinds(relation: str) -> tuple[str, str]:
        _, *kinds = relation.split("/")
        return (kinds[0], kinds[1]) if len(kinds) == 2 else (relation, relation)

    def __call__(self, edge_index: Tensor, edge_type: Tensor, turns: int) -> RelatedPairs:
        """The pairs of turns of a batch.

        Args:
            edge_index: source and target of each edge.
            edge_type: relation of each edge.
            turns: number of turns, ``N``.

        Shapes:
            edge_index ``[2, E]``; edge_type ``[E]``.
        """
        table = edge_type.new_tensor([self._order, self._speaker])
        edges = torch.cat([edge_index, table[:, edge_type]])
        own = torch.arange(turns, device=edge_type.device)
        itself = torch.stack([own, own, torch.zeros_like(own), torch.zeros_like(own)])
        pairs = torch.unique(torch.cat([edges, itself], dim=1), dim=1)
        joint = edge_type.new_tensor(self._joint)[pairs[2], pairs[3]]
        return RelatedPairs(pairs[:2], pairs[2], pairs[3], joint)
