"""Time two checkouts of the code side by side, and store it in ``benchmarks/results/speed/checkouts.json``.

    python -m benchmarks.speed.checkouts ../before . --rounds 30

Each checkout works in a process of its own with one thread. They take turns: a round is every piece of work
once in either, and the order changes from round to round. Processor time is compared, so that whatever else
runs on the machine counts little.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.run import RESULTS
from benchmarks.speed.timing import Spread

WORKER = Path(__file__).with_name("worker.py")


class Checkout:
    """A process that works with the code of one checkout.

    Args:
        root: of the checkout.
    """

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER.read_text(encoding="utf-8")],  # imports begin at the root then
            cwd=root,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.facts: dict[str, Any] = json.loads(self._line())

    def seconds(self, work: str) -> float:
        """Processor time of one piece of work."""
        assert self.process.stdin is not None
        print(work, file=self.process.stdin, flush=True)
        return float(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a checkout failed with exit code {self.process.wait()}; see above")
        return line


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", type=Path, help="root of the first checkout")
    parser.add_argument("after", type=Path, help="root of the other one")
    parser.add_argument("--rounds", type=int, default=30, help="repeats, of which the median counts")
    options = parser.parse_args()
    sides = {"before": Checkout(options.before), "after": Checkout(options.after)}
    result = {
        "rounds": options.rounds,
        **{name: side.facts for name, side in sides.items()},
        "measured": measured(sides, options.rounds),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "checkouts.json").write_text(json.dumps(result, indent=1) + "\n")
    for work, found in result["measured"].items():
        low, high = found["interval"]
        print(f"{work}: medians {found['ratio']:.3f}, fastest {found['fastest']:.3f}, ", end="")
        print(f"pairs {found['paired']:.3f} [{low:.3f}, {high:.3f}]")


def measured(sides: dict[str, Checkout], rounds: int) -> dict[str, Any]:
    """How many times as long each piece of work takes after as before.

    ``ratio`` is that of the medians; ``fastest`` that of the fastest rounds, which other work on the machine
    touches least; ``paired`` the median of the ratios of single rounds, with its 95 % bootstrap interval.
    """
    works = sides["before"].facts["works"]
    taken: dict[str, dict[str, list[float]]] = {work: {"before": [], "after": []} for work in works}
    for number in range(-1, rounds):  # the first round does not count
        order = list(sides)[:: 1 if number % 2 else -1]
        for work in works:
            spent = {name: sides[name].seconds(work) for name in order}
            if number >= 0:
                for name, value in spent.items():
                    taken[work][name].append(value)
    found = {}
    for work, values in taken.items():
        spreads = {name: Spread.of(seconds) for name, seconds in values.items()}
        paired = np.array(values["after"]) / np.array(values["before"])
        drawn = np.random.default_rng(0).choice(paired, (2000, len(paired)))
        found[work] = {
            "ratio": spreads["after"].median / spreads["before"].median,
            "fastest": min(values["after"]) / min(values["before"]),
            "paired": float(np.median(paired)),
            "interval": np.quantile(np.median(drawn, axis=1), [0.025, 0.975]).tolist(),
            "seconds": {name: asdict(spread) for name, spread in spreads.items()},
        }
    return found


if __name__ == "__main__":
    main()
