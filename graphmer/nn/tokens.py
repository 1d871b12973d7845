"""Tokens of the available (utterance, modality) pairs of a batch, and their layout for attention."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import torch
from torch import Tensor

from graphmer.typing import Available

Made = TypeVar("Made")


@dataclass(frozen=True)
class Tokens:
    """One token for each available modality of an utterance; missing ones have no token and cost nothing.

    Tokens are ordered by modality, then by node. Those of one modality in one dialogue form a *sequence*:
    attention stays inside it. Because only what is available is in a sequence, attention over it equals
    attention over the whole dialogue with the missing utterances masked as keys.

    Args:
        node: node of each token.
        modality: modality of each token.
        counts: tokens of each modality, ``M`` numbers.
        sequence: sequence of each token, numbered without gaps.
        rank: place of each token in its sequence.

    Shapes:
        node, modality, sequence, rank ``[T]``.
    """

    node: Tensor
    modality: Tensor
    counts: tuple[int, ...]
    sequence: Tensor
    rank: Tensor
    _made: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, available: Available, batch: Tensor) -> "Tokens":
        """Tokens of a batch.

        Shapes:
            available ``[N, M]``; batch ``[N]``, the dialogue of each node, in ascending order.
        """
        modality, node = torch.nonzero(available.T, as_tuple=True)
        counts = tuple(torch.bincount(modality, minlength=available.shape[1]).tolist())
        group = modality * (batch[-1] + 1) + batch[node]
        sequence, length = torch.unique_consecutive(group, return_inverse=True, return_counts=True)[1:]
        start = torch.cumsum(length, 0) - length
        rank = torch.arange(len(node), device=node.device) - start[sequence]
        return cls(node, modality, counts, sequence, rank)

    def only(self, modality: int) -> "Tokens":
        """The tokens of one modality."""
        begin = sum(self.counts[:modality])
        part = slice(begin, begin + self.counts[modality])
        counts = tuple(count if m == modality else 0 for m, count in enumerate(self.counts))
        sequence = self.sequence[part]
        return Tokens(self.node[part], self.modality[part], counts, sequence - sequence[:1], self.rank[part])

    def by_turn(self, rows: Tensor, turns: int) -> Tensor:
        """Rows of tokens ``[T, D]`` by turn and modality, ``[N, M, D]``; zero where a modality is missing."""
        modalities = len(self.counts)
        cell = self.node * modalities + self.modality
        cells = rows.new_zeros(turns * modalities, rows.shape[1]).index_copy(0, cell, rows)
        return cells.view(turns, modalities, -1)

    def split(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Rows of tokens ``[T, ...]`` as one tensor for each modality."""
        return torch.split(rows, list(self.counts))

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Number of sequences and length of the longest, ``(S, L)``; zeros where nothing is available."""
        if not len(self.node):
            return 0, 0
        return int(self.sequence[-1]) + 1, int(self.rank.max()) + 1

    @cached_property
    def slot(self) -> Tensor:
        """Place of each token ``[T]`` in the flattened ``[S * L]`` grid of sequences."""
        return self.sequence * self.shape[1] + self.rank

    @cached_property
    def token(self) -> Tensor:
        """Token of each cell of the flattened ``[S * L]`` grid; any where there is none."""
        grid = torch.zeros(self.shape[0] * self.shape[1], dtype=torch.long, device=self.node.device)
        return grid.index_copy_(0, self.slot, torch.arange(len(self.slot), device=self.node.device))

    @cached_property
    def filled(self) -> Tensor:
        """Which cells of the ``[S, L]`` grid hold a token."""
        grid = torch.zeros(self.shape[0] * self.shape[1], dtype=torch.bool, device=self.node.device)
        grid[self.slot] = True
        return grid.view(self.shape)

    @cached_property
    def visible(self) -> Tensor:
        """Which cells of the grid each one may attend to, ``[S, 1 or L, L]``."""
        return self.filled[:, None, :]

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """A value that depends on these tokens only, computed once for all layers that use the same key."""
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made

    @cached_property
    def distance(self) -> Tensor:
        """Turns between the cells of the ``[S, L]`` grid, ``[S, L, L]``; arbitrary for empty cells."""
        place = self.node[self.token].view(self.shape)
        return (place[:, :, None] - place[:, None, :]).abs()


@dataclass(frozen=True)
class DenseTokens(Tokens):
    """Tokens of one dialogue with one for each modality of each turn, missing ones included.

    Nothing about their layout depends on values, so that `torch.export` can follow it. No token attends to a
    missing one but that one itself, and missing ones are left out of the result: outputs are those of
    `Tokens.of`.
    """

    available: Tensor = field(kw_only=True)

    @classmethod
    def of(cls, available: Available, batch: Tensor) -> "DenseTokens":
        """Tokens of one dialogue."""
        turns, modalities = available.shape
        turn = torch.arange(turns, device=available.device)
        modality = torch.arange(modalities, device=available.device)[:, None].expand(modalities, turns)
        rank = turn.repeat(modalities)
        counts = (turns,) * modalities
        return cls(rank, modality.flatten(), counts, modality.flatten(), rank, available=available)

    def by_turn(self, rows: Tensor, turns: int) -> Tensor:
        by_modality = rows.view(len(self.counts), turns, rows.shape[1])
        return by_modality.transpose(0, 1).where(self.available[:, :, None], 0)

    @cached_property
    def shape(self) -> tuple[int, int]:
        return len(self.counts), self.available.shape[0]

    @cached_property
    def slot(self) -> Tensor:
        return torch.arange(self.node.shape[0], device=self.node.device)

    @cached_property
    def token(self) -> Tensor:
        return self.slot

    @cached_property
    def filled(self) -> Tensor:
        return self.available.T

    @cached_property
    def visible(self) -> Tensor:
        itself = torch.eye(self.available.shape[0], dtype=torch.bool, device=self.node.device)
        return self.filled[:, None, :] | itself
