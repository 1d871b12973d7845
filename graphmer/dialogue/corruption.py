"""Protocols that damage features instead of hiding them: the modality is there, but it misleads.

Damage meets features that were standardised with training statistics, so amounts are in standard deviations.
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
    """``noise:0.5``: Gaussian noise is added to every feature; nothing is hidden.

    The noise of an utterance's modality is drawn once for a seed and multiplied by `scale`, so a larger scale
    adds more of the same noise.

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
    """``shift:2``: one modality arrives late, so a turn shows that modality of an earlier turn.

    The late modality is drawn uniformly for each dialogue. A turn keeps it only if both the turn and the one
    it is shown from were recorded with it, so the first `turns` turns lose it. A turn that would be left with
    nothing keeps its own features on time.

    Args:
        turns: the delay, in turns, >= 1.

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
        column = self._late(dialogue, seed)
        keep = torch.ones_like(dialogue.available)
        keep[:, column] = False
        keep[self.turns :, column] = dialogue.available[: -self.turns, column]
        return keep | self._on_time(dialogue, keep)

    def apply(self, dialogue: Dialogue, seed: int) -> Dialogue:
        column = self._late(dialogue, seed)
        keep = self.keep(dialogue, seed)
        modality = dialogue.modalities[column]
        own = dialogue.features[modality]
        late = own.clone()
        late[self.turns :] = own[: -self.turns]
        sourced = torch.zeros(len(dialogue), 1, dtype=torch.bool)
        sourced[self.turns :, 0] = dialogue.available[: -self.turns, column]
        features = {**dialogue.features, modality: torch.where(sourced, late, own)}
        return replace(dialogue, features=features).with_available(keep)

    def _late(self, dialogue: Dialogue, seed: int) -> int:
        draw = uniforms("shift", seed, dialogue.id, ["modality"], 1).item()
        return int(draw * len(dialogue.modalities))

    def _on_time(self, dialogue: Dialogue, keep: Available) -> Available:
        """Turns ``[N, 1]`` that would be left with nothing."""
        return ~(keep & dialogue.available).any(dim=1, keepdim=True)
