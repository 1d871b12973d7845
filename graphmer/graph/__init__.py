"""Dialogue graphs: edge rules, graph builder and graph class."""

from graphmer.graph.builder import GraphBuilder
from graphmer.graph.dialogue_graph import DialogueGraph
from graphmer.graph.edges import Adjacent, EdgeRule, SameSpeaker, TemporalWindow

__all__ = ["Adjacent", "DialogueGraph", "EdgeRule", "GraphBuilder", "SameSpeaker", "TemporalWindow"]
