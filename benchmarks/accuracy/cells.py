"""Cells and rows of Markdown tables."""

from collections.abc import Mapping, Sequence


def percent(row: Mapping[str, float]) -> str:
    """Mean in percent, with half the width of its interval."""
    return f"{100 * row['mean']:.1f} ± {50 * (row['high'] - row['low']):.1f}"


def signed(row: Mapping[str, float]) -> str:
    """Difference in percent, with its interval."""
    return f"{100 * row['mean']:+.1f} [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """A table whose first line is its header; all columns but the first are numbers."""
    header, *rows = lines
    rule = ["---", *("---:" for _ in header[1:])]
    return "\n".join("| " + " | ".join(line) + " |" for line in [header, rule, *rows])
