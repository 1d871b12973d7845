"""Arcs between the rows of a table, drawn with box characters."""

from collections.abc import Mapping, Sequence

LANES = 4
"""Vertical lines that are drawn side by side; arcs for which there is no room are left out."""

_BOXES = {
    (): " ",
    ("up", "down"): "│",
    ("left", "right"): "─",
    ("down", "right"): "╭",
    ("up", "right"): "╰",
    ("up", "down", "right"): "├",
    ("down", "left", "right"): "┬",
    ("up", "left", "right"): "┴",
    ("up", "down", "left", "right"): "┼",
}
"""Box characters by the sides that they join."""


def arcs(causes: Mapping[int, Sequence[int]], rows: int) -> list[str]:
    r"""Arcs from the rows of causes down to the rows of what they cause, one string for each row.

    All arcs to a row share one vertical line. ``▸`` marks a row with causes above it and ``•`` one that is
    its own cause only.

    Args:
        causes: rows of the causes of a row, itself or above it.
        rows: number of rows.

    Example:
        >>> print("\n".join(arcs({2: [0, 1], 3: [3]}, 4)))
        ╭─
        ├─
        ╰▸
         •
    """
    above = {row: [cause for cause in found if cause < row] for row, found in causes.items()}
    lane = _lanes({row: min(found) for row, found in above.items() if found})
    width = max(lane.values(), default=-1) + 1
    sides: list[list[set[str]]] = [[set() for _ in range(width)] for _ in range(rows)]
    marks = ["•" if row in causes.get(row, ()) else " " for row in range(rows)]
    for target, number in lane.items():
        top = min(above[target])
        for row in range(top, target + 1):
            cell = sides[row][number]
            cell |= ({"up"} if row > top else set()) | ({"down"} if row < target else set())
            if row == target or row in above[target]:
                cell.add("right")
                for crossed in sides[row][:number]:
                    crossed |= {"left", "right"}
                marks[row] = "▸" if row == target else _joined(marks[row])
    return ["".join(map(_box, reversed(cells))) + mark for cells, mark in zip(sides, marks, strict=True)]


def _lanes(tops: Mapping[int, int]) -> dict[int, int]:
    """Lane of the vertical line to each row, counted from the right, short lines first."""
    lane: dict[int, int] = {}
    for row in sorted(tops, key=lambda row: (row - tops[row], row)):
        taken = {lane[other] for other in lane if tops[other] <= row and tops[row] <= other}
        free = next(number for number in range(len(taken) + 1) if number not in taken)
        if free < LANES:
            lane[row] = free
    return lane


def _box(sides: set[str]) -> str:
    return _BOXES[tuple(side for side in ("up", "down", "left", "right") if side in sides)]


def _joined(mark: str) -> str:
    """The mark of a row from which an arc begins."""
    return "─" if mark == " " else mark
