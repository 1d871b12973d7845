"""The same work on a Ray cluster."""

from graphmer.cluster.lines import Counted, Shard, count_dialogues, plan_shards, read_shard
from graphmer.cluster.tasks import connected, results
from graphmer.cluster.training import train_on_ray

__all__ = [
    "Counted",
    "Shard",
    "connected",
    "count_dialogues",
    "plan_shards",
    "read_shard",
    "results",
    "train_on_ray",
]
