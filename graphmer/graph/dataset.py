"""Datasets of dialogue graphs, masked views of them, and batches of bounded size."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from graphmer.dialogue import Dialogue
from graphmer.dialogue.dialogue import LazyFeatures
from graphmer.dialogue.missing import DamageProtocol, MissingProtocol
from graphmer.graph.builder import GraphBuilder
from graphmer.graph.dialogue_graph import DialogueGraph
from graphmer.pyg import Batch
from graphmer.typing import Available


class GraphDataset:
    """Dataset of dialogue graphs, built once.

    Args:
        dialogues: standardised dialogues.
        build: graph builder, called once per dialogue.
    """

    def __init__(self, dialogues: Sequence[Dialogue], build: GraphBuilder) -> None:
        self.dialogues = tuple(dialogues)
        self.graphs = [_without_lazy(build(dialogue), dialogue) for dialogue in self.dialogues]

    def __len__(self) -> int:
        return len(self.dialogues)

    @property
    def lengths(self) -> list[int]:
        """Number of utterances of each dialogue."""
        return [len(dialogue) for dialogue in self.dialogues]

    def masked(self, protocol: MissingProtocol, seed: int) -> "MaskedGraphs":
        """Masked view of the graphs under a protocol; ``present`` still holds what was recorded."""
        return MaskedGraphs(self, (protocol,), seed)

    def available(self, protocol: MissingProtocol, seed: int) -> Available:
        """Availability of all utterances under a protocol, dialogues concatenated, ``[N, M]``."""
        return torch.cat([d.available & protocol.keep(d, seed) for d in self.dialogues])

    def damaged(self, protocol: MissingProtocol, seed: int) -> Available:
        """Which available modalities are damaged under a protocol, laid out as those of `available`."""
        if not isinstance(protocol, DamageProtocol):
            return torch.zeros_like(self.available(protocol, seed))
        return torch.cat([protocol.damage(d, seed)[1] for d in self.dialogues])


def _without_lazy(graph: DialogueGraph, dialogue: Dialogue) -> DialogueGraph:
    """The graph without features that are read from disk on access."""
    if isinstance(dialogue.features, LazyFeatures):
        for modality in dialogue.features:
            del graph[modality]
    return graph


class MaskedGraphs(Sequence[DialogueGraph]):
    """Masked views of a dataset under one or several protocols, created on access.

    Args:
        dataset: dialogues and graphs.
        protocols: missing-modality protocols; all dialogues under the first one come first, then all under
            the second one, and so on.
        seed: seed of the masks.
    """

    def __init__(self, dataset: GraphDataset, protocols: Sequence[MissingProtocol], seed: int) -> None:
        self.dataset, self.protocols, self.seed = dataset, tuple(protocols), seed
        # the graphs of a batch need the same attributes
        self._damages = all(isinstance(protocol, DamageProtocol) for protocol in self.protocols)

    def __len__(self) -> int:
        return len(self.dataset) * len(self.protocols)

    @property
    def lengths(self) -> list[int]:
        """Number of utterances of each graph."""
        return self.dataset.lengths * len(self.protocols)

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        chosen, position = divmod(number, len(self.dataset))
        protocol, dialogue = self.protocols[chosen], self.dataset.dialogues[position]
        view = copy.copy(self.dataset.graphs[position])
        if self._damages and isinstance(protocol, DamageProtocol):
            masked, view.damaged = protocol.damage(dialogue, self.seed)
        else:
            masked = protocol.apply(dialogue, self.seed)
        view.available = masked.available
        for modality, rows in masked.features.items():
            view[modality] = rows
        return view


def bucketed(lengths: Sequence[int], nodes: int, generator: torch.Generator | None = None) -> list[list[int]]:
    """Batches of dialogues of similar length, with a bounded number of utterances.

    Dialogues are shuffled, sorted by length within chunks of about eight batches, and split into batches. The
    batches are then shuffled. A dialogue longer than the bound forms a batch of its own.

    Args:
        lengths: number of utterances of each dialogue.
        nodes: maximum number of utterances per batch.
        generator: random generator of the order; ``None`` sorts by length, for evaluation.

    Returns:
        positions of the dialogues of each batch; every dialogue occurs exactly once.

    Raises:
        ValueError: if `nodes` is less than 1.
    """
    if nodes < 1:
        raise ValueError(f"`nodes` must be a number of utterances >= 1; got {nodes}.")
    if generator is None:
        return _split(sorted(range(len(lengths)), key=lambda i: lengths[i]), lengths, nodes)
    shuffled = torch.randperm(len(lengths), generator=generator).tolist()
    size = max(1, round(8 * nodes * len(lengths) / max(1, sum(lengths))))
    batches: list[list[int]] = []
    for begin in range(0, len(shuffled), size):
        chunk = sorted(shuffled[begin : begin + size], key=lambda i: lengths[i])
        batches += _split(chunk, lengths, nodes)
    return [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]


def _split(order: list[int], lengths: Sequence[int], nodes: int) -> list[list[int]]:
    batches: list[list[int]] = []
    size = 0
    for i in order:
        if not batches or size + lengths[i] > nodes:
            batches.append([])
            size = 0
        batches[-1].append(i)
        size += lengths[i]
    return batches


def batches(
    graphs: Sequence[DialogueGraph], nodes: int, generator: torch.Generator | None = None
) -> Iterator[tuple[list[int], Batch]]:
    """Iterator over `bucketed` batches: positions of the graphs, and the PyG batch."""
    for chosen in bucketed(lengths_of(graphs), nodes, generator):
        yield chosen, collated(graphs, chosen)


def lengths_of(graphs: Sequence[DialogueGraph]) -> list[int]:
    """Number of utterances of each graph."""
    return graphs.lengths if isinstance(graphs, MaskedGraphs) else [graph.num_nodes for graph in graphs]


def collated(graphs: Sequence[DialogueGraph], chosen: Sequence[int]) -> Batch:
    """PyG batch of the chosen graphs."""
    return Batch.from_data_list([graphs[i] for i in chosen])
