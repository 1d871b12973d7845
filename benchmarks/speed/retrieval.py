"""A million vectors of width 256 in one index: what it takes to build, to keep and to search."""

from typing import Any

import torch

from benchmarks.speed.mapped import resident
from benchmarks.speed.timing import Spread, seconds
from graphmer.retrieval.store import VectorStore, prepared

ROWS, WIDTH, QUERIES, NEAREST = 1_000_000, 256, 1000, 10
TOPICS, SPREAD = 2000, 0.7
"""Vectors lie around as many centres as a corpus has ways of saying things; without any, no index could do
better than to look at most of them."""


def measure(rounds: int) -> dict[str, Any]:
    torch.manual_seed(0)
    centres = torch.randn(TOPICS, WIDTH)
    vectors, queries = drawn(centres, ROWS), drawn(centres, QUERIES)
    before = resident("VmRSS")
    store = VectorStore(WIDTH, "cosine")
    built = seconds(lambda: store.add(torch.arange(ROWS), vectors))
    kept = resident("VmRSS") - before
    taken = Spread.of([seconds(lambda: store.search(queries, NEAREST)) for _ in range(rounds)])
    found, truth = store.search(queries, NEAREST), exact(vectors, queries)
    recall = (found[:, :, None] == truth[:, None, :]).any(dim=1).double().mean()
    size = f"{ROWS:,} vectors of {WIDTH}, {store.clusters:,} clusters"
    return {
        "retrieval/build": {"value": built, "detail": size},
        "retrieval/memory": {
            "value": kept / 2**30,
            "detail": f"the vectors alone {vectors.nbytes / 2**30:.2f} GiB",
        },
        "retrieval/rate": {"value": QUERIES / taken.median, "seconds": vars(taken)},
        "retrieval/recall": {"value": float(recall), "detail": f"of the {NEAREST} nearest"},
    }


def drawn(centres: torch.Tensor, count: int) -> torch.Tensor:
    """Vectors around centres chosen evenly, of length one."""
    vectors = centres[torch.randint(0, len(centres), (count,))]
    return prepared(vectors + SPREAD * torch.randn(count, WIDTH), "cosine")


def exact(vectors: torch.Tensor, queries: torch.Tensor) -> torch.Tensor:
    """The nearest rows of all, by comparing all."""
    return torch.cat([(part @ vectors.T).topk(NEAREST, dim=1).indices for part in queries.split(100)])
