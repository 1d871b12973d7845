"""Training steps and readings at the sizes of IEMOCAP with four emotions, beside the padded nine passes.

With one thread, as `graphmer train` gives each of the models that it trains in parallel.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch_geometric.data import Batch

from benchmarks.speed.roofline import Bound, Rates, bound, operations
from benchmarks.speed.sizes import BATCH, NODES, model, random_batches, seen, useful_flops
from benchmarks.speed.steps import Ours, Reference, matrix_product
from benchmarks.speed.timing import in_turn, ratio
from graphmer.dialogue import Complete, FixedSet, RandomSets
from graphmer.dialogue.missing import MissingProtocol
from graphmer.graph.dataset import batches

PROTOCOLS: Mapping[str, MissingProtocol] = {
    "atv": Complete(), "a": FixedSet(("audio",)), "sets": RandomSets()
}  # fmt: skip
DIALOGUES = 3 * BATCH
"""Dialogues of a round: three batches."""


def measure(rounds: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    found: dict[str, Any] = {}
    for name, protocol in PROTOCOLS.items():
        found |= condition(name, protocol, rounds)
    return found | whole(rounds)


def condition(name: str, protocol: MissingProtocol, rounds: int) -> dict[str, Any]:
    """Training and reading under one protocol; another draw of dialogues each round."""
    graphs = seen(protocol)
    ours, half, reference = Ours(model()), Ours(model(), bfloat16=True), Reference(model())
    groups: list[list[Batch]] = []
    flat: list[Batch] = []
    useful: list[int] = []

    def draw(number: int) -> None:
        groups[:] = random_batches(graphs, DIALOGUES, number + 1)
        flat[:] = [graph for group in groups for graph in group]
        useful.append(3 * useful_flops(Batch.from_data_list(flat), ours.model))

    shortest = min(graphs, key=lambda graph: len(graph.available))
    steps = {"float32": ours.train, "bfloat16": half.train, "read": ours.read}
    ways: dict[str, Callable[[], object]] = {
        "reference": lambda: reference.train(groups),
        "reference read": lambda: reference.read(groups),
    }
    for way, step in steps.items():
        ways[way] = partial(step, flat)
        ways[f"few {way}"] = partial(few_turns, step, shortest, flat)
    measures = machine()
    rating = {f"rate of {label}": work for label, (work, _) in measures.items()}
    times = in_turn(ways | rating, rounds, draw)
    rate = {label: amount / times[f"rate of {label}"].median for label, (_, amount) in measures.items()}
    rates = Rates({torch.float32: rate["float32"], torch.bfloat16: rate["bfloat16"]}, rate["memory"])

    def row(way: str, of: str) -> dict[str, Any]:
        few = f"few {way}"
        least = bound(operations(ways[way]), operations(ways[few]), times[few].median, rates)
        return ratio(times, of, way) | at_most(least, times[of].median, times[way].median)

    found = {f"read/{name}": row("read", "reference read")}
    for way in ("float32", "bfloat16"):
        if way == "bfloat16" and not native_bfloat16():
            found[f"train/{way}/{name}"] = {"why": "not measured: the processor has no bfloat16 of its own"}
            continue
        found[f"train/{way}/{name}"] = trained = row(way, "reference")
        if name == "atv":
            found[f"share/{way}"] = share(median(useful), times[way].median, trained["least"], rate[way])
    return found


def few_turns(step: Callable[[list[Batch]], object], dialogue: Batch, flat: list[Batch]) -> None:
    """As many batches as the dialogues make, of one short dialogue each: what calls and optimizer cost."""
    for _ in batches(flat, NODES):
        step([dialogue])


def at_most(least: Bound, reference: float, ours: float) -> dict[str, Any]:
    """What a ratio can be where every operation runs at the rates of the machine."""
    shares = ", ".join(f"{kind} {spent / ours:.0%}" for kind, spent in least._asdict().items())
    limit = f"at the measured rates at most {reference / sum(least):.3g}x: {shares} of its time"
    return {"least": least._asdict(), "limit": limit}


def share(useful: float, ours: float, least: Mapping[str, float], rate: float) -> dict[str, Any]:
    """Useful arithmetic over what products alone do, with what the rest of the step leaves of it."""
    most = useful / sum(least.values()) / rate
    return {
        "value": useful / ours / rate,
        "detail": f"{useful / ours / 1e9:.0f} of {rate / 1e9:.0f} GFLOP/s",
        "limit": f"at most {most:.2g} where all of the step runs at the measured rates",
    }


def machine() -> dict[str, tuple[Callable[[], object], float]]:
    """What is measured of the machine, and its amount: products of two types, sums of two matrices."""
    found: dict[str, tuple[Callable[[], object], float]] = {}
    for dtype in (torch.float32, torch.bfloat16):
        product, flops = matrix_product(2000, 256, dtype)
        found[f"{dtype}".removeprefix("torch.")] = many(product), REPEATS * flops
    first, second = torch.randn(2000, 256), torch.randn(2000, 256)
    total = torch.empty_like(first)
    found["memory"] = many(lambda: torch.add(first, second, out=total)), REPEATS * 3 * total.nbytes
    return found


REPEATS = 100
"""Products in one timing, so that it is long enough for the clock."""


def many(work: Any) -> Any:
    def repeated() -> None:
        for _ in range(REPEATS):
            work()

    return repeated


def whole(rounds: int) -> dict[str, Any]:
    """The model with its graph against the one without, on the same dialogues with all modalities."""
    graphs = seen(Complete(), window=True)
    flat: list[Batch] = []

    def draw(number: int) -> None:
        flat[:] = [graph for group in random_batches(graphs, DIALOGUES, number + 1) for graph in group]

    plain, graph = Ours(model()), Ours(model(graph=True))
    times = in_turn({"plain": lambda: plain.train(flat), "graph": lambda: graph.train(flat)}, rounds, draw)
    return {"whole": ratio(times, "graph", "plain")}


def native_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself, instead of by way of float32."""
    words = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    return "amx_bf16" in words or "avx512_bf16" in words
