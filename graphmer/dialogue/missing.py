"""Missing-modality protocols: which modalities of which utterance are hidden, by one rule with one name.

Every protocol is a pure function of itself, a seed, the dialogue's id and the utterance's id. Masks depend
neither on the batch, its order or the process, nor on the split an utterance is in.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import torch

from graphmer.dialogue.dialogue import Dialogue
from graphmer.dialogue.random import uniforms
from graphmer.typing import Available


@runtime_checkable
class MissingProtocol(Protocol):
    """A rule for what is missing from a dialogue."""

    @property
    def name(self) -> str:
        """The protocol as it is written in a configuration and in a table, e.g. ``rate:0.5``."""

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        """What the protocol leaves, as bool ``[N, M]``; to be combined with what was recorded."""

    def apply(self, dialogue: Dialogue, seed: int) -> Dialogue:
        """The dialogue as the protocol lets it be seen; never more than was recorded."""
        return dialogue.with_available(self.keep(dialogue, seed))


@dataclass(frozen=True)
class Complete(MissingProtocol):
    """``complete``: nothing is hidden beyond what was never recorded."""

    @property
    def name(self) -> str:
        return "complete"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        return torch.ones_like(dialogue.available)


@dataclass(frozen=True)
class FixedSet(MissingProtocol):
    """``fixed:at``: every utterance has this set of modalities and no other, the field's fixed condition.

    An utterance that was recorded with none of the set is left with nothing: the set is the condition, and
    another modality in its place would not be.

    Args:
        modalities: the set.
        written: the set in the name; full names joined by ``+`` when left out.

    Raises:
        ValueError: if the set is empty or repeats a modality, and in `keep` if a dialogue does not know one.
    """

    modalities: tuple[str, ...]
    written: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        _check_set(self.modalities)

    @property
    def name(self) -> str:
        return f"fixed:{self.written or '+'.join(self.modalities)}"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        return _columns(self.modalities, dialogue).expand(len(dialogue), -1).clone()


@dataclass(frozen=True)
class SpeakerSet(MissingProtocol):
    """``speaker:t``: one party of the dialogue has only this set; nothing is hidden from the others.

    The party is drawn uniformly from the dialogue's speakers. Its utterances that were recorded with none of
    the set are left with nothing, as under `FixedSet`.

    Args:
        modalities: the set.
        written: the set in the name; full names joined by ``+`` when left out.

    Raises:
        ValueError: as `FixedSet`.
    """

    modalities: tuple[str, ...]
    written: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        _check_set(self.modalities)

    @property
    def name(self) -> str:
        return f"speaker:{self.written or '+'.join(self.modalities)}"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        draw = uniforms("speaker", seed, dialogue.id, ["party"], 1).item()
        party = int(draw * len(dialogue.speakers))
        others = (dialogue.speaker != party).unsqueeze(1)
        return others | _columns(self.modalities, dialogue)


@dataclass(frozen=True)
class Rate(MissingProtocol):
    r"""``rate:0.5``: each utterance loses modalities at random, one by one, and always keeps one.

    The kept modality is :math:`k \sim U` over the modalities the utterance was recorded with; each other one
    is kept iff :math:`u_m < 1 - r M / (M - 1)`, for ``M = 3`` the field's ``1 - 1.5 r``. The expected missing
    fraction is exactly ``r`` up to ``(M - 1) / M``, where only ``k`` is left; a higher rate removes no more
    (rate 0.7 of three modalities hides 0.667). An utterance recorded with ``P < M`` of them loses the
    fraction ``r M (P - 1) / ((M - 1) P)``. With one modality nothing is removed.

    ``k`` and ``u`` do not depend on the rate, so masks are nested: raising the rate only removes.

    Args:
        rate: expected missing fraction in [0, 1].

    Raises:
        ValueError: if the rate is not in [0, 1].
    """

    rate: float

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ValueError(f"A missing rate must be a fraction in [0, 1]; got {self.rate}.")

    @property
    def name(self) -> str:
        return f"rate:{self.rate:.10g}"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        present = dialogue.available.numpy()
        count = present.shape[1]
        draws = uniforms("rate", seed, dialogue.id, dialogue.utterance_ids, count + 1)
        chosen = np.floor(draws[:, :1] * present.sum(axis=1, keepdims=True))
        always = present & (np.cumsum(present, axis=1) - 1 == chosen)
        chance = 1 - self.rate * count / (count - 1) if count > 1 else 1.0
        return torch.from_numpy(always | (draws[:, 1:] < chance))


@dataclass(frozen=True)
class Burst(MissingProtocol):
    """``burst:4``: at every turn one modality is off, and stays off for exactly that many turns in a row.

    The modalities take turns in an order drawn for each dialogue, starting at a phase drawn uniformly from
    the ``M * turns`` turns of a full round; only the first and last burst of a dialogue may be cut short. At
    each turn each modality is off with probability exactly ``1 / M``, whatever `turns` is: bursts of other
    lengths, and ``rate:0.333`` for ``M = 3``, hide equally much. A turn recorded with nothing but the
    modality that is off keeps it. With one modality nothing is hidden.

    Args:
        turns: length of a burst, in turns, >= 1.

    Raises:
        ValueError: if `turns` is less than 1.
    """

    turns: int

    def __post_init__(self) -> None:
        if self.turns < 1:
            raise ValueError(f"The length of a burst must be a number of turns >= 1; got {self.turns}.")

    @property
    def name(self) -> str:
        return f"burst:{self.turns}"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        count = len(dialogue.modalities)
        draws = uniforms("burst", seed, dialogue.id, ["round"], count + 1)[0]
        phase, order = int(draws[0] * count * self.turns), np.argsort(draws[1:])
        burst = (np.arange(len(dialogue)) + phase) // self.turns
        keep = torch.ones_like(dialogue.available)
        keep[torch.arange(len(dialogue)), torch.from_numpy(order[burst % count])] = False
        return keep | ~(keep & dialogue.available).any(dim=1, keepdim=True)


def _check_set(modalities: tuple[str, ...]) -> None:
    if not modalities or len(set(modalities)) != len(modalities):
        raise ValueError(f"A set of modalities needs at least one and each only once; got {modalities}.")


def _columns(modalities: Collection[str], dialogue: Dialogue) -> Available:
    unknown = [name for name in modalities if name not in dialogue.features]
    if unknown:
        raise ValueError(
            f"Dialogue {dialogue.id!r} has no modality {unknown[0]!r}; it has {list(dialogue.modalities)}."
        )
    return torch.tensor([[name in modalities for name in dialogue.modalities]])
