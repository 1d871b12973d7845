"""Steps, prediction and retrieval on a CUDA card, at the batch of IEMOCAP and at 16 times that.

    sh benchmarks/speed/gpu.sh

Rows are stored as soon as they are measured, so that what a time limit cuts off is missing and nothing else.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from statistics import median
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from torch_geometric.data import Batch

from benchmarks.speed.run import RESULTS
from benchmarks.speed.sizes import NODES, model, seen, useful_flops
from graphmer.dialogue import Complete
from graphmer.graph.dataset import batches
from graphmer.nn.model import EmotionModel
from graphmer.nn.targets import TrainingTargets
from graphmer.retrieval.store import VectorStore, faiss_library, prepared
from graphmer.systems.experts import mixing_loss
from graphmer.training.optimization import Optimization
from graphmer.training.run_folder import environment
from tests.nn import oracle

Work = Callable[[], object]
TIMES = 16
"""How many times IEMOCAP's batch the large one is."""
PRECISIONS = ("float32", "tf32", "bfloat16")
SECONDS = 3.0
"""Spent on each row after its first call."""


def main() -> None:
    if not torch.cuda.is_available():
        sys.exit("benchmarks.speed.gpu: no CUDA card here; nothing was measured.")
    device = torch.device("cuda")
    machine = environment(device="cuda", card=torch.cuda.get_device_name(), cuda=torch.version.cuda)
    found: dict[str, Any] = {}
    for name, row in rows(device):
        found[name] = row
        print(name, row, flush=True)
        result = {"environment": machine, "measured": found}
        (RESULTS / "gpu.json").write_text(json.dumps(result, indent=1) + "\n")


def rows(device: torch.device) -> Iterator[tuple[str, dict[str, Any]]]:
    """Measured rows by name: turns per second, and for steps the share of the rate of matrix products."""
    graphs = seen(Complete())
    for size, times in (("", 1), (f"x{TIMES}", TIMES)):
        _, batch = next(iter(batches(graphs * times, NODES * times)))
        batch = batch.to(device)
        for precision in PRECISIONS:
            rate = products(device, precision)
            yield f"products/{precision}{size}", {"value": rate, "unit": "operations per second"}
            for way, work, passes in ways(batch, device, precision):
                seconds = timed(work, device)
                share = passes * useful_flops(batch, model()) / seconds / rate
                turns = len(batch.available) / seconds
                yield f"{way}/{precision}{size}", {"value": turns, "seconds": seconds, "share": share}
    yield from search(device)


def ways(batch: Batch, device: torch.device, precision: str) -> Iterator[tuple[str, Work, int]]:
    """Training step, reading and the reference's step on one batch, and how often each reads it."""
    network = model().to(device)
    optimizer = Optimization().make(network)

    def step(loss: Callable[[], torch.Tensor]) -> None:
        network.train()
        with numbers(device, precision):
            total = loss()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()

    @torch.inference_mode()
    def read() -> None:
        network.eval()
        with numbers(device, precision):
            network(batch)

    yield "train", lambda: step(lambda: mixing_loss(network, batch, TrainingTargets()).total), 3
    yield "read", read, 1
    yield "reference", lambda: step(lambda: reference_loss(network, batch)), 3


def reference_loss(network: EmotionModel, batch: Batch) -> torch.Tensor:
    """The loss of the nine padded passes."""
    return cross_entropy(oracle.model_forward(network, batch), batch.emotion)


def numbers(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """Context manager of a precision; TF32 is on for `tf32` alone."""
    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    return torch.autocast(device.type, torch.bfloat16) if precision == "bfloat16" else nullcontext()


def products(device: torch.device, precision: str) -> float:
    """Operations per second of large matrix products."""
    side = 4096 if device.type == "cuda" else 256
    first = torch.randn(side, side, device=device)
    if precision == "bfloat16":
        first = first.bfloat16()
    with numbers(device, precision):
        return 2 * side**3 / timed(lambda: first @ first, device)


def search(device: torch.device) -> Iterator[tuple[str, dict[str, Any]]]:
    """Nearest neighbors among as many vectors as IEMOCAP has utterances; on the card where FAISS has it."""
    vectors = torch.randn(7433, 256)
    store = VectorStore(256, "cosine")
    store.add(torch.arange(len(vectors)), prepared(vectors, "cosine"))
    seconds = timed(lambda: store.search(prepared(vectors[:512], "cosine"), 8), device)
    yield "search", {"value": 512 / seconds, "seconds": seconds, "gpus": faiss_library().get_num_gpus()}


def timed(work: Work, device: torch.device, limit: float = SECONDS) -> float:
    """Median seconds of a call, after three that do not count."""
    taken: list[float] = []
    end = time.perf_counter() + limit
    while len(taken) < 6 or time.perf_counter() < end:
        begin = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - begin)
    return median(taken[3:])


if __name__ == "__main__":
    main()
