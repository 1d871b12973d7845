"""Measure speed and store what came out in ``benchmarks/results/speed/<bench>.json``.

    python -m benchmarks.speed.run step                 # one bench; all if none is named
    python -m benchmarks.speed.run step --rounds 5 --threads 1

What is compared is timed in turn in one process; a result is a ratio of medians.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent.parent / "results" / "speed"
BENCHES = (
    "step", "graphs", "startup", "streaming", "long_dialogue", "curriculum", "retrieval", "mapped",
    "experiment", "text", "audio", "video", "prediction", "prediction_memory", "engines",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bench", nargs="*", choices=[*BENCHES, []], help="what to measure")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15, help="repeats, of which the median counts")
    options = parser.parse_args()
    if len(options.bench) == 1:
        measure(options.bench[0], options.threads, options.rounds)
        return
    for bench in options.bench or BENCHES:  # a process each, so that none meets another's memory
        flags = ["--threads", str(options.threads), "--rounds", str(options.rounds)]
        subprocess.run([sys.executable, "-m", "benchmarks.speed.run", bench, *flags], check=True)


def measure(bench: str, threads: int, rounds: int) -> None:
    """Run one bench in this process and store its result."""
    import torch

    from graphmer.training.run_folder import environment

    torch.set_num_threads(threads)
    work: Callable[[int], Mapping[str, Any]] = import_module(f"benchmarks.speed.{bench}").measure
    load = [os.getloadavg()[0]]
    found = work(rounds)
    load.append(os.getloadavg()[0])
    machine = environment(device="cpu", cores=os.cpu_count(), load=load, rounds=rounds)
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {"environment": machine, "measured": found}
    (RESULTS / f"{bench}.json").write_text(json.dumps(result, indent=1) + "\n")
    for name, measured in found.items():
        print(name, measured.get("value", measured.get("why")))


if __name__ == "__main__":
    main()
