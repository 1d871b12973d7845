"""A dialogue graph as a networkx graph with names."""

import networkx as nx

from graphmer.dialogue import Dialogue
from graphmer.graph.dialogue_graph import DialogueGraph


def to_networkx(graph: DialogueGraph, dialogue: Dialogue, relations: tuple[str, ...]) -> nx.MultiDiGraph:
    """The graph with utterance ids as nodes and relation names as edge keys.

    Nodes carry ``speaker``, ``turn``, ``emotion`` (a name, a score or ``None``), ``text`` and ``available``
    (names of modalities); edges point from the source turn to the target turn and carry ``relation``.

    Args:
        graph: of `dialogue`.
        dialogue: names the nodes.
        relations: names the edge types, as `GraphBuilder.relations`.
    """
    named: nx.MultiDiGraph = nx.MultiDiGraph(name=dialogue.id)
    for turn, name in enumerate(dialogue.utterance_ids):
        there = dialogue.available[turn].tolist()
        named.add_node(
            name,
            turn=turn,
            speaker=dialogue.speakers[int(dialogue.speaker[turn])],
            emotion=dialogue.emotion[turn],
            text=dialogue.text[turn],
            available=tuple(m for m, is_there in zip(dialogue.modalities, there, strict=True) if is_there),
        )
    ids = dialogue.utterance_ids
    for source, target, kind in zip(*graph.edge_index.tolist(), graph.edge_type.tolist(), strict=True):
        named.add_edge(ids[source], ids[target], key=relations[kind], relation=relations[kind])
    return named
