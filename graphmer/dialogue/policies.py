"""Training policies: protocols that draw what is missing anew for each dialogue.

They are protocols like any other. Give them another seed each epoch and every epoch hides something else;
give them one seed and they hide the same.
"""

from dataclasses import dataclass

import torch

from graphmer.dialogue.dialogue import Dialogue
from graphmer.dialogue.missing import MissingProtocol, Rate
from graphmer.dialogue.random import uniforms
from graphmer.typing import Available

HIGHEST_RATE = 0.7
"""Upper end of the missing rates met in training, as in the field's curves."""


@dataclass(frozen=True)
class RandomSets(MissingProtocol):
    """``sets``: each dialogue has one of the ``2**M - 1`` sets of modalities, all equally likely.

    As under `FixedSet`, an utterance recorded with none of the drawn set is left with nothing.
    """

    @property
    def name(self) -> str:
        return "sets"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        count = len(dialogue.modalities)
        draw = uniforms("sets", seed, dialogue.id, ["set"], 1).item()
        drawn = 1 + int(draw * (2**count - 1))
        columns = torch.tensor([[bool(drawn >> column & 1) for column in range(count)]])
        return columns.expand(len(dialogue), -1).clone()


@dataclass(frozen=True)
class RandomRates(MissingProtocol):
    """``rates``: each dialogue has a missing rate, uniform in [0, 0.7], and loses modalities as by `Rate`."""

    @property
    def name(self) -> str:
        return "rates"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        draw = uniforms("rates", seed, dialogue.id, ["rate"], 1).item()
        return Rate(HIGHEST_RATE * draw).keep(dialogue, seed)


@dataclass(frozen=True)
class Mixed(MissingProtocol):
    """``mixed``: each dialogue is masked by `RandomSets` or `RandomRates`, with equal chance."""

    @property
    def name(self) -> str:
        return "mixed"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        draw = uniforms("mixed", seed, dialogue.id, ["policy"], 1).item()
        policy: MissingProtocol = RandomSets() if draw < 0.5 else RandomRates()
        return policy.keep(dialogue, seed)
