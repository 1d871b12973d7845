"""Training policies: protocols that sample the missing modalities of each dialogue.

They are pure functions of the seed, as all protocols are. A new seed per epoch gives new masks in every
epoch; the same seed gives the same masks.
"""

from dataclasses import dataclass

import torch

from graphmer.dialogue.dialogue import Dialogue
from graphmer.dialogue.missing import Drop, MissingProtocol, Rate
from graphmer.dialogue.random import uniforms
from graphmer.typing import Available

HIGHEST_RATE = 0.7
"""Highest missing rate in training, as in the missing-rate curves of the literature."""


@dataclass(frozen=True)
class RandomSets(MissingProtocol):
    """``sets``: each dialogue has one of the ``2**M - 1`` sets of modalities, sampled uniformly.

    As under `FixedSet`, an utterance recorded without any modality of the set has no modality at all.
    """

    @property
    def name(self) -> str:
        return "sets"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        count = len(dialogue.modalities)
        uniform = uniforms("sets", seed, dialogue.id, ["set"], 1).item()
        subset = 1 + int(uniform * (2**count - 1))
        columns = torch.tensor([[bool(subset >> column & 1) for column in range(count)]])
        return columns.expand(len(dialogue), -1).clone()


@dataclass(frozen=True)
class PartialSets(MissingProtocol):
    """``partial``: each utterance has one of the ``2**M - 2`` proper subsets of modalities, at random.

    The training masks of MMIN and of the systems that build on it; nothing is ever complete. With a single
    modality nothing is masked.
    """

    @property
    def name(self) -> str:
        return "partial"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        count = len(dialogue.modalities)
        uniform = uniforms("partial", seed, dialogue.id, dialogue.utterance_ids, 1)
        subset = 1 + torch.from_numpy(uniform * max(1, 2**count - 2)).long()
        return (subset >> torch.arange(count) & 1).bool()


@dataclass(frozen=True)
class RandomRates(MissingProtocol):
    """``rates``: each dialogue is masked by `Rate` with a rate sampled uniformly from [0, 0.7]."""

    @property
    def name(self) -> str:
        return "rates"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        uniform = uniforms("rates", seed, dialogue.id, ["rate"], 1).item()
        return Rate(HIGHEST_RATE * uniform).keep(dialogue, seed)


@dataclass(frozen=True)
class Mixed(MissingProtocol):
    """``mixed``: each dialogue is masked by `RandomSets` or `RandomRates`, with equal probability."""

    @property
    def name(self) -> str:
        return "mixed"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        uniform = uniforms("mixed", seed, dialogue.id, ["policy"], 1).item()
        policy: MissingProtocol = RandomSets() if uniform < 0.5 else RandomRates()
        return policy.keep(dialogue, seed)


@dataclass(frozen=True)
class RandomDrops(MissingProtocol):
    """``drops``: each dialogue is masked by `Drop` with a rate sampled uniformly from [0, 0.7].

    The only policy that hides anything of a corpus with a single modality.
    """

    @property
    def name(self) -> str:
        return "drops"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        uniform = uniforms("drops", seed, dialogue.id, ["rate"], 1).item()
        return Drop(HIGHEST_RATE * uniform).keep(dialogue, seed)


@dataclass(frozen=True)
class Varied(MissingProtocol):
    """``varied``: each dialogue is masked by `Mixed`, or with probability one fourth by `RandomDrops`.

    For a corpus with a single modality, of which `Mixed` hides nothing, and where whole turns may be missing.
    """

    @property
    def name(self) -> str:
        return "varied"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        uniform = uniforms("varied", seed, dialogue.id, ["policy"], 1).item()
        policy: MissingProtocol = RandomDrops() if uniform < 0.25 else Mixed()
        return policy.keep(dialogue, seed)
