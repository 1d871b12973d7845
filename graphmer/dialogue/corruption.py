"""Protocols that damage features instead of masking them.

A damaged modality counts as available, but its features are wrong. Damage is applied to standardised
features, so that strengths are in training standard deviations.
"""

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

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


@dataclass(frozen=True)
class Noise(Damage):
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

    scale: float
    only: tuple[str, ...] = ()
    written: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        _check_scale("noise", self.scale)

    @property
    def name(self) -> str:
        return self._named("noise", self.scale)

    def corrupted(self, modality: str, clean: Features, dialogue: Dialogue, seed: int) -> Features:
        return clean + self.scale * _drawn(normals, f"noise {modality}", seed, dialogue, clean)


@dataclass(frozen=True)
class HeavyNoise(Damage):
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

    scale: float
    only: tuple[str, ...] = ()
    written: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        _check_scale("student noise", self.scale)

    @property
    def name(self) -> str:
        return self._named("student", self.scale)

    def corrupted(self, modality: str, clean: Features, dialogue: Dialogue, seed: int) -> Features:
        return clean + self.scale * _drawn(student_t, f"student {modality}", seed, dialogue, clean)


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
        _check_share("A lost block", "features", self.share)

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
        _check_share("A failing extractor", "turns", self.share)

    @property
    def name(self) -> str:
        return self._named("constant", self.share)

    def hit(self, dialogue: Dialogue, seed: int) -> Available:
        return _at_random("constant", self.share, dialogue, seed)

    def corrupted(self, modality: str, clean: Features, dialogue: Dialogue, seed: int) -> Features:
        vector = normals(f"constant {modality}", seed, "", "vector", clean.shape[1])
        return torch.from_numpy(vector).to(clean).expand_as(clean)


@dataclass(frozen=True)
class Crosstalk(Damage):
    """``crosstalk:0.3``: a turn has features of another speaker's turn of the same dialogue.

    They are those of the nearest turn of another speaker that has the modality; of two turns at the same
    distance, the later one. A dialogue of one speaker is not damaged.

    Args:
        share: probability that a modality of a turn is of another speaker, in [0, 1].
        only: modalities to damage; all if empty.
        written: these modalities as written in the name.

    Raises:
        ValueError: if the share is not in [0, 1].
    """

    share: float
    only: tuple[str, ...] = ()
    written: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        _check_share("Crosstalk", "turns", self.share)

    @property
    def name(self) -> str:
        return self._named("crosstalk", self.share)

    def hit(self, dialogue: Dialogue, seed: int) -> Available:
        found = _at_random("crosstalk", self.share, dialogue, seed)
        nearest = [self._nearest(dialogue, column) for column in range(len(dialogue.modalities))]
        return found & (torch.stack(nearest, dim=1) >= 0)

    def corrupted(self, modality: str, clean: Features, dialogue: Dialogue, seed: int) -> Features:
        return clean[self._nearest(dialogue, dialogue.modalities.index(modality))]

    def _nearest(self, dialogue: Dialogue, column: int) -> torch.Tensor:
        """Nearest turn of another speaker that has a modality, long ``[N]``; -1 if there is none."""
        speaker, there = dialogue.speaker.tolist(), dialogue.available[:, column].tolist()
        last = len(speaker) - 1
        before = _latest_of_another(speaker, there)
        after = [
            None if turn is None else last - turn for turn in _latest_of_another(speaker[::-1], there[::-1])
        ][::-1]
        found = [-1] * len(speaker)
        for turn, (early, late) in enumerate(zip(before, after, strict=True)):
            if late is not None and (early is None or late - turn <= turn - early):
                found[turn] = late
            elif early is not None:
                found[turn] = early
        return torch.tensor(found)


@dataclass(frozen=True)
class Shift(Damage):
    """``shift:2``: one modality is delayed, so that a turn has that modality from an earlier turn.

    The delayed modality is sampled uniformly per dialogue, from those that may be damaged. A turn has it
    only if both this turn and the earlier turn were recorded with it; the first `turns` turns therefore lose
    it. A turn that would lose its last modality keeps its own features without delay.

    Args:
        turns: delay, in turns, >= 1.
        only: modalities that may be delayed; all if empty.
        written: these modalities as written in the name.

    Raises:
        ValueError: if `turns` is less than 1.
    """

    turns: int
    only: tuple[str, ...] = ()
    written: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.turns < 1:
            raise ValueError(f"A shift must be a number of turns >= 1; got {self.turns}.")

    @property
    def name(self) -> str:
        return self._named("shift", self.turns)

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        column = self._delayed(dialogue, seed)
        keep = torch.ones_like(dialogue.available)
        keep[:, column] = False
        keep[self.turns :, column] = dialogue.available[: -self.turns, column]
        return keep | ~(keep & dialogue.available).any(dim=1, keepdim=True)

    def hit(self, dialogue: Dialogue, seed: int) -> Available:
        column = self._delayed(dialogue, seed)
        found = torch.zeros_like(dialogue.available)
        found[self.turns :, column] = dialogue.available[: -self.turns, column]
        return found

    def corrupted(self, modality: str, clean: Features, dialogue: Dialogue, seed: int) -> Features:
        delayed = clean.clone()
        delayed[self.turns :] = clean[: -self.turns]
        return delayed

    def damage(self, dialogue: Dialogue, seed: int) -> tuple[Dialogue, Available]:
        view, damaged = super().damage(dialogue, seed)
        return view.with_available(self.keep(dialogue, seed)), damaged

    def _delayed(self, dialogue: Dialogue, seed: int) -> int:
        """Column of the delayed modality."""
        uniform = uniforms("shift", seed, dialogue.id, ["modality"], 1).item()
        columns: list[int] = self._chosen(dialogue)[0].nonzero()[:, 0].tolist()
        return columns[int(uniform * len(columns))]


def _latest_of_another(speaker: Sequence[int], there: Sequence[bool]) -> list[int | None]:
    """Latest turn before each one that is there and of another speaker."""
    found: list[int | None] = []
    latest: int | None = None
    other: int | None = None  # the latest turn of any speaker but that of `latest`
    for turn, name in enumerate(speaker):
        found.append(other if latest is not None and speaker[latest] == name else latest)
        if there[turn]:
            if latest is not None and speaker[latest] != name:
                other = latest
            latest = turn
    return found


def _drawn(draw: Draw, purpose: str, seed: int, dialogue: Dialogue, clean: Features) -> Features:
    """Random numbers of the shape of some features, one vector for each utterance."""
    rows = [draw(purpose, seed, dialogue.id, turn, clean.shape[1]) for turn in dialogue.utterance_ids]
    return torch.from_numpy(np.stack(rows)).to(clean)


def _at_random(kind: str, share: float, dialogue: Dialogue, seed: int) -> Available:
    """Modalities of turns, each with the same probability; a larger share only adds some."""
    count = len(dialogue.modalities)
    uniform = uniforms(kind, seed, dialogue.id, dialogue.utterance_ids, count)
    return torch.from_numpy(uniform < share)


def _check_scale(kind: str, scale: float) -> None:
    if not (math.isfinite(scale) and scale >= 0):
        raise ValueError(
            f"The scale of {kind} must be a finite number of standard deviations >= 0; got {scale}."
        )


def _check_share(what: str, of: str, share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"{what} must have a share of the {of} in [0, 1]; got {share}.")
