"""Training steps and readings at the sizes of IEMOCAP with four emotions, beside the padded nine passes.

With one thread, as `graphmer train` gives each of the models that it trains side by side.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile
from torch_geometric.data import Batch

from benchmarks.speed.sizes import BATCH, model, random_batches, seen, useful_flops
from benchmarks.speed.steps import Ours, Reference, matrix_product
from benchmarks.speed.timing import in_turn, ratio
from graphmer.dialogue import Complete, FixedSet, RandomSets
from graphmer.dialogue.missing import MissingProtocol

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

    train = {"ours": lambda: ours.train(flat), "reference": lambda: reference.train(groups)}
    product, flops = {}, {}
    if native_bfloat16():
        train["bfloat16"] = lambda: half.train(flat)
    for dtype in (torch.float32, torch.bfloat16):
        label = str(dtype).removeprefix("torch.")
        product[label], flops[label] = matrix_product(2000, 256, dtype)
    times = in_turn(train | {f"product {label}": many(work) for label, work in product.items()}, rounds, draw)
    found: dict[str, Any] = {}
    for label, way in {"float32": "ours", "bfloat16": "bfloat16"}.items():
        if way not in times:
            found[f"train/{label}/{name}"] = {"why": "not measured: the processor has no bfloat16 of its own"}
            continue
        compared = ratio(times, "reference", way)
        found[f"train/{label}/{name}"] = compared | {"detail": where(train[way])}
        rate = REPEATS * flops[label] / times[f"product {label}"].median
        reached = median(useful) / times[way].median
        if name == "atv":
            said = f"{reached / 1e9:.0f} of {rate / 1e9:.0f} GFLOP/s"
            found[f"share/{label}"] = {"value": reached / rate, "detail": said}
    if name == "sets":
        return found
    read = {"ours": lambda: ours.read(flat), "reference": lambda: reference.read(groups)}
    reading = ratio(in_turn(read, rounds, draw), "reference", "ours")
    return found | {f"read/{name}": reading | {"detail": where(read["ours"])}}


KINDS = {
    "products": ("aten::mm", "aten::addmm"),
    "attention": ("aten::_scaled_dot_product", "aten::bmm", "aten::_softmax"),
}
"""Beginnings of the names of operations."""


def where(work: Callable[[], object]) -> str:
    """Where the processor time of a piece of work goes, by torch's profiler."""
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        work()
    events = {event.key: event.self_cpu_time_total for event in profiled.key_averages()}
    whole = sum(events.values())
    shares = {
        kind: sum(time for name, time in events.items() if name.startswith(names)) / whole
        for kind, names in KINDS.items()
    }
    said = ", ".join(f"{kind} {share:.0%}" for kind, share in shares.items())
    return f"{said} of the time"


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
