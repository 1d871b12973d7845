"""Chains of the turns of each speaker of each dialogue, on one node axis."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class SpeakerTurns:
    """The chains of a batch: the turns of one speaker of one dialogue in their order.

    Chains are numbered by their first turns, so that neither their order nor anything that is computed along
    them depends on how speakers are numbered.

    A recursion along all chains at once takes the first turns of all, then the second turns of those that
    have one, and so on: with the longest chains first, the chains that go on are always the first rows, and
    nothing has to be padded.

    Args:
        chain: chain of each node.
        previous: node of the speaker's previous turn, -1 at a first turn.
        other: node of the latest earlier turn of any other speaker in the dialogue; -1 where nobody else has
            spoken.
        order: nodes by place in their chain, the longest chains first.
        active: chains with a first turn, with a second turn, ...; as many numbers as the longest chain has
            turns, and they fall.

    Shapes:
        chain, previous, other, order long ``[N]``.
    """

    chain: Tensor
    previous: Tensor
    other: Tensor
    order: Tensor
    active: tuple[int, ...]

    @classmethod
    def of(cls, speaker: Tensor, batch: Tensor) -> "SpeakerTurns":
        """Chains of a batch of dialogues, at least one turn.

        Args:
            speaker: number of the speaker within the dialogue; compared for equality only.
            batch: dialogue of each node, in ascending order.

        Shapes:
            speaker, batch long ``[N]``.

        Example:
            >>> turns = SpeakerTurns.of(torch.tensor([1, 0, 0, 1]), torch.zeros(4, dtype=torch.long))
            >>> turns.chain, turns.previous, turns.other
            (tensor([0, 1, 1, 0]), tensor([-1, -1,  1,  0]), tensor([-1,  0,  0,  2]))
            >>> turns.order, turns.active
            (tensor([0, 1, 3, 2]), (2, 2))
        """
        node = torch.arange(len(speaker), device=speaker.device)
        chain = _numbered_by_first_turn(batch * (speaker.max() + 1) + speaker, node)
        length = torch.bincount(chain)
        # nodes chain by chain
        grouped = chain.argsort(stable=True)
        place = torch.empty_like(node)
        place[grouped] = node - (length.cumsum(0) - length)[chain[grouped]]
        previous = torch.full_like(node, -1)
        goes_on = chain[grouped[1:]] == chain[grouped[:-1]]
        previous[grouped[1:]] = torch.where(goes_on, grouped[:-1], -1)
        row = length.argsort(descending=True, stable=True).argsort()
        order = (place * len(length) + row[chain]).argsort()
        return cls(
            chain, previous, _other(speaker, batch, node), order, tuple(torch.bincount(place).tolist())
        )

    @property
    def chains(self) -> int:
        """Number of chains, ``K``."""
        return self.active[0]

    def steps(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Rows of nodes ``[..., N, X]`` as those of the first turns, of the second turns, and so on."""
        return torch.split(rows.index_select(-2, self.order), list(self.active), dim=-2)

    def rows(self, steps: Sequence[Tensor]) -> Tensor:
        """The inverse of `steps`: rows in the order of the nodes."""
        return torch.cat(list(steps), dim=-2).index_select(-2, self.order.argsort())


def _numbered_by_first_turn(key: Tensor, node: Tensor) -> Tensor:
    """Groups of equal keys, numbered in the order in which they first occur."""
    group = torch.unique(key, return_inverse=True)[1]
    first = torch.full_like(node, len(node)).scatter_reduce(0, group, node, "amin")
    return torch.unique(first[group], return_inverse=True)[1]


def _other(speaker: Tensor, batch: Tensor, node: Tensor) -> Tensor:
    """Node before the run of consecutive turns of the same speaker, -1 where a dialogue begins."""
    new = torch.ones_like(node, dtype=torch.bool)
    new[1:] = (speaker[1:] != speaker[:-1]) | (batch[1:] != batch[:-1])
    before = torch.where(new, node, 0).cummax(0).values - 1
    inside = (before >= 0) & (batch[before] == batch)
    return torch.where(inside, before, -1)
