"""Building the graphs of a corpus, and what preparing batches takes of a training step."""

from typing import Any

import torch

from benchmarks.speed.sizes import LABELS, NODES, WINDOWS, dialogues, model, part
from benchmarks.speed.steps import Ours
from benchmarks.speed.timing import in_turn
from graphmer.dialogue import Mixed
from graphmer.graph import GraphBuilder
from graphmer.graph.dataset import GraphDataset, batches


def measure(rounds: int) -> dict[str, Any]:
    build = GraphBuilder(WINDOWS, LABELS)
    whole = part(window=True)
    ours = Ours(model(graph=True))

    def prepare() -> list[Any]:
        graphs = whole.masked(Mixed(), 0)
        return [batch for _, batch in batches(graphs, NODES, torch.Generator().manual_seed(0))]

    ways = {
        "build": lambda: GraphDataset(dialogues(), build),
        "prepare": prepare,
        "epoch": lambda: ours.train(whole.masked(Mixed(), 0)),
    }
    times = in_turn(ways, rounds)
    spent = {name: vars(spread) for name, spread in times.items()}
    return {
        "build": {"value": times["build"].median, "seconds": spent["build"]},
        "loader": {"value": times["prepare"].median / times["epoch"].median, "seconds": spent},
    }
