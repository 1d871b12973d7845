"""Protocols that corrupt features instead of masking them.

A corrupted modality counts as available, but its features are wrong. Corruption is applied to standardised
features, so its strength is in training standard deviations.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from graphmer.dialogue.dialogue import Dialogue
from graphmer.dialogue.missing import MissingProtocol
from graphmer.dialogue.random import normals, uniforms
from graphmer.typing import Available


@dataclass(frozen=True)
class Noise(MissingProtocol):
    """``noise:0.5``: additive Gaussian noise on every feature, without masking.

    Each seed fixes one noise vector per utterance and modality, which is multiplied by `scale`. A larger
    scale therefore adds more of the same noise.

    Args:
        scale: standard deviation of the noise, in training standard deviations, >= 0.

    Raises:
        ValueError: if the scale is negative or not finite.
    """

    scale: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and self.scale >= 0):
            raise ValueError(
                f"The scale of noise must be a finite number of standard deviations >= 0; got {self.scale}."
            )

    @property
    def name(self) -> str:
        return f"noise:{self.scale:.10g}"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        return torch.ones_like(dialogue.available)

    def apply(self, dialogue: Dialogue, seed: int) -> Dialogue:
        noisy = {}
        for modality, clean in dialogue.features.items():
            purpose, width = f"noise {modality}", clean.shape[1]
            rows = [normals(purpose, seed, dialogue.id, turn, width) for turn in dialogue.utterance_ids]
            noisy[modality] = clean + self.scale * torch.from_numpy(np.stack(rows)).to(clean)
        return replace(dialogue, features=noisy)


@dataclass(frozen=True)
class Shift(MissingProtocol):
    """``shift:2``: one modality is delayed, so that a turn has that modality from an earlier turn.

    The delayed modality is sampled uniformly per dialogue. A turn has it only if both this turn and the
    earlier turn were recorded with it; the first `turns` turns therefore lose it. A turn that would lose its
    last modality keeps its own features without delay.

    Args:
        turns: delay, in turns, >= 1.

    Raises:
        ValueError: if `turns` is less than 1.
    """

    turns: int

    def __post_init__(self) -> None:
        if self.turns < 1:
            raise ValueError(f"A shift must be a number of turns >= 1; got {self.turns}.")

    @property
    def name(self) -> str:
        return f"shift:{self.turns}"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        column = self._delayed(dialogue, seed)
        keep = torch.ones_like(dialogue.available)
        keep[:, column] = False
        keep[self.turns :, column] = dialogue.available[: -self.turns, column]
        return keep | self._not_delayed(dialogue, keep)

    def apply(self, dialogue: Dialogue, seed: int) -> Dialogue:
        column = self._delayed(dialogue, seed)
        keep = self.keep(dialogue, seed)
        modality = dialogue.modalities[column]
        own = dialogue.features[modality]
        delayed = own.clone()
        delayed[self.turns :] = own[: -self.turns]
        recorded = torch.zeros(len(dialogue), 1, dtype=torch.bool)
        recorded[self.turns :, 0] = dialogue.available[: -self.turns, column]
        features = {**dialogue.features, modality: torch.where(recorded, delayed, own)}
        return replace(dialogue, features=features).with_available(keep)

    def _delayed(self, dialogue: Dialogue, seed: int) -> int:
        """Column of the delayed modality."""
        uniform = uniforms("shift", seed, dialogue.id, ["modality"], 1).item()
        return int(uniform * len(dialogue.modalities))

    def _not_delayed(self, dialogue: Dialogue, keep: Available) -> Available:
        """Turns that would lose their last modality, bool ``[N, 1]``."""
        return ~(keep & dialogue.available).any(dim=1, keepdim=True)
