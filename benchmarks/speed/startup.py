"""How long ``graphmer --help`` takes, and what it and ``import graphmer`` load."""

import subprocess
import sys
from typing import Any

from benchmarks.speed.timing import children, in_turn

HEAVY = ("torch", "faiss", "matplotlib")
_HELP = "import sys; sys.argv = ['graphmer', '--help']; from graphmer.cli import main; main()"


def measure(rounds: int) -> dict[str, Any]:
    ways = {
        "help": lambda: run("-m", "graphmer", "--help"),
        "python": lambda: run("-c", "pass"),
    }
    wall, processor = in_turn(ways, rounds), in_turn(ways, rounds, clock=children)
    loaded = sorted({*heavy("import graphmer"), *heavy(f"try:\n {_HELP}\nexcept SystemExit:\n pass")})
    return {
        "help": {
            "value": wall["help"].median,
            "detail": (
                f"{processor['help'].median:.2f} s of processor time; Python alone "
                f"{wall['python'].median:.2f} s and {processor['python'].median:.2f} s"
            ),
            "seconds": {name: vars(spread) for name, spread in wall.items()},
            "processor": {name: vars(spread) for name, spread in processor.items()},
        },
        "import": {"value": len(loaded), "loaded": loaded},
    }


def run(*arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True).stdout


def heavy(code: str) -> list[str]:
    """Which of the heavy modules are loaded once `code` has run."""
    printed = run("-c", f"{code}\nimport sys; print('loaded', *[m for m in {HEAVY} if m in sys.modules])")
    return printed.splitlines()[-1].split()[1:]
