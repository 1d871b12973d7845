"""A part of a corpus as graphs: built once, hidden from anew as often as needed, batched by size."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch_geometric.data import Batch

from graphmer.dialogue import Dialogue
from graphmer.dialogue.dialogue import LazyFeatures
from graphmer.dialogue.missing import MissingProtocol
from graphmer.graph.builder import GraphBuilder
from graphmer.graph.dialogue_graph import DialogueGraph
from graphmer.typing import Available


class GraphDataset:
    """Dialogues and their graphs.

    Args:
        dialogues: standardised dialogues.
        build: makes the graphs; called once for each dialogue.
    """

    def __init__(self, dialogues: Sequence[Dialogue], build: GraphBuilder) -> None:
        self.dialogues = tuple(dialogues)
        self.graphs = [_without_lazy(build(dialogue), dialogue) for dialogue in self.dialogues]

    def __len__(self) -> int:
        return len(self.dialogues)

    @property
    def lengths(self) -> list[int]:
        """Utterances of each dialogue."""
        return [len(dialogue) for dialogue in self.dialogues]

    def masked(self, protocol: MissingProtocol, seed: int) -> "MaskedGraphs":
        """The graphs as a protocol lets them be seen; what was recorded stays in ``present``."""
        return MaskedGraphs(self, (protocol,), seed)

    def available(self, protocol: MissingProtocol, seed: int) -> Available:
        """What a protocol leaves of all dialogues, one after the other, ``[N, M]``."""
        return torch.cat([d.available & protocol.keep(d, seed) for d in self.dialogues])


def _without_lazy(graph: DialogueGraph, dialogue: Dialogue) -> DialogueGraph:
    """Without the features that stay on disk."""
    if isinstance(dialogue.features, LazyFeatures):
        for modality in dialogue.features:
            del graph[modality]
    return graph


class MaskedGraphs(Sequence[DialogueGraph]):
    """The graphs of a part as protocols let them be seen, each made when it is asked for.

    Args:
        part: dialogues and graphs.
        protocols: what is missing; all dialogues under the first one, then all under the second, and so on.
        seed: of the masks.
    """

    def __init__(self, part: GraphDataset, protocols: Sequence[MissingProtocol], seed: int) -> None:
        self.part, self.protocols, self.seed = part, tuple(protocols), seed

    def __len__(self) -> int:
        return len(self.part) * len(self.protocols)

    @property
    def lengths(self) -> list[int]:
        """Utterances of each graph."""
        return self.part.lengths * len(self.protocols)

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        protocol, position = divmod(number, len(self.part))
        seen = self.protocols[protocol].apply(self.part.dialogues[position], self.seed)
        view = copy.copy(self.part.graphs[position])
        view.available = seen.available
        for modality, rows in seen.features.items():
            view[modality] = rows
        return view


def bucketed(lengths: Sequence[int], nodes: int, generator: torch.Generator | None = None) -> list[list[int]]:
    """Batches of dialogues of similar length, bounded by the number of utterances.

    Dialogues are shuffled, sorted by length within stretches of about eight batches and cut; the batches are
    then shuffled. A dialogue longer than the bound is a batch of its own.

    Args:
        lengths: utterances of each dialogue.
        nodes: most utterances in a batch.
        generator: source of the order; ``None`` sorts by length, for evaluation.

    Returns:
        positions of dialogues, batch by batch; every dialogue exactly once.

    Raises:
        ValueError: if `nodes` is less than 1.
    """
    if nodes < 1:
        raise ValueError(f"`nodes` must be a number of utterances >= 1; got {nodes}.")
    if generator is None:
        return _cut(sorted(range(len(lengths)), key=lambda i: lengths[i]), lengths, nodes)
    shuffled = torch.randperm(len(lengths), generator=generator).tolist()
    stretch = max(1, round(8 * nodes * len(lengths) / max(1, sum(lengths))))
    batches: list[list[int]] = []
    for begin in range(0, len(shuffled), stretch):
        part = sorted(shuffled[begin : begin + stretch], key=lambda i: lengths[i])
        batches += _cut(part, lengths, nodes)
    return [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]


def _cut(order: list[int], lengths: Sequence[int], nodes: int) -> list[list[int]]:
    batches: list[list[int]] = []
    held = 0
    for i in order:
        if not batches or held + lengths[i] > nodes:
            batches.append([])
            held = 0
        batches[-1].append(i)
        held += lengths[i]
    return batches


def batches(
    graphs: Sequence[DialogueGraph], nodes: int, generator: torch.Generator | None = None
) -> Iterator[tuple[list[int], Batch]]:
    """Positions and PyG batch of each of the `bucketed` batches, made one after the other."""
    for chosen in bucketed(lengths_of(graphs), nodes, generator):
        yield chosen, collated(graphs, chosen)


def lengths_of(graphs: Sequence[DialogueGraph]) -> list[int]:
    """Utterances of each graph."""
    return graphs.lengths if isinstance(graphs, MaskedGraphs) else [graph.num_nodes for graph in graphs]


def collated(graphs: Sequence[DialogueGraph], chosen: Sequence[int]) -> Batch:
    """Some of the graphs as one batch."""
    return Batch.from_data_list([graphs[i] for i in chosen])
