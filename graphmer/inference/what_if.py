"""Counterfactual predictions of a dialogue without some of its modalities."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphmer.dialogue.conditions import short_name
from graphmer.inference.information_gain import Help
from graphmer.inference.modality_sets import ModalitySet, modalities_of, subsets
from graphmer.inference.prediction import DialoguePrediction

NOTHING = "nothing"
"""Name of the empty set of modalities."""


@dataclass(frozen=True, eq=False)
class WhatIf:
    """Predictions of a dialogue from every set of the modalities that occur in it.

    A modality is masked in the whole dialogue: under a set ``S`` every turn keeps what it has of ``S``, and
    so do its neighbors in the graph.

    Attributes:
        actual: the prediction from all available modalities.
        under: predictions by the short name of the set, such as ``at``; `NOTHING` first, all last.
        help: for each turn, the missing modality of the largest expected information gain.
    """

    actual: DialoguePrediction
    under: Mapping[str, DialoguePrediction]
    help: tuple[Help, ...]

    def sets_of(self, turn: int) -> list[str]:
        """Names of the subsets of the modalities that this turn has, counted from 0; `NOTHING` first."""
        dialogue = self.actual.dialogue
        return [set_name(chosen, dialogue.modalities) for chosen in subsets(modalities_of(dialogue, turn))]


def set_name(chosen: ModalitySet, modalities: ModalitySet) -> str:
    """The short name of a set of modalities, or `NOTHING`."""
    return short_name(chosen, modalities) if chosen else NOTHING
