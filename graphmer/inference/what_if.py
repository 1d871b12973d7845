"""What a model would say of a dialogue if it could not see some of its modalities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphmer.dialogue import Dialogue
from graphmer.dialogue.conditions import short_name
from graphmer.inference.information_gain import Help, ModalitySet, subsets

if TYPE_CHECKING:
    from graphmer.inference.predictor import DialoguePrediction

NOTHING = "nothing"
"""Name of the empty set of modalities."""


@dataclass(frozen=True, eq=False)
class WhatIf:
    """A dialogue as it is, and as it would be under every set of the modalities that occur in it.

    Hiding a modality hides it from the whole dialogue, as a switch does: under a set ``S`` every turn keeps
    what it has of ``S``, and its neighbours in the graph know no more either.

    Attributes:
        actual: the prediction from all there is.
        under: predictions by the short name of the set, such as ``at``; `NOTHING` first, all last.
        help: for each turn, the one missing modality that would be expected to help most.
    """

    actual: "DialoguePrediction"
    under: "Mapping[str, DialoguePrediction]"
    help: tuple[Help, ...]

    def sets_of(self, turn: int) -> list[str]:
        """Names of the subsets of the modalities that this turn has, counted from 0; `NOTHING` first."""
        dialogue = self.actual.dialogue
        return [set_name(chosen, dialogue.modalities) for chosen in subsets(modalities_of(dialogue, turn))]


def set_name(chosen: ModalitySet, modalities: ModalitySet) -> str:
    """The short name of a set of modalities, or `NOTHING`."""
    return short_name(chosen, modalities) if chosen else NOTHING


def modalities_of(dialogue: Dialogue, turn: int | None = None) -> ModalitySet:
    """What a turn has, or, without a turn, what occurs anywhere in the dialogue."""
    there = dialogue.available.any(dim=0) if turn is None else dialogue.available[turn]
    return tuple(m for m, is_there in zip(dialogue.modalities, there.tolist(), strict=True) if is_there)
