"""The same work on a Ray cluster."""

from graphmer.cluster.extraction import ExtractorPlace, RayExtractor
from graphmer.cluster.lines import LineSource
from graphmer.cluster.shards import Counted, Shard, Source, plan_shards
from graphmer.cluster.tasks import connected, results
from graphmer.cluster.training import train_on_ray
from graphmer.cluster.turns import TurnSource

__all__ = [
    "Counted",
    "ExtractorPlace",
    "LineSource",
    "RayExtractor",
    "Shard",
    "Source",
    "TurnSource",
    "connected",
    "plan_shards",
    "results",
    "train_on_ray",
]
