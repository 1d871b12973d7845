"""Sets of modalities, and protocols that keep a set or a random one."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from graphmer.dialogue import Dialogue
from graphmer.dialogue.missing import MissingProtocol
from graphmer.dialogue.random import uniforms
from graphmer.typing import Available

ModalitySet = tuple[str, ...]
"""Modalities in the model's order; empty for none at all."""


def modalities_of(dialogue: Dialogue, turn: int | None = None) -> ModalitySet:
    """Modalities of a turn, or, without a turn, those that occur anywhere in the dialogue."""
    present = dialogue.available.any(dim=0) if turn is None else dialogue.available[turn]
    return tuple(m for m, has in zip(dialogue.modalities, present.tolist(), strict=True) if has)


def subsets(modalities: Sequence[str]) -> list[ModalitySet]:
    """Every set of modalities, the empty one first, the complete one last.

    Example:
        >>> subsets(("audio", "text"))
        [(), ('audio',), ('text',), ('audio', 'text')]
    """
    return [chosen for size in range(len(modalities) + 1) for chosen in combinations(modalities, size)]


@dataclass(frozen=True)
class Only(MissingProtocol):
    """Protocol under which every turn keeps what it has of a set, which may be empty.

    Args:
        modalities: the set.
    """

    modalities: ModalitySet

    @property
    def name(self) -> str:
        return f"only:{'+'.join(self.modalities)}"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        column = torch.tensor([modality in self.modalities for modality in dialogue.modalities])
        return column.expand(len(dialogue), -1).clone()


@dataclass(frozen=True)
class RandomAvailability(MissingProtocol):
    """Protocol under which every turn keeps each modality with probability one half, maybe none."""

    @property
    def name(self) -> str:
        return "coins"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        samples = uniforms("coins", seed, dialogue.id, dialogue.utterance_ids, len(dialogue.modalities))
        return torch.from_numpy(samples < 0.5)


def entropy_bits(probability: Tensor) -> Tensor:
    """Entropy ``[N]`` in bits of probabilities ``[N, C]``.

    Example:
        >>> entropy_bits(torch.tensor([[0.5, 0.5], [1.0, 0.0]])).tolist()
        [1.0, 0.0]
    """
    return torch.special.entr(probability).sum(dim=1) / torch.log(torch.tensor(2.0))
