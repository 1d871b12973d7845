"""Incremental reading of a dialogue by a causal model with caches."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import pad

from graphmer.dialogue import Dialogue
from graphmer.graph import DialogueGraph
from graphmer.graph.stream import StreamedEdges
from graphmer.nn.cache import MessageCache
from graphmer.nn.chain import ChainCache
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import NetworkOutput
from graphmer.nn.streaming import StreamingNetwork


@dataclass(frozen=True, eq=False)
class CachedTurn:
    """Cached values of a turn.

    Attributes:
        messages: in each layer of message passing, ``[depth, D]``; empty without.
        logits: of the emotions, ``[C]``.
        state: before the heads, ``[D]``.
        available: its modalities, ``[M]``.
        filtered, best: its rows of `ChainCache`, ``[C]``; NaN without a decoder.
    """

    messages: Tensor
    logits: Tensor
    state: Tensor
    available: Tensor
    filtered: Tensor
    best: Tensor


@dataclass(frozen=True, eq=False)
class Reading:
    """Outputs for new turns, preceded by those of the earlier turns that they are compared with.

    Attributes:
        turns: numbers of the turns in their order, first the earlier ones.
        new: how many of them are new.
        output: of the network; router weights are zero for earlier turns.
        graph: the turns without edges.
        chain: state of a causal decoder at the earlier turns, NaN for the new ones.
        messages: of the new turns in message passing.
    """

    turns: tuple[int, ...]
    new: int
    output: NetworkOutput
    graph: DialogueGraph
    chain: ChainCache
    messages: Tensor


class DialogueReader:
    """Reads a dialogue incrementally. The outputs are those of the whole dialogue.

    It caches keys and values of as many turns as the experts attend to, the features of as many as are
    averaged, and the states of the turns that edges can still reach: the latest turns, and the latest turns
    of each speaker, however long ago. Neither time nor memory grow with the dialogue, except for one number a
    turn, unless the model has no limits.

    Args:
        model: causal, of a system that streams, in evaluation mode.
        edges: incoming edges of each turn.
        corrections: how many of the latest turns may be read again.
        device: of the model.
    """

    def __init__(
        self, model: EmotionModel, edges: StreamedEdges, *, corrections: int, device: torch.device
    ) -> None:
        self.model = model
        self.edges = edges
        self.corrections = corrections
        self.device = device
        self._network = cast(StreamingNetwork, model.network)
        self._cache = self._network.new_cache()
        self._length = 0
        self._speaker: list[int] = []
        self._own: dict[int, list[int]] = {}
        self._kept: dict[int, CachedTurn] = {}

    def __len__(self) -> int:
        return self._length

    @property
    def kept(self) -> tuple[int, int, int]:
        """Number of cached tokens, turns, and rows of features."""
        return len(self._cache.tokens), len(self._kept), len(self._cache.features)

    @torch.inference_mode()
    def read(self, dialogue: Dialogue, speaker: Sequence[int]) -> Reading:
        """Outputs for the next turns, which `keep` is then to cache.

        Args:
            dialogue: the turns, standardised.
            speaker: number of each turn's speaker within the whole dialogue.
        """
        self.truncate(len(self))  # what an interrupted call may have left
        compared = self._compared(speaker)
        graph, sources = self._graph(dialogue, speaker)
        self._cache.messages = MessageCache([self._kept[turn].messages for turn in sources])
        graph = graph.to(self.device)
        new = self._network(graph, self._cache)
        before = [self._kept[turn] for turn in compared]
        output = _joined(before, new)
        unknown = new.logits.new_full(new.logits.shape, torch.nan)
        turns = (*compared, *range(len(self), len(self) + len(speaker)))
        messages = self._cache.messages.new
        return Reading(
            turns,
            len(speaker),
            output,
            DialogueGraph(
                available=torch.cat([*(turn.available[None] for turn in before), graph.available]),
                speaker=torch.tensor([self._speaker[turn] for turn in turns], device=self.device),
                position=torch.tensor(turns, device=self.device),
                num_nodes=len(turns),
            ),
            ChainCache(
                torch.cat([*(turn.filtered[None] for turn in before), unknown]),
                torch.cat([*(turn.best[None] for turn in before), unknown]),
            ),
            new.state.new_empty(len(speaker), 0) if messages is None else messages,
        )

    def keep(self, reading: Reading) -> None:
        """Cache the new turns of a reading, once the decoder has filled in its cache."""
        first = len(reading.turns) - reading.new
        output, chain = reading.output, reading.chain
        rows = (output.logits, output.state, reading.graph.available, chain.filtered, chain.best)
        for messages, turn, *values in zip(
            reading.messages, *(r[first:] for r in (reading.turns, *rows)), strict=True
        ):
            self._kept[turn] = CachedTurn(messages, *values)
        self._length += reading.new
        self._evict()

    def truncate(self, turn: int) -> None:
        """Remove a turn and all after it, to read them again."""
        self._cache.truncate(turn)
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
            links += [(source, turn, relation) for source, relation in self.edges.incoming(turn, own)]
            own.append(turn)
            self._speaker.append(number)
        sources = sorted({source for source, _, _ in links if source < first})
        row = {turn: place for place, turn in enumerate([*sources, *range(first, first + len(speaker))])}
        edges = torch.tensor([(row[source], row[turn], relation) for source, turn, relation in links])
        edges = edges.view(-1, 3).long()
        graph = DialogueGraph(
            available=dialogue.available,
            present=dialogue.present,
            speaker=torch.tensor(speaker),
            position=torch.arange(first, first + len(speaker)),
            edge_index=edges[:, :2].T,
            edge_type=edges[:, 2],
            num_nodes=len(speaker),
            **dialogue.features,
        )
        return graph, sources

    def _compared(self, speaker: Sequence[int]) -> list[int]:
        """Earlier turns that new ones are compared with: the last one of each speaker, and the last one."""
        last = {number: own[-1] for number, own in self._own.items() if own}
        if not last:
            return []
        latest = self._speaker[-1]
        others = [turn for number, turn in last.items() if number != latest]
        return sorted({last[latest], *(last[s] for s in speaker if s in last), *sorted(others)[-1:]})

    def _evict(self) -> None:
        horizon = max(0, len(self) - self.corrections)
        self._cache.evict(horizon)
        for turn in [turn for turn in self._kept if not self._needed(turn, horizon)]:
            del self._kept[turn]

    def _needed(self, turn: int, horizon: int) -> bool:
        """Whether a turn may be a source of one from the horizon on, or compared with it."""
        window, own = self.edges.reach
        if window is None or own is None or turn >= horizon - window:
            return True
        mine = self._own[self._speaker[turn]]
        return turn >= mine[max(0, bisect_left(mine, horizon) - max(1, own))]


def _joined(before: Sequence[CachedTurn], new: NetworkOutput) -> NetworkOutput:
    """Outputs of new turns after those of cached ones, whose router weights are zero."""
    router = None if new.router is None else pad(new.router, (0, 0, 0, 0, len(before), 0))
    return NetworkOutput(
        torch.cat([*(turn.logits[None] for turn in before), new.logits]),
        torch.cat([*(turn.state[None] for turn in before), new.state]),
        router=router,
    )
