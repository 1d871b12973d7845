"""Edge rules: who hears whom.

A rule is any function ``(Dialogue) -> [2, E]``: row 0 is heard, row 1 listens. Counts are always taken from
the listener: ``past=2`` means "the listener hears the two turns before it".

A rule may declare which ``orders`` (``past``, ``now``, ``future``) and which ``speaker_relations`` (``intra``
for the same speaker, ``inter`` for another) its edges can have; a plain function is taken to have all of
them. The declaration decides which relations exist, so that no relation has weights that never see an edge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from graphmer.dialogue import Dialogue
from graphmer.typing import EdgeIndex

ORDERS = ("past", "now", "future")
SPEAKER_RELATIONS = ("intra", "inter")


@runtime_checkable
class EdgeRule(Protocol):
    """Any function from a dialogue to edges ``[2, E]``; row 0 is heard, row 1 listens."""

    def __call__(self, dialogue: Dialogue) -> EdgeIndex: ...


@runtime_checkable
class StreamedRule(EdgeRule, Protocol):
    """A rule that can follow a dialogue turn by turn, because a turn's earlier turns decide whom it hears."""

    def heard(self, turn: int, own: Sequence[int]) -> Sequence[int]:
        """Earlier turns that a turn hears, given the earlier ones of its speaker, in their order."""

    @property
    def reach(self) -> tuple[int | None, int | None]:
        """How many of the latest turns, and of the speaker's own, may be heard; ``None`` for all."""


def _check_turns(**counts: int | None) -> None:
    for name, count in counts.items():
        if count is not None and count < 0:
            raise ValueError(f"`{name}` must be a number of turns >= 0, or None for no limit; got {count}.")


def _directions(past: int | None, future: int | None) -> tuple[str, ...]:
    return tuple(name for name, count in (("past", past), ("future", future)) if count != 0)


def _window(length: int, past: int | None, future: int | None) -> EdgeIndex:
    """Edges among ``length`` consecutive items, without self-loops, ordered by listener."""
    before = length if past is None else min(past, length)
    after = length if future is None else min(future, length)
    offset = torch.cat([torch.arange(-before, 0), torch.arange(1, after + 1)])
    listener = torch.arange(length).repeat_interleave(len(offset))
    heard = listener + offset.repeat(length)
    inside = (heard >= 0) & (heard < length)
    return torch.stack([heard[inside], listener[inside]])


@dataclass(frozen=True)
class TemporalWindow:
    """The turns around the listener, whoever speaks.

    Args:
        past: number of turns before the listener that it hears; ``None`` for all.
        future: number of turns after the listener that it hears; ``None`` for all.

    Raises:
        ValueError: if a count is negative.

    Example:
        >>> from graphmer.dialogue import Utterance
        >>> turns = Dialogue.from_utterances("demo", [Utterance("A"), Utterance("B"), Utterance("A")])
        >>> TemporalWindow(past=1, future=0)(turns).tolist()
        [[0, 1], [1, 2]]
    """

    past: int | None = 10
    future: int | None = 10

    def __post_init__(self) -> None:
        _check_turns(past=self.past, future=self.future)

    @property
    def orders(self) -> tuple[str, ...]:
        """Directions in time its edges can have."""
        return _directions(self.past, self.future)

    @property
    def reach(self) -> tuple[int | None, int | None]:
        """See `StreamedRule`."""
        return self.past, 0

    def heard(self, turn: int, own: Sequence[int]) -> Sequence[int]:
        return range(0 if self.past is None else max(0, turn - self.past), turn)

    def __call__(self, dialogue: Dialogue) -> EdgeIndex:
        return _window(len(dialogue), self.past, self.future)


@dataclass(frozen=True)
class SameSpeaker:
    """The listener's own turns, counted in turns of that speaker.

    Args:
        past: number of the speaker's earlier turns the listener hears; ``None`` for all.
        future: number of the speaker's later turns the listener hears; ``None`` for all.

    Raises:
        ValueError: if a count is negative.
    """

    past: int | None = 1
    future: int | None = 1
    speaker_relations = ("intra",)

    def __post_init__(self) -> None:
        _check_turns(past=self.past, future=self.future)

    @property
    def orders(self) -> tuple[str, ...]:
        """Directions in time its edges can have."""
        return _directions(self.past, self.future)

    @property
    def reach(self) -> tuple[int | None, int | None]:
        """See `StreamedRule`."""
        return 0, self.past

    def heard(self, turn: int, own: Sequence[int]) -> Sequence[int]:
        return own if self.past is None else own[max(0, len(own) - self.past) :]

    def __call__(self, dialogue: Dialogue) -> EdgeIndex:
        edges = []
        for number in range(len(dialogue.speakers)):
            turns = torch.nonzero(dialogue.speaker == number).squeeze(1)
            edges.append(turns[_window(len(turns), self.past, self.future)])
        return torch.cat(edges, dim=1)


@dataclass(frozen=True)
class Adjacent:
    """The turn directly before and the turn directly after the listener."""

    orders = ("past", "future")
    reach = (1, 0)

    def heard(self, turn: int, own: Sequence[int]) -> Sequence[int]:
        return range(max(0, turn - 1), turn)

    def __call__(self, dialogue: Dialogue) -> EdgeIndex:
        return _window(len(dialogue), 1, 1)


RULES = {"window": TemporalWindow, "same_speaker": SameSpeaker, "adjacent": Adjacent}
"""Edge rules by the name a configuration or checkpoint gives them."""


def order_of(edges: EdgeIndex) -> Tensor:
    """Number in `ORDERS` of each edge ``[E]``: 0 hears the past, 1 itself, 2 the future."""
    heard, listener = edges
    return 1 + torch.sign(heard - listener)


def speaker_relation_of(edges: EdgeIndex, speaker: Tensor) -> Tensor:
    """Number in `SPEAKER_RELATIONS` of each edge ``[E]``: 0 for the same speaker, 1 for another one."""
    return (speaker[edges[0]] != speaker[edges[1]]).long()
