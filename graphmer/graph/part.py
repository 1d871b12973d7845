"""A part of a corpus as graphs: built once, hidden from anew as often as needed, batched by size."""

import copy
from collections.abc import Iterator, Sequence

import torch
from torch_geometric.data import Batch

from graphmer.dialogue import Dialogue
from graphmer.dialogue.missing import MissingProtocol
from graphmer.graph.builder import GraphBuilder
from graphmer.graph.dialogue_graph import DialogueGraph


class GraphPart:
    """Dialogues and their graphs.

    Args:
        dialogues: standardised dialogues.
        build: makes the graphs; called once for each dialogue.
    """

    def __init__(self, dialogues: Sequence[Dialogue], build: GraphBuilder) -> None:
        self.dialogues = tuple(dialogues)
        self.graphs = [build(dialogue) for dialogue in self.dialogues]

    def __len__(self) -> int:
        return len(self.dialogues)

    @property
    def lengths(self) -> list[int]:
        """Utterances of each dialogue."""
        return [len(dialogue) for dialogue in self.dialogues]

    def seen_through(self, protocol: MissingProtocol, seed: int) -> list[DialogueGraph]:
        """The graphs as a protocol lets them be seen; what was recorded stays in ``present``."""
        graphs = []
        for dialogue, graph in zip(self.dialogues, self.graphs, strict=True):
            seen = protocol.apply(dialogue, seed)
            view = copy.copy(graph)
            view.available = seen.available
            for modality, rows in seen.features.items():
                view[modality] = rows
            graphs.append(view)
        return graphs


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
    """Positions and PyG batch of each of the `bucketed` batches."""
    for chosen in bucketed([graph.num_nodes for graph in graphs], nodes, generator):
        yield chosen, Batch.from_data_list([graphs[i] for i in chosen])
