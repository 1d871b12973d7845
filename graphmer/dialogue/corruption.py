"""Protocols that damage features instead of masking them.

A damaged modality counts as available, but its features are wrong. Damage is applied to standardised
features, so that strengths are in training standard deviations.
"""

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import torch

from graphmer.dialogue.dialogue import Dialogue
from graphmer.dialogue.missing import MissingProtocol
from graphmer.dialogue.random import Draw, normals, student_t, uniforms
from graphmer.typing import Available, Features


class Damage(MissingProtocol):
    """Base class of the protocols that damage features.

    Attributes:
        only: modalities that may be damaged; empty for all.
        written: these modalities as written in the name.
    """

    only: tuple[str, ...]
    written: str

    def damage(self, dialogue: Dialogue, seed: int) -> tuple[Dialogue, Available]:
        """Damaged view of the dialogue, and which modalities of which turns are damaged in it.

        Shapes:
            returns the view, and bool ``[N, M]``, true for available modalities only.
        """
        damaged = self.hit(dialogue, seed) & self._chosen(dialogue) & dialogue.available
        features = dict(dialogue.features)
        for column, (modality, clean) in enumerate(dialogue.features.items()):
            if damaged[:, column].any():
                wrong = self.corrupted(modality, clean, dialogue, seed)
                features[modality] = torch.where(damaged[:, column, None], wrong, clean)
        return replace(dialogue, features=features), damaged

    @abstractmethod
    def corrupted(self, modality: str, clean: Features, dialogue: Dialogue, seed: int) -> Features:
        """Features of a modality as they would be if all turns were damaged, ``[N, D_m]``."""

    def hit(self, dialogue: Dialogue, seed: int) -> Available:
        """Which modalities of which turns would be damaged if they were chosen and available."""
        return torch.ones_like(dialogue.available)

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        return torch.ones_like(dialogue.available)

    def apply(self, dialogue: Dialogue, seed: int) -> Dialogue:
        return self.damage(dialogue, seed)[0]

    def _chosen(self, dialogue: Dialogue) -> Available:
        """Columns that may be damaged, bool ``[1, M]``."""
        unknown = [name for name in self.only if name not in dialogue.features]
        if unknown:
            raise ValueError(
                f"Dialogue {dialogue.id!r} has no modality {unknown[0]!r}; it has "
                f"{list(dialogue.modalities)}."
            )
        return torch.tensor([[not self.only or name in self.only for name in dialogue.modalities]])

    def _named(self, kind: str, strength: float) -> str:
        where = f"@{self.written or '+'.join(self.only)}" if self.only else ""
        return f"{kind}:{strength:.10g}{where}"


_DRAWS: Mapping[str, Draw] = {"noise": normals, "student": student_t}
"""Distributions of noise, of unit variance."""


@dataclass(frozen=True)
class _AdditiveNoise(Damage):
    """Noise of a distribution of unit variance on every feature."""

    scale: float
    only: tuple[str, ...] = ()
    written: str = field(default="", compare=False)

    kind: ClassVar[str]
    described: ClassVar[str]

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and self.scale >= 0):
            raise ValueError(
                f"The scale of {self.described} must be a finite number of standard deviations >= 0; got "
                f"{self.scale}."
            )

    @property
    def name(self) -> str:
        return self._named(self.kind, self.scale)

    def corrupted(self, modality: str, clean: Features, dialogue: Dialogue, seed: int) -> Features:
        purpose, width = f"{self.kind} {modality}", clean.shape[1]
        draw = _DRAWS[self.kind]
        rows = [draw(purpose, seed, dialogue.id, turn, width) for turn in dialogue.utterance_ids]
        return clean + self.scale * torch.from_numpy(np.stack(rows)).to(clean)


class Noise(_AdditiveNoise):
    """``noise:0.5``: additive Gaussian noise on every feature.

    Each seed fixes one noise vector per utterance and modality, which is multiplied by `scale`. A larger
    scale therefore adds more of the same noise.

    Args:
        scale: standard deviation of the noise, in training standard deviations, >= 0.
        only: modalities to damage; all if empty.
        written: these modalities as written in the name.

    Raises:
        ValueError: if the scale is negative or not finite.
    """

    kind = "noise"
    described = "noise"


