"""Training on a corpus whose features stay on disk, compared with the same corpus in memory.

GRAPHMER_BENCH_TURNS=200000 makes a smaller corpus; the goal is for the default, 1,000,000.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch

TURNS = int(os.environ.get("GRAPHMER_BENCH_TURNS", "1000000"))
LENGTH = 40
"""Turns of a dialogue."""
WIDTHS = {"audio": 256, "text": 256, "video": 256}
STEPS = 20
"""Training steps of a round."""


def measure(rounds: int) -> dict[str, Any]:
    """Each way in processes of its own, in turn: memory is that of a process."""
    with tempfile.TemporaryDirectory() as folder:
        run(folder, "write")
        found: dict[str, list[dict[str, float]]] = {"disk": [], "memory": []}
        for _ in range(max(1, rounds // 5)):
            for way, values in found.items():
                values.append(json.loads(run(folder, way)))
    rate = {way: median(value["rate"] for value in values) for way, values in found.items()}
    resident = {way: median(value["resident"] for value in values) for way, values in found.items()}
    peak = {way: max(value["peak"] for value in values) for way, values in found.items()}
    detail = f"{TURNS:,} utterances, {rate['disk']:.0f} against {rate['memory']:.0f} utterances/s"
    return {
        "mapped/memory": {
            "value": resident["disk"] / 2**30,
            "detail": f"{TURNS:,} utterances; {resident['memory'] / 2**30:.2f} GiB in memory; "
            f"highest while reading {peak['disk'] / 2**30:.2f} GiB",
            "bytes": {"resident": resident, "peak": peak},
        },
        "mapped/rate": {"value": rate["disk"] / rate["memory"], "detail": detail},
    }


def run(folder: str, way: str) -> str:
    command = [sys.executable, "-m", "benchmarks.speed.mapped", folder, way, str(torch.get_num_threads())]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


class Drawn(Sequence[Any]):
    """Dialogues drawn when they are asked for, so that writing them takes no memory."""

    def __len__(self) -> int:
        return TURNS // LENGTH

    def __getitem__(self, number: Any) -> Any:
        from graphmer.dialogue import Dialogue, Utterance
        from graphmer.dialogue.dialogue import LazyFeatures

        turns = [Utterance("AB"[turn % 2], {}, ("calm", "angry")[turn % 2]) for turn in range(LENGTH)]
        bare = Dialogue.from_utterances(f"d{number:06d}", turns)
        generator = torch.Generator().manual_seed(number)
        make = {m: partial(torch.randn, LENGTH, width, generator=generator) for m, width in WIDTHS.items()}
        there = torch.ones(LENGTH, len(WIDTHS), dtype=torch.bool)
        fields = {**vars(bare), "features": LazyFeatures(LENGTH, make), "available": there}
        return Dialogue(**fields)

    def __iter__(self) -> Iterator[Any]:
        return map(self.__getitem__, range(len(self)))


def write(folder: Path) -> None:
    from graphmer.corpora.base import Card, InMemoryCorpus
    from graphmer.corpora.dataset import write_dataset
    from graphmer.dialogue import LabelSpace

    card = Card("Drawn", licence="none", citation="none", simulated=True)
    corpus = InMemoryCorpus(card, LabelSpace(("calm", "angry")), WIDTHS, Drawn(), {}, "")
    write_dataset(corpus, folder / "corpus")


def train(folder: Path, *, mapped: bool) -> dict[str, float]:
    """Utterances per second, and the most resident memory above that before anything was read."""
    from benchmarks.speed.timing import seconds
    from graphmer.corpora.dataset import read_dataset
    from graphmer.dialogue import Mixed
    from graphmer.dialogue.standardise import Standardiser
    from graphmer.graph import GraphBuilder, TemporalWindow
    from graphmer.graph.dataset import GraphDataset, bucketed, collated
    from graphmer.nn.network import Signature
    from graphmer.nn.targets import TrainingTargets
    from graphmer.systems.experts import mixing_loss
    from graphmer.systems.graphmer import GraphmerSettings
    from graphmer.systems.model import ModelSettings
    from graphmer.training.optimization import Optimization

    build = GraphBuilder({"context": TemporalWindow(past=2, future=2)}, None)
    signature = Signature(widths=WIDTHS, outputs=2, relations=build.relations)
    model = ModelSettings(network=GraphmerSettings(), signature=signature).build()
    optimizer = Optimization().make(model)
    before = resident("VmRSS")
    corpus = read_dataset(folder / "corpus", mapped=mapped)
    build.labels = corpus.labels
    standardise = Standardiser.fit(corpus.dialogues)
    part = GraphDataset([standardise(dialogue) for dialogue in corpus.dialogues], build)
    peak = resident("VmHWM")
    del corpus
    graphs = part.masked(Mixed(), 1)
    plan = bucketed(graphs.lengths, 600, torch.Generator().manual_seed(0))[: STEPS + 2]
    highest = 0

    def step(chosen: list[int]) -> None:
        loss = mixing_loss(model, collated(graphs, chosen), TrainingTargets()).total
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    times = []
    for chosen in plan:
        times.append(seconds(partial(step, chosen)) / sum(graphs.lengths[i] for i in chosen))
        highest = max(highest, resident("VmRSS"))
    return {"rate": 1 / median(times[2:]), "resident": highest - before, "peak": peak - before}


def resident(field: str) -> int:
    """Bytes of this process, by the kernel's own count."""
    line = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith(field))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[3]))
    if sys.argv[2] == "write":
        write(Path(sys.argv[1]))
    else:
        print(json.dumps(train(Path(sys.argv[1]), mapped=sys.argv[2] == "disk")))
