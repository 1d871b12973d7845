"""A dialogue graph as a networkx graph with names, and as a picture."""

from pathlib import Path

import networkx as nx

from graphmer.dialogue import Dialogue
from graphmer.graph.dialogue_graph import DialogueGraph


def to_networkx(graph: DialogueGraph, dialogue: Dialogue, relations: tuple[str, ...]) -> nx.MultiDiGraph:
    """The graph with utterance ids as nodes and relation names as edge keys.

    Nodes carry ``speaker``, ``turn``, ``emotion`` (a name, a score or ``None``), ``text`` and ``available``
    (names of modalities); edges point from the turn that is heard to the one that listens and carry
    ``relation``.

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
    for heard, listener, kind in zip(*graph.edge_index.tolist(), graph.edge_type.tolist(), strict=True):
        named.add_edge(ids[heard], ids[listener], key=relations[kind], relation=relations[kind])
    return named


def draw(graph: DialogueGraph, dialogue: Dialogue, relations: tuple[str, ...], path: Path) -> None:
    """Draw turns from left to right, one row a speaker, edges coloured by relation.

    Unlabelled turns are hollow; a turn without any modality has a dashed outline. The file's ending chooses
    the format (``.png``, ``.svg``).

    Args:
        graph: of `dialogue`.
        dialogue: names the turns.
        relations: names the edge types.
        path: file to write.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import FancyArrowPatch

    named = to_networkx(graph, dialogue, relations)
    figure = Figure(figsize=(min(40.0, 2.5 + 0.55 * len(dialogue)), 1.8 + 1.3 * len(dialogue.speakers)))
    axes = figure.subplots()
    place = {n: (d["turn"], -dialogue.speakers.index(d["speaker"])) for n, d in named.nodes(data=True)}
    colours = {relation: f"C{number % 10}" for number, relation in enumerate(relations)}
    for heard, listener, relation in named.edges(keys=True):
        bend = 0.25 if place[heard][0] < place[listener][0] else -0.25
        axes.add_patch(
            FancyArrowPatch(
                place[heard], place[listener], connectionstyle=f"arc3,rad={bend}", arrowstyle="-|>",
                mutation_scale=7, shrinkA=9, shrinkB=9, color=colours[relation], alpha=0.35, linewidth=0.8,
            )
        )  # fmt: skip
    for name, node in named.nodes(data=True):
        labelled = node["emotion"] is not None
        axes.scatter(
            *place[name], s=240, zorder=3, facecolor="#dbe7f3" if labelled else "white", edgecolor="#333333",
            linestyle="-" if node["available"] else ":",
        )  # fmt: skip
        axes.annotate(str(node["turn"]), place[name], ha="center", va="center", fontsize=7, zorder=4)
        below = (
            str(node["emotion"])[:9] if labelled else "",
            "".join(m[0] for m in node["available"]) or "none",
        )
        axes.annotate(
            "\n".join(below),
            place[name],
            (0, -13),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=6,
        )
    axes.set_yticks([-row for row in range(len(dialogue.speakers))], dialogue.speakers)
    axes.set_xlabel("turn")
    axes.set_title(dialogue.id, fontsize=10)
    axes.set_xlim(-1, len(dialogue))
    axes.set_ylim(-len(dialogue.speakers) + 0.3, 0.6)
    axes.spines[["top", "right"]].set_visible(False)
    handles = [Line2D([], [], color=colours[relation], label=relation) for relation in relations]
    if handles:
        axes.legend(handles=handles, fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    figure.savefig(path, dpi=120, bbox_inches="tight")
