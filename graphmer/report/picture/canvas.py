"""A picture as blocks from top to bottom, drawn in inches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

LEFT, STEP, RIGHT = 1.25, 0.21, 0.2
"""Room for the names of lanes, width of a turn, and right margin, in inches."""

NARROWEST, WIDEST = 7.6, 11.55
"""Bounds of a picture's width, in inches."""


@dataclass(frozen=True)
class Block:
    """A part of a picture over its whole width.

    Args:
        name: label of its axes.
        height: in inches.
        draw: draws into axes whose data coordinates are inches from the top left corner.
    """

    name: str
    height: float
    draw: Callable[[Axes], None]


def stack(blocks: Sequence[Block], width: float) -> Figure:
    """The blocks as one figure.

    Args:
        blocks: from top to bottom.
        width: of the figure, in inches.
    """
    total = sum(block.height for block in blocks)
    figure = Figure(figsize=(width, total), facecolor="white")
    top = 0.0
    for block in blocks:
        below = total - top - block.height
        axes = figure.add_axes((0, below / total, 1, block.height / total), label=block.name)
        axes.set_xlim(0, width)
        axes.set_ylim(block.height, 0)
        axes.set_axis_off()
        block.draw(axes)
        axes.set_autoscale_on(False)
        top += block.height
    return figure


@dataclass(frozen=True)
class Bar:
    """A rectangle, in inches from the top left corner of a block."""

    left: float
    top: float
    width: float
    height: float
    face: str = "none"
    edge: str = "none"


def bars(axes: Axes, rectangles: Sequence[Bar], label: str) -> None:
    """Draw many rectangles at once.

    Args:
        axes: where.
        rectangles: what.
        label: of the collection.
    """
    sides = [(b.left, b.left + b.width, b.top, b.top + b.height) for b in rectangles]
    corners = [
        ((left, top), (right, top), (right, bottom), (left, bottom)) for left, right, top, bottom in sides
    ]
    axes.add_collection(
        PolyCollection(
            corners,
            facecolors=[b.face for b in rectangles],
            edgecolors=[b.edge for b in rectangles],
            linewidths=0.7,
            label=label,
        ),
        autolim=False,
    )
