"""Edge rules of dialogue graphs.

A rule is any function ``(Dialogue) -> [2, E]``. Row 0 holds the source nodes, row 1 the target nodes, as in
PyG's ``source_to_target`` flow. Counts are relative to the target: ``past=2`` means that a turn has incoming
edges from the two turns before it.

A rule may declare the ``orders`` (``past``, ``now``, ``future``) and the ``speaker_relations`` (``intra`` for
the same speaker, ``inter`` for different speakers) that its edges can have. A plain function is assumed to
have all of them. The declaration decides which relations exist, so that no relation has weights without any
edge.
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
    """Function from a dialogue to edges ``[2, E]``; row 0 is the source, row 1 the target."""

    def __call__(self, dialogue: Dialogue) -> EdgeIndex: ...


@dataclass(frozen=True, eq=False)
class Turns:
    """Turns of one or several dialogues, one after the other.

    Args:
        dialogue: number of the dialogue, ascending.
        speaker: number of the speaker within the dialogue.

    Shapes:
        dialogue, speaker long ``[N]``.
    """

    dialogue: Tensor
    speaker: Tensor

    @classmethod
    def of(cls, dialogues: Sequence[Dialogue]) -> "Turns":
        """The turns of some dialogues."""
        lengths = torch.tensor([len(dialogue) for dialogue in dialogues])
        number = torch.arange(len(dialogues)).repeat_interleave(lengths)
        return cls(number, torch.cat([dialogue.speaker for dialogue in dialogues]))

    def __len__(self) -> int:
        return len(self.dialogue)


@runtime_checkable
class JointRule(EdgeRule, Protocol):
    """Edge rule that makes the edges of several dialogues at once."""

    def among(self, turns: Turns) -> EdgeIndex:
        """Edges of all dialogues, those of each in the order of the rule itself."""


@runtime_checkable
class StreamedRule(EdgeRule, Protocol):
    """Edge rule for streams: the past neighbors of a turn depend on earlier turns only."""

    def neighbors(self, turn: int, own: Sequence[int]) -> Sequence[int]:
        """Past neighbors of a turn (sources of its incoming edges), in ascending order.

        Args:
            turn: number of the target turn.
            own: earlier turns of the same speaker, in ascending order.
        """

    @property
    def reach(self) -> tuple[int | None, int | None]:
        """How many latest turns, and latest turns of the same speaker, can be neighbors; ``None`` for all."""


def _check_turns(**counts: int | None) -> None:
    for name, count in counts.items():
        if count is not None and count < 0:
            raise ValueError(f"`{name}` must be a number of turns >= 0, or None for no limit; got {count}.")


def _directions(past: int | None, future: int | None) -> tuple[str, ...]:
    return tuple(name for name, count in (("past", past), ("future", future)) if count != 0)


def _window(group: Tensor, past: int | None, future: int | None) -> EdgeIndex:
    """Edges among the consecutive items of each group, without self-loops, ordered by target.

    Shapes:
        group ``[N]``, where items of a group follow one another.
    """
    count = len(group)
    longest = int(torch.unique_consecutive(group, return_counts=True)[1].max())
    before = longest if past is None else min(past, longest)
    after = longest if future is None else min(future, longest)
    offset = torch.cat([torch.arange(-before, 0), torch.arange(1, after + 1)])
    target = torch.arange(count)[:, None]
    source = target + offset
    there = group[source.clamp(0, count - 1)] == group[:, None]
    inside = there & (source >= 0) & (source < count)
    return torch.stack([source[inside], target.expand_as(source)[inside]])


@dataclass(frozen=True)
class TemporalWindow:
    """Edges from the turns before and after each turn, regardless of the speaker.

    Args:
        past: number of preceding turns that are neighbors; ``None`` for all.
        future: number of following turns that are neighbors; ``None`` for all.

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
        """Temporal orders that its edges can have."""
        return _directions(self.past, self.future)

    @property
    def reach(self) -> tuple[int | None, int | None]:
        """See `StreamedRule`."""
        return self.past, 0

    def neighbors(self, turn: int, own: Sequence[int]) -> Sequence[int]:
        return range(0 if self.past is None else max(0, turn - self.past), turn)

    def among(self, turns: Turns) -> EdgeIndex:
        return _window(turns.dialogue, self.past, self.future)

    def __call__(self, dialogue: Dialogue) -> EdgeIndex:
        return self.among(Turns.of([dialogue]))


@dataclass(frozen=True)
class SameSpeaker:
    """Edges from turns of the same speaker, counted in turns of that speaker.

    Args:
        past: number of the speaker's preceding turns that are neighbors; ``None`` for all.
        future: number of the speaker's following turns that are neighbors; ``None`` for all.

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
        """Temporal orders that its edges can have."""
        return _directions(self.past, self.future)

    @property
    def reach(self) -> tuple[int | None, int | None]:
        """See `StreamedRule`."""
        return 0, self.past

    def neighbors(self, turn: int, own: Sequence[int]) -> Sequence[int]:
        return own if self.past is None else own[max(0, len(own) - self.past) :]

    def among(self, turns: Turns) -> EdgeIndex:
        chain = turns.dialogue * (turns.speaker.max() + 1) + turns.speaker
        order = torch.argsort(chain, stable=True)
        return order[_window(chain[order], self.past, self.future)]

    def __call__(self, dialogue: Dialogue) -> EdgeIndex:
        return self.among(Turns.of([dialogue]))


@dataclass(frozen=True)
class Adjacent:
    """Edges from the directly preceding and the directly following turn."""

    orders = ("past", "future")
    reach = (1, 0)

    def neighbors(self, turn: int, own: Sequence[int]) -> Sequence[int]:
        return range(max(0, turn - 1), turn)

    def among(self, turns: Turns) -> EdgeIndex:
        return _window(turns.dialogue, 1, 1)

    def __call__(self, dialogue: Dialogue) -> EdgeIndex:
        return self.among(Turns.of([dialogue]))


RULES = {"window": TemporalWindow, "same_speaker": SameSpeaker, "adjacent": Adjacent}
"""Edge rules by their name in configurations and checkpoints."""


def order_of(edges: EdgeIndex) -> Tensor:
    """Temporal order of each edge as an index into `ORDERS`, ``[E]``.

    0: the source is earlier than the target; 1: self-loop; 2: the source is later.
    """
    source, target = edges
    return 1 + torch.sign(source - target)


def speaker_relation_of(edges: EdgeIndex, speaker: Tensor) -> Tensor:
    """Speaker relation of each edge as an index into `SPEAKER_RELATIONS`, ``[E]``."""
    return (speaker[edges[0]] != speaker[edges[1]]).long()
