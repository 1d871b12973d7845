"""Time and memory of one dialogue of 1,000 to 20,000 turns, read and trained on with windows everywhere.

Every length is a process of its own with one thread, whose peak memory the system tells. Growth is the slope
of a line through the logarithms: 1 is linear, 2 quadratic.

Tensors beyond 32 MiB get fresh pages from the system each time, which it fills with zeros one by one. To show
what that costs, times are also taken with an allocator that keeps its pages.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from benchmarks.speed.windowed import dialogue, windowed
from graphmer.nn.targets import TrainingTargets
from graphmer.systems.experts import mixing_loss

LENGTHS = (1000, 2000, 5000, 10_000, 20_000)
KEEPING = {"MALLOC_MMAP_THRESHOLD_": str(2**32), "MALLOC_TRIM_THRESHOLD_": str(2**33)}
"""What makes the allocator of glibc keep its pages."""
WORKS = {
    "read": "forward pass and decisions, experts and message passing read 20 turns on either side",
    "read causal with a chain decoder": "the same, reading the past only",
    "train": "one step forward and backward, both sides",
}


def measure(rounds: int) -> dict[str, Any]:
    """Each length once: a process of its own, whose processor time counts."""
    works = {work: {"what": what, **_lengths(work)} for work, what in WORKS.items()}
    longest = {work: found["lengths"][-1] for work, found in works.items()}
    grown = {
        value: ", ".join(f"{work} {found[f'growth_of_{value}']}" for work, found in works.items())
        for value in ("time", "memory")
    }
    kept = {
        work: _slope([_alone(work, turns, KEEPING) for turns in LENGTHS], "cpu_seconds") for work in WORKS
    }
    slopes = ", ".join(f"{work} {slope}" for work, slope in kept.items())
    grown["time"] += f"; with an allocator that keeps its pages: {slopes}"
    return {
        "long/memory": {
            "value": longest["train"]["peak_gib"],
            "detail": f"reading {longest['read']['peak_gib']:.1f} GiB",
            "works": works,
        },
        **{
            f"long/growth of {value}": {
                "value": max(found[f"growth_of_{value}"] for found in works.values()),
                "detail": detail,
            }
            for value, detail in grown.items()
        },
    }


def _lengths(work: str) -> dict[str, Any]:
    rows = [_alone(work, turns) for turns in LENGTHS]
    return {
        "growth_of_time": _slope(rows, "cpu_seconds"),
        "growth_of_memory": _slope(rows, "added_gib"),
        "lengths": rows,
    }


def _alone(work: str, turns: int, environment: Mapping[str, str] = MappingProxyType({})) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.speed.long_dialogue", work, str(turns)]
    given = {**os.environ, **environment, "OMP_NUM_THREADS": "1"}
    completed = subprocess.run(command, env=given, capture_output=True, text=True, check=True)
    return dict(json.loads(completed.stdout.splitlines()[-1]))


def _slope(rows: list[dict[str, float]], value: str) -> float:
    turns, values = (np.log([row[name] for row in rows]) for name in ("turns", value))
    return round(float(np.polyfit(turns, values, 1)[0]), 3)


def measured(work: str, turns: int) -> dict[str, float]:
    """Graph and model of one dialogue; the best of three rounds where one is short."""
    torch.set_num_threads(1)
    causal = "causal" in work
    trained = windowed(causal=causal, decoder="chain" if causal else "none")
    model = trained.model.train(work == "train")
    long = dialogue(turns)
    model(trained.build(dialogue(50)))  # first calls set up the libraries
    before = _peak()
    taken = []
    for _ in range(1 if work == "train" and turns > 2000 else 3):
        begin = time.perf_counter(), time.process_time()
        graph = trained.build(long)
        if work == "train":
            mixing_loss(model, graph, TrainingTargets()).total.backward()
        else:
            with torch.inference_mode():
                model.decide(model(graph), graph)
        taken.append((time.process_time() - begin[1], time.perf_counter() - begin[0]))
    cpu, wall = min(taken)
    return {
        "turns": turns,
        "cpu_seconds": round(cpu, 4),
        "wall_seconds": round(wall, 4),
        "peak_gib": round(_peak(), 3),
        "added_gib": round(_peak() - before, 4),
    }


def _peak() -> float:
    """Largest memory of this process so far, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], int(sys.argv[2]))))
