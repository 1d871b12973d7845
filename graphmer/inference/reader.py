"""A causal model that reads the next turns of a dialogue, knowing what it made of those before."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from graphmer.dialogue import Dialogue
from graphmer.graph import DialogueGraph
from graphmer.graph.stream import StreamedEdges
from graphmer.nn.cache import FeatureCache, KeyValueCache, MessageCache
from graphmer.nn.chain import ChainCache
from graphmer.nn.mixture import MixtureOutput
from graphmer.nn.model import EmotionModel
from graphmer.nn.output import ModelOutput


@dataclass(frozen=True, eq=False)
class ReadTurn:
    """What is kept of a turn.

    Attributes:
        said: what it says in each layer of message passing, ``[depth, D]``; nothing without.
        state: before the heads, ``[D]``.
        filtered, best: its rows of `ChainCache`, ``[C]``; NaN without a decoder.
    """

    said: Tensor
    state: Tensor
    filtered: Tensor
    best: Tensor


@dataclass(frozen=True, eq=False)
class Reading:
    """What the model says of new turns, and before them of the earlier ones that they are compared with.

    Attributes:
        turns: numbers of the turns in their order, first the earlier ones.
        new: how many of them are new.
        output: what the model says of them; router weights are zero where a turn is not new.
        graph: the turns without edges.
        memory: what a causal decoder knows of the earlier ones, to be completed.
        said: what the new ones say in message passing.
    """

    turns: tuple[int, ...]
    new: int
    output: ModelOutput
    graph: DialogueGraph
    memory: ChainCache
    said: Tensor


class DialogueReader:
    """Reads a dialogue bit by bit. The result is that of reading it as a whole.

    It keeps keys and values of as many turns as the experts hear, the features of as many as are averaged,
    and the states of the turns that edges can still reach: those of the latest turns, and of the latest ones
    of each speaker, however long ago. Neither time nor memory grow with the dialogue, but for a number a
    turn, unless the model hears without limit.

    Args:
        model: causal, in evaluation mode.
        edges: who hears whom.
        context: turns that the experts hear back; ``None`` for all.
        corrections: how many of the latest turns may be read again.
        device: where the model computes.
    """

    def __init__(
        self,
        model: EmotionModel,
        edges: StreamedEdges,
        *,
        context: int | None,
        corrections: int,
        device: torch.device,
    ) -> None:
        self.model = model
        self.edges = edges
        self.corrections = corrections
        self.device = device
        self.context = context
        self._tokens = KeyValueCache(context)
        self._features = FeatureCache()
        self._length = 0
        self._speaker: list[int] = []
        self._own: dict[int, list[int]] = {}
        self._kept: dict[int, ReadTurn] = {}

    def __len__(self) -> int:
        return self._length

    @property
    def kept(self) -> tuple[int, int, int]:
        """Number of tokens, of turns, and of rows of features, of which something is kept."""
        return len(self._tokens), len(self._kept), len(self._features)

    @torch.inference_mode()
    def read(self, dialogue: Dialogue, speaker: Sequence[int]) -> Reading:
        """What the model says of the next turns, which `keep` is then to remember.

        Args:
            dialogue: the turns, standardised.
            speaker: who speaks, numbered within the whole dialogue.
        """
        self.truncate(len(self))  # what an interrupted call may have left
        compared = self._compared(speaker)
        graph, earlier = self._graph(dialogue, speaker)
        told = None
        if self.model.messages is not None:
            told = MessageCache([self._kept[turn].said for turn in earlier])
        state, mixture = self.model.encode(graph.to(self.device), self._tokens, told, self._features)
        before = [self._kept[turn] for turn in compared]
        state = torch.stack([*(turn.state for turn in before), *state])
        output = self.model.heads(state, _after(len(before), mixture))
        unknown = output.emotion_logits.new_full((len(speaker), output.emotion_logits.shape[1]), torch.nan)
        turns = (*compared, *range(len(self), len(self) + len(speaker)))
        return Reading(
            turns,
            len(speaker),
            output,
            DialogueGraph(
                speaker=torch.tensor([self._speaker[turn] for turn in turns], device=self.device),
                position=torch.tensor(turns, device=self.device),
                num_nodes=len(turns),
            ),
            ChainCache(
                torch.stack([*(turn.filtered for turn in before), *unknown]),
                torch.stack([*(turn.best for turn in before), *unknown]),
            ),
            state.new_empty(len(speaker), 0) if told is None else told.said,
        )

    def keep(self, reading: Reading) -> None:
        """Remember the new turns of a reading, once the decoder has completed its memory."""
        first = len(reading.turns) - reading.new
        rows = (reading.output.embedding, reading.memory.filtered, reading.memory.best)
        for said, turn, *known in zip(
            reading.said, *(r[first:] for r in (reading.turns, *rows)), strict=True
        ):
            self._kept[turn] = ReadTurn(said, *known)
        self._length += reading.new
        self._evict()

    def truncate(self, turn: int) -> None:
        """Forget a turn and all after it, to read them again."""
        self._tokens.truncate(turn)
        self._features.truncate(turn)
        for later in range(len(self._speaker) - 1, turn - 1, -1):
            self._own[self._speaker.pop()].pop()
            self._kept.pop(later, None)
        self._length = turn

    def _graph(self, dialogue: Dialogue, speaker: Sequence[int]) -> tuple[DialogueGraph, list[int]]:
        """Graph of new turns, and the earlier turns whose rows come before theirs in its edges."""
        links = []
        first = len(self)
        for turn, number in enumerate(speaker, first):
            own = self._own.setdefault(number, [])
            links += [(earlier, turn, relation) for earlier, relation in self.edges.incoming(turn, own)]
            own.append(turn)
            self._speaker.append(number)
        earlier = sorted({heard for heard, _, _ in links if heard < first})
        row = {turn: place for place, turn in enumerate([*earlier, *range(first, first + len(speaker))])}
        edges = torch.tensor([(row[heard], row[turn], relation) for heard, turn, relation in links])
        edges = edges.view(-1, 3).long()
        graph = DialogueGraph(
            available=dialogue.available,
            speaker=torch.tensor(speaker),
            position=torch.arange(first, first + len(speaker)),
            edge_index=edges[:, :2].T,
            edge_type=edges[:, 2],
            num_nodes=len(speaker),
            **dialogue.features,
        )
        return graph, earlier

    def _compared(self, speaker: Sequence[int]) -> list[int]:
        """Earlier turns that new ones are compared with: their speakers' last ones, and who spoke last."""
        last = {number: own[-1] for number, own in self._own.items() if own}
        if not last:
            return []
        spoke = self._speaker[-1]
        others = [turn for number, turn in last.items() if number != spoke]
        return sorted({last[spoke], *(last[s] for s in speaker if s in last), *sorted(others)[-1:]})

    def _evict(self) -> None:
        horizon = max(0, len(self) - self.corrections)
        if self.context is not None:
            self._tokens.evict(horizon - self.context)
        around = self.model.neighborhood_averages
        if around is not None and around.reach is not None:
            self._features.evict(horizon - around.reach)
        for turn in [turn for turn in self._kept if not self._needed(turn, horizon)]:
            del self._kept[turn]

    def _needed(self, turn: int, horizon: int) -> bool:
        """Whether a turn may be heard by one at the horizon or after it, or compared with it."""
        window, own = self.edges.reach
        if window is None or own is None or turn >= horizon - window:
            return True
        mine = self._own[self._speaker[turn]]
        return turn >= mine[max(0, bisect_left(mine, horizon) - max(1, own))]


def _after(count: int, mixture: MixtureOutput) -> MixtureOutput:
    """What the experts said, after zeros for some turns that they have not read again."""
    return MixtureOutput(
        pad(mixture.embedding, (0, 0, count, 0)), pad(mixture.weight, (0, 0, 0, 0, count, 0))
    )
