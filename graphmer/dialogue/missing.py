"""Missing-modality protocols: named rules that mask modalities of utterances.

A mask is a pure function of the protocol, the seed, the dialogue id and the utterance id. It does not depend
on the batch, the order, the process or the split of an utterance.
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
    """Rule for the missing modalities of a dialogue."""

    @property
    def name(self) -> str:
        """Name of the protocol in configurations and tables, e.g. ``rate:0.5``."""

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        """Mask of the modalities to keep, bool ``[N, M]``; to be combined with what was recorded."""

    def apply(self, dialogue: Dialogue, seed: int) -> Dialogue:
        """Masked view of the dialogue; modalities that were not recorded stay missing."""
        return dialogue.with_available(self.keep(dialogue, seed))


@runtime_checkable
class DamageProtocol(MissingProtocol, Protocol):
    """Protocol that damages features and knows which ones."""

    def damage(self, dialogue: Dialogue, seed: int) -> tuple[Dialogue, Available]:
        """The view of `apply`, and which of its available modalities are damaged, bool ``[N, M]``."""


@dataclass(frozen=True)
class Complete(MissingProtocol):
    """``complete``: no masking; only modalities that were not recorded are missing."""

    @property
    def name(self) -> str:
        return "complete"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        return torch.ones_like(dialogue.available)


@dataclass(frozen=True)
class FixedSet(MissingProtocol):
    """``fixed:at``: every utterance has exactly this set of modalities, the usual fixed condition.

    An utterance that was recorded without any modality of the set has no modality at all. It does not get
    another modality instead, because that would be another condition.

    Args:
        modalities: the set of modalities.
        written: the set as written in the name; full names joined by ``+`` if omitted.

    Raises:
        ValueError: if the set is empty or contains a modality twice; in `keep`, if the dialogue lacks one.
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
    """``speaker:t``: one speaker of the dialogue has only this set; the other speakers are not masked.

    The speaker is sampled uniformly from the speakers of the dialogue. An utterance of this speaker that was
    recorded without any modality of the set has no modality at all, as under `FixedSet`.

    Args:
        modalities: the set of modalities.
        written: the set as written in the name; full names joined by ``+`` if omitted.

    Raises:
        ValueError: as for `FixedSet`.
    """

    modalities: tuple[str, ...]
    written: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        _check_set(self.modalities)

    @property
    def name(self) -> str:
        return f"speaker:{self.written or '+'.join(self.modalities)}"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        uniform = uniforms("speaker", seed, dialogue.id, ["party"], 1).item()
        masked = int(uniform * len(dialogue.speakers))
        others = (dialogue.speaker != masked).unsqueeze(1)
        return others | _columns(self.modalities, dialogue)


@dataclass(frozen=True)
class Rate(MissingProtocol):
    r"""``rate:0.5``: each utterance loses modalities independently at random, but always keeps one.

    The kept modality is :math:`k \sim U` over the recorded modalities of the utterance. Each other modality
    is kept iff :math:`u_m < 1 - r M / (M - 1)`, which is the usual ``1 - 1.5 r`` for ``M = 3``. The expected
    missing fraction is exactly ``r`` up to ``(M - 1) / M``, where only ``k`` remains; a higher rate removes
    no more (rate 0.7 of three modalities masks 0.667). An utterance recorded with ``P < M`` modalities loses
    the fraction ``r M (P - 1) / ((M - 1) P)``. With a single modality nothing is masked.

    ``k`` and ``u`` do not depend on the rate, so masks are nested: a higher rate only removes modalities.

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
        uniform = uniforms("rate", seed, dialogue.id, dialogue.utterance_ids, count + 1)
        chosen = np.floor(uniform[:, :1] * present.sum(axis=1, keepdims=True))
        always = present & (np.cumsum(present, axis=1) - 1 == chosen)
        probability = 1 - self.rate * count / (count - 1) if count > 1 else 1.0
        return torch.from_numpy(always | (uniform[:, 1:] < probability))


@dataclass(frozen=True)
class Drop(MissingProtocol):
    """``drop:0.3``: each utterance loses all its modalities independently at random; its turn remains.

    The only protocol that masks a corpus with a single modality: lines of a chat whose text is missing. Masks
    are nested, as under `Rate`.

    Args:
        rate: probability that an utterance loses everything, in [0, 1].

    Raises:
        ValueError: if the rate is not in [0, 1].
    """

    rate: float

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ValueError(f"A rate of dropped utterances must be a fraction in [0, 1]; got {self.rate}.")

    @property
    def name(self) -> str:
        return f"drop:{self.rate:.10g}"

    def keep(self, dialogue: Dialogue, seed: int) -> Available:
        uniform = uniforms("drop", seed, dialogue.id, dialogue.utterance_ids, 1)
        return torch.from_numpy(uniform >= self.rate).expand(-1, dialogue.available.shape[1]).clone()


@dataclass(frozen=True)
class Burst(MissingProtocol):
    """``burst:4``: one modality is missing at every turn, the same one for this number of consecutive turns.

    The missing modality rotates in a random order per dialogue. The start phase is sampled uniformly from the
    ``M * turns`` turns of a full cycle, so that only the first and the last burst of a dialogue may be
    shorter. At each turn each modality is missing with probability exactly ``1 / M``, for every burst length.
    Bursts of all lengths, and ``rate:0.333`` for ``M = 3``, therefore mask the same fraction. A turn that was
    recorded with the missing modality only keeps it. With a single modality nothing is masked.

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
        uniform = uniforms("burst", seed, dialogue.id, ["round"], count + 1)[0]
        phase, order = int(uniform[0] * count * self.turns), np.argsort(uniform[1:])
        burst = (np.arange(len(dialogue)) + phase) // self.turns
        keep = torch.ones_like(dialogue.available)
        keep[torch.arange(len(dialogue)), torch.from_numpy(order[burst % count])] = False
        return keep | ~(keep & dialogue.available).any(dim=1, keepdim=True)


def _check_set(modalities: tuple[str, ...]) -> None:
    if not modalities or len(set(modalities)) != len(modalities):
        raise ValueError(
            f"A set of modalities needs at least one modality, and each only once; got {modalities}."
        )


def _columns(modalities: Collection[str], dialogue: Dialogue) -> Available:
    unknown = [name for name in modalities if name not in dialogue.features]
    if unknown:
        raise ValueError(
            f"Dialogue {dialogue.id!r} has no modality {unknown[0]!r}; it has {list(dialogue.modalities)}."
        )
    return torch.tensor([[name in modalities for name in dialogue.modalities]])
