"""Training with damage: in a share of the dialogues one modality is damaged at random."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import torch
from pydantic import Field

from graphmer.dialogue.corruption import (
    Block,
    Clip,
    Constant,
    Damage,
    HeavyNoise,
    Noise,
)
from graphmer.dialogue.dialogue import Dialogue
from graphmer.dialogue.misplacement import Crosstalk, Shift
from graphmer.dialogue.missing import MissingProtocol
from graphmer.dialogue.random import uniforms
from graphmer.settings import Fraction, Settings
from graphmer.typing import Available

Kind = Literal["noise", "student", "clip", "block", "constant", "crosstalk", "shift"]
"""Names of the kinds of damage."""

_DRAWN: Mapping[Kind, Callable[[float, tuple[str, ...]], Damage]] = {
    "noise": lambda u, only: Noise(0.25 + 1.75 * u, only),
    "student": lambda u, only: HeavyNoise(0.25 + 1.75 * u, only),
    "clip": lambda u, only: Clip(0.1 + 0.9 * u, only),
    "block": lambda u, only: Block(0.2 + 0.7 * u, only),
    "constant": lambda u, only: Constant(1.0, only),
    "crosstalk": lambda u, only: Crosstalk(1.0, only),
    "shift": lambda u, only: Shift(1 if u < 0.75 else 2, only),
}
"""Damage by a uniform random number, its strength."""


class DamageSettings(Settings):
    """Training with damage.

    Strengths are sampled uniformly: noise of 0.25 to 2 standard deviations, clipping at 0.1 to 1, blocks of
    20 to 90 % of the features, a shift of one turn, or in one case of four of two.
    """

    share: Fraction = 0.5
    """Fraction of the dialogues in which one modality is damaged, sampled anew each epoch: on all turns, or
    with equal chance on a part of them."""
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)] = tuple(_DRAWN)
    """Kinds of damage, all equally probable."""


@dataclass(frozen=True)
class TrainingDamage(MissingProtocol):
    """Training policy: one modality of a share of the dialogues is damaged, then a protocol masks modalities.

    Args:
        settings: share and kinds.
        mask: missing-modality protocol.
    """

    settings: DamageSettings
    mask: MissingProtocol

    @property
    def name(self) -> str:
        return f"{self.mask.name} with damage"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        return self.mask.keep(dialogue, seed)

    def apply(self, dialogue: Dialogue, seed: int) -> Dialogue:
        return self.damage(dialogue, seed)[0]

    def damage(self, dialogue: Dialogue, seed: int) -> tuple[Dialogue, Available]:
        """View of the dialogue, and which of its available modalities are damaged, bool ``[N, M]``."""
        view, damaged = self._damaged(dialogue, seed)
        view = self.mask.apply(view, seed)
        return view, damaged & view.available

    def _damaged(self, dialogue: Dialogue, seed: int) -> tuple[Dialogue, Available]:
        whether, which, kind, strength, extent = uniforms("damage", seed, dialogue.id, ["policy"], 5)[0]
        if whether >= self.settings.share:
            return dialogue, torch.zeros_like(dialogue.available)
        modality = dialogue.modalities[int(which * len(dialogue.modalities))]
        drawn = _DRAWN[self.settings.kinds[int(kind * len(self.settings.kinds))]]
        view, damaged = drawn(strength, (modality,)).damage(dialogue, seed)
        if extent < 0.5:
            return view, damaged
        part = uniforms("damaged", seed, dialogue.id, dialogue.utterance_ids, 1) < 2 * extent - 1
        turns = torch.from_numpy(part)
        features = {
            **dialogue.features,
            modality: torch.where(turns, view.features[modality], dialogue.features[modality]),
        }
        available = torch.where(turns, view.available, dialogue.available)
        return replace(dialogue, features=features).with_available(available), damaged & turns