class HeavyNoise(_AdditiveNoise):
    """``student:0.5``: additive noise with heavy tails on every feature.

    The noise has Student's t-distribution with three degrees of freedom, whose variance is just finite:
    most features are hardly disturbed, and a few by very much.

    Args:
        scale: standard deviation of the noise, in training standard deviations, >= 0.
        only: modalities to damage; all if empty.
        written: these modalities as written in the name.

    Raises:
        ValueError: if the scale is negative or not finite.
    """

    kind = "student"
    described = "student noise"


@dataclass(frozen=True)
class Clip(Damage):
    """``clip:0.5``: features are clipped, as by an amplifier that is turned up too far.

    Args:
        limit: largest absolute value that is left, in training standard deviations, > 0.
        only: modalities to damage; all if empty.
        written: these modalities as written in the name.

    Raises:
        ValueError: if the limit is not positive or not finite.
    """

    limit: float
    only: tuple[str, ...] = ()
    written: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.limit) and self.limit > 0):
            raise ValueError(
                f"The limit of clipping must be a finite number of standard deviations > 0; got {self.limit}."
            )

    @property
    def name(self) -> str:
        return self._named("clip", self.limit)

    def corrupted(self, modality: str, clean: Features, dialogue: Dialogue, seed: int) -> Features:
        return clean.clamp(-self.limit, self.limit)


@dataclass(frozen=True)
class Block(Damage):
    """``block:0.5``: a contiguous block of the features of each turn is lost.

    Lost features are zero, which is their mean in training. The block begins at a feature that is sampled
    uniformly per utterance, and continues at the first feature behind the last. A larger share loses more
    from the same feature on.

    Args:
        share: fraction of the features in the block, in [0, 1].
        only: modalities to damage; all if empty.
        written: these modalities as written in the name.

    Raises:
        ValueError: if the share is not in [0, 1].
    """

    share: float
    only: tuple[str, ...] = ()
    written: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        check_share("A lost block", "features", self.share)

    @property
    def name(self) -> str:
        return self._named("block", self.share)

    def corrupted(self, modality: str, clean: Features, dialogue: Dialogue, seed: int) -> Features:
        width = clean.shape[1]
        uniform = uniforms(f"block {modality}", seed, dialogue.id, dialogue.utterance_ids, 1)
        begin = (torch.from_numpy(uniform) * width).long()
        lost = (torch.arange(width) - begin) % width < round(self.share * width)
        return clean.masked_fill(lost, 0)


@dataclass(frozen=True)
class Constant(Damage):
    """``constant:0.3``: an extractor fails and gives the same vector, whatever it reads.

    The vector is drawn from the standard normal distribution, one for each modality and seed.

    Args:
        share: probability that it fails on a turn, in [0, 1].
        only: modalities to damage; all if empty.
        written: these modalities as written in the name.

    Raises:
        ValueError: if the share is not in [0, 1].
    """

    share: float
    only: tuple[str, ...] = ()
    written: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        check_share("A failing extractor", "turns", self.share)

    @property
    def name(self) -> str:
        return self._named("constant", self.share)

    def hit(self, dialogue: Dialogue, seed: int) -> Available:
        return at_random("constant", self.share, dialogue, seed)

    def corrupted(self, modality: str, clean: Features, dialogue: Dialogue, seed: int) -> Features:
        vector = normals(f"constant {modality}", seed, "", "vector", clean.shape[1])
        return torch.from_numpy(vector).to(clean).expand_as(clean)


def at_random(kind: str, share: float, dialogue: Dialogue, seed: int) -> Available:
    """Modalities of turns, each with the same probability; a larger share only adds some."""
    count = len(dialogue.modalities)
    uniform = uniforms(kind, seed, dialogue.id, dialogue.utterance_ids, count)
    return torch.from_numpy(uniform < share)


def check_share(what: str, of: str, share: float) -> None:
    """Raise a ValueError unless a share is in [0, 1]."""
    if not 0 <= share <= 1:
        raise ValueError(f"{what} must have a share of the {of} in [0, 1]; got {share}.")
