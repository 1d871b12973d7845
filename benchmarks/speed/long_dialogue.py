"""Time and memory of one dialogue of 1,000 to 20,000 turns, read and trained on with windows everywhere.

    python -m benchmarks.speed.long_dialogue

Every length is a process of its own with one thread, whose peak memory the system tells. Growth is the slope
of a line through the logarithms: 1 is linear, 2 quadratic. Results go to
benchmarks/results/speed/long_dialogue.json.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.speed.windowed import described, dialogue, windowed
from graphmer.training.objective import mixing_objective
from graphmer.training.run_folder import environment

RESULT = Path(__file__).parents[1] / "results" / "speed" / "long_dialogue.json"
LENGTHS = (1000, 2000, 5000, 10_000, 20_000)
WORKS = {
    "read": "forward pass and decisions, experts and message passing hear 20 turns on either side",
    "read causal with a chain decoder": "the same, hearing the past only",
    "train": "one step forward and backward, both sides",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--turns", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        print(json.dumps(measured(options.work, options.turns)))
        return
    found = {
        "environment": environment(device="cpu") | {"threads": 1},
        "model": described(windowed(causal=False)),
        "works": {work: {"what": what, **_lengths(work)} for work, what in WORKS.items()},
    }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _lengths(work: str) -> dict[str, Any]:
    rows = []
    for turns in LENGTHS:
        rows.append(_alone(work, turns))
        print(work, rows[-1], flush=True)
    return {
        "growth_of_time": _slope(rows, "cpu_seconds"),
        "growth_of_memory": _slope(rows, "added_gib"),
        "lengths": rows,
    }


def _alone(work: str, turns: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.speed.long_dialogue", "--work", work, "--turns", str(turns)]
    said = subprocess.run(
        command, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=True
    )
    return dict(json.loads(said.stdout.splitlines()[-1]))


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
            mixing_objective()(model, graph).total.backward()
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
    main()
