"""Turns as discs or bars, and the numbers above them: what all parts of a picture share."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from graphmer.dialogue.palette import ink_on
from graphmer.report.picture.canvas import LEFT
from graphmer.report.picture.layout import FEW, ticks
from graphmer.report.picture.lettering import INK, LINE, QUIET, distinct, write
from graphmer.report.picture.scene import Scene

_AREA = 165
"""Area of a disc, in square points; as wide as a turn, less a gap."""


def discs(
    axes: Axes,
    scene: Scene,
    places: Mapping[int, tuple[float, float]],
    *,
    chosen: Sequence[int] = (),
    faded: Sequence[int] = (),
) -> None:
    """Draw turns as discs in the colour of their emotion, with its code.

    A turn that is not annotated is hollow and grey; one without any modality is hollow and dashed.

    Args:
        axes: where.
        scene: has the turns.
        places: centre of each turn to draw.
        chosen: turns with a heavy outline.
        faded: turns to draw pale.
    """
    if not places:
        return
    colour = {turn: scene.colour(scene.dialogue.emotion[turn]) for turn in places}
    empty = {turn: not bool(scene.dialogue.available[turn].any()) for turn in places}
    face = {turn: "white" if empty[turn] else colour[turn] or "white" for turn in places}
    axes.scatter(
        [x for x, _ in places.values()],
        [y for _, y in places.values()],
        s=_AREA,
        zorder=3,
        facecolors=list(face.values()),
        edgecolors=[INK if turn in chosen else colour[turn] or QUIET for turn in places],
        linewidths=[2.2 if turn in chosen else 1.2 if empty[turn] else 0.9 for turn in places],
        linestyles=[(0, (2, 1.2)) if empty[turn] else "-" for turn in places],
        label="turns",
    ).set_alpha([0.3 if turn in faded else 1.0 for turn in places])
    for turn, (x, y) in places.items():
        ink = ink_on(face[turn]) if face[turn] != "white" else INK
        code = scene.code(scene.dialogue.emotion[turn])
        write_code(axes, x, y, code, QUIET if turn in faded else ink)


def write_code(axes: Axes, x: float, y: float, code: str, colour: str) -> None:
    """Write the code of an emotion into its disc; a long one in smaller letters."""
    size = 7 if len(code) < 3 else 4.8
    place: dict[str, Any] = {"ha": "center", "va": "center_baseline", "zorder": 4}
    write(axes, x, y, code, fontsize=size, fontweight="bold", color=colour, **place)


def lanes(axes: Axes, scene: Scene, heights: Mapping[int, float], end: float) -> None:
    """Write the speakers' names and draw a thin line through the lane of each.

    Args:
        axes: where.
        scene: has the lanes.
        heights: of the lanes to draw.
        end: where the lines end.
    """
    names = distinct(scene.lanes.names, LEFT - 0.25, 7.5, "bold")
    for lane, y in heights.items():
        axes.plot([LEFT, end], [y, y], color=LINE, linewidth=0.8, zorder=0)
        write(axes, 0.15, y, names[lane], fontweight="bold")


def numbers(axes: Axes, turns: Sequence[int], left: float, step: float, y: float) -> None:
    """Write the numbers of turns above their column, about one in half an inch.

    Args:
        axes: where.
        turns: number of the first turn of each column.
        left: left edge of the first column.
        step: width of a column.
        y: height of the numbers.
    """
    per_column = turns[1] - turns[0] if len(turns) > 1 else 1
    room = 0.45 if len(turns) > FEW else 0.2
    spacing = next(size for size in _spacings() if size * step / per_column >= room)
    for place in ticks(turns, spacing):
        x = left + step * (place + 0.5)
        write(axes, x, y, str(turns[place]), ha="center", fontsize=6.5, color=QUIET)


def _spacings() -> list[int]:
    return [1, 5, 10, 20, 50, *(lead * 10**zeros for zeros in range(2, 12) for lead in (1, 2, 5))]
