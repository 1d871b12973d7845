"""The whole dialogue: a lane for each speaker and a strip for each modality, in rows."""

from collections.abc import Sequence
from functools import partial

from matplotlib.axes import Axes

from graphmer.report.picture.canvas import LEFT, STEP, Bar, Block, bars
from graphmer.report.picture.layout import BARS, ROW, Layout
from graphmer.report.picture.lettering import INK, LINE, QUIET, write
from graphmer.report.picture.scene import Scene
from graphmer.report.picture.turns import discs, lanes, numbers

_TOP = 0.2
_LANE = {True: 0.29, False: 0.17}
_STRIP = 0.1
_GAP = 0.16


def timeline(scene: Scene, layout: Layout, chosen: Sequence[int]) -> list[Block]:
    """One block a row.

    Args:
        scene: what is drawn.
        layout: where the turns go.
        chosen: turns with a heavy outline.
    """
    modalities = len(scene.dialogue.modalities)
    height = _TOP + _LANE[layout.lettered] * len(scene.lanes.names) + _STRIP * modalities + _GAP
    return [
        Block(f"row {number}", height, partial(_row, scene=scene, layout=layout, cells=cells, chosen=chosen))
        for number, cells in enumerate(layout.rows)
    ]


def step_of(layout: Layout) -> float:
    """Width of a cell, in inches."""
    return STEP if layout.lettered else STEP * ROW / BARS


def _row(axes: Axes, scene: Scene, layout: Layout, cells: range, chosen: Sequence[int]) -> None:
    step, lane_height = step_of(layout), _LANE[layout.lettered]
    numbers(axes, [layout.turns_of(cell)[0] for cell in cells], LEFT, step, 0.1)
    middle = [_TOP + lane_height * (lane + 0.5) for lane in range(len(scene.lanes.names))]
    lanes(axes, scene, dict(enumerate(middle)), LEFT + step * len(cells))
    if layout.lettered:
        places = {
            cell: (LEFT + step * (place + 0.5), middle[int(scene.lanes.lane[cell])])
            for place, cell in enumerate(cells)
        }
        discs(axes, scene, places, chosen=chosen)
        marks = [Bar(x - 0.06, y - 0.142, 0.12, 0.024, INK) for t, (x, y) in places.items() if scene.shift[t]]
        bars(axes, marks, "changes")
    else:
        bars(axes, _bars(scene, layout, cells, middle, chosen), "turns")
    top = _TOP + lane_height * len(middle) + 0.03
    for column, modality in enumerate(scene.dialogue.modalities):
        y = top + _STRIP * column
        write(axes, 0.15, y + _STRIP / 2, modality, room=LEFT - 0.25, color=QUIET, fontsize=6.5)
        bars(axes, _strip(scene, layout, cells, column, y), modality)


def _bars(
    scene: Scene, layout: Layout, cells: range, middle: Sequence[float], chosen: Sequence[int]
) -> list[Bar]:
    """One bar for each lane that speaks in a cell."""
    step, found = step_of(layout), []
    for place, cell in enumerate(cells):
        by_lane: dict[int, list[int]] = {}
        for turn in layout.turns_of(cell):
            by_lane.setdefault(int(scene.lanes.lane[turn]), []).append(turn)
        for lane, turns in by_lane.items():
            colour = scene.colour(scene.typical(turns))
            edge = INK if set(turns) & set(chosen) else "none" if colour else QUIET
            left, top = LEFT + step * place + 0.006, middle[lane] - 0.065
            found.append(Bar(left, top, step - 0.012, 0.13, colour or "white", edge))
    return found


def _strip(scene: Scene, layout: Layout, cells: range, column: int, y: float) -> list[Bar]:
    """Filled where a modality is available, outlined where it is hidden, a line where it was not recorded."""
    step, found = step_of(layout), []
    for place, cell in enumerate(cells):
        turns = list(layout.turns_of(cell))
        share = float(scene.dialogue.available[turns, column].float().mean())
        left, width = LEFT + step * place + 0.012, step - 0.024
        if share > 0:
            found.append(Bar(left, y + 0.015, width, 0.07, availability_colour(share)))
        elif bool(scene.recorded[turns, column].any()):
            found.append(Bar(left, y + 0.02, width, 0.06, "none", "#a9adb2"))
        else:
            found.append(Bar(left, y + 0.08, width, 0.008, LINE))
    return found


def availability_colour(share: float) -> str:
    """Grey, darker for a larger share of available turns."""
    full = [int(QUIET[at : at + 2], 16) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + (part - 255) * (0.25 + 0.75 * share)):02x}" for part in full)
