"""Protocols that give turns the features of other turns: crosstalk and delays."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from graphmer.dialogue.corruption import Damage, at_random, check_share
from graphmer.dialogue.dialogue import Dialogue
from graphmer.dialogue.random import uniforms
from graphmer.typing import Available, Features


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
        check_share("Crosstalk", "turns", self.share)

    @property
    def name(self) -> str:
        return self._named("crosstalk", self.share)

    def hit(self, dialogue: Dialogue, seed: int) -> Available:
        found = at_random("crosstalk", self.share, dialogue, seed)
        nearest = [self._nearest(dialogue, column) for column in range(len(dialogue.modalities))]
        return found & (torch.stack(nearest, dim=1) >= 0)

    def corrupted(self, modality: str, clean: Features, dialogue: Dialogue, seed: int) -> Features:
        return clean[self._nearest(dialogue, dialogue.modalities.index(modality))]

    def _nearest(self, dialogue: Dialogue, column: int) -> Tensor:
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
