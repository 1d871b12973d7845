"""Interface of networks that read a dialogue incrementally."""

from typing import Protocol

from graphmer.graph import DialogueGraph
from graphmer.nn.cache import NetworkCache
from graphmer.nn.network import NetworkOutput


class StreamingNetwork(Protocol):
    """Causal network that reads the next turns of one dialogue with a cache of the earlier ones."""

    def new_cache(self) -> NetworkCache:
        """An empty cache for one dialogue."""

    def __call__(self, graph: DialogueGraph, cache: NetworkCache | None = None) -> NetworkOutput:
        """Outputs for the next turns, which are added to the cache."""
