"""The incoming edges of one turn."""

from collections.abc import Collection
from functools import partial
from math import sqrt

from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.path import Path

from graphmer.report.picture.canvas import LEFT, STEP, Block
from graphmer.report.picture.layout import ROW, window
from graphmer.report.picture.legend import heading, keys_block, notes_block, relation_keys
from graphmer.report.picture.scene import Scene, line_style
from graphmer.report.picture.turns import discs, lanes, numbers

Point = tuple[float, float]

_TOP = 0.2
_LANE = 0.4
_HEADROOM = 0.5


def incoming_blocks(scene: Scene, turn: int, edges: dict[int, list[int]], width: float) -> list[Block]:
    """Heading, keys of the relations, and a row of turns with the edges into one of them.

    Args:
        scene: what is drawn.
        turn: the target.
        edges: source turns by number of the relation.
        width: of the picture, in inches.
    """
    count = sum(map(len, edges.values()))
    speaker = scene.dialogue.speakers[int(scene.dialogue.speaker[turn])]
    title = heading(f"Incoming edges of turn {turn}, {speaker}: {count}")
    if not count:
        return [title, notes_block(["None of the relations that are drawn has an edge to this turn."], width)]
    heights = _heights(scene, turn, edges)
    below = _below(int(scene.lanes.lane[turn]), heights)
    height = max(heights.values()) + (_HEADROOM if below else _LANE / 2) + 0.05
    draw = partial(_panel, scene=scene, turn=turn, edges=edges, heights=heights)
    keys = keys_block(relation_keys(scene, edges), width, f"relations of turn {turn}")
    return [title, keys, Block(f"incoming {turn}", height, draw)]


def _heights(scene: Scene, turn: int, edges: dict[int, list[int]]) -> dict[int, float]:
    """Height of each lane that speaks in the window, with room for the arcs within the target's lane.

    The arcs are above the lane; below it, away from the other lanes, if it is the last of several.
    """
    lane = scene.lanes.lane.tolist()
    has_arcs = any(lane[source] == lane[turn] for sources in edges.values() for source in sources)
    rows = sorted({lane[other] for other in window(turn, len(lane))})
    heights, y = {}, _TOP - _LANE / 2
    for row in rows:
        y += _LANE + (_HEADROOM if has_arcs and row == lane[turn] and not _below(row, rows) else 0)
        heights[row] = y
    return heights


def _below(row: int, rows: Collection[int]) -> bool:
    return len(rows) > 1 and row == max(rows)


def left_out(turn: int, edges: dict[int, list[int]], turns: int) -> list[str]:
    """A note on the edges whose source lies outside the window around their target, if there are any."""
    shown = window(turn, turns)
    count = sum(source not in shown for sources in edges.values() for source in sources)
    if not count:
        return []
    return [f"Turn {turn}: edges from turns before {shown[0]} or after {shown[-1]} are not drawn ({count})."]


def _panel(
    axes: Axes, scene: Scene, turn: int, edges: dict[int, list[int]], heights: dict[int, float]
) -> None:
    shown = window(turn, len(scene.dialogue))
    places = {
        other: (LEFT + STEP * (other - shown[0] + 0.5), heights[int(scene.lanes.lane[other])])
        for other in shown
    }
    numbers(axes, list(shown), LEFT, STEP, 0.1)
    lanes(axes, scene, heights, LEFT + STEP * len(shown))
    rules = list(dict.fromkeys(scene.relation_colours))
    bend = -1 if _below(int(scene.lanes.lane[turn]), heights) else 1
    for kind, sources in sorted(edges.items(), key=lambda found: -len(found[1])):
        order = rules.index(scene.relation_colours[kind])
        curves = [_curve(places[source], places[turn], order, bend) for source in sources if source in places]
        axes.add_collection(
            PathCollection(
                curves,
                facecolors="none",
                edgecolors=scene.relation_colours[kind],
                linestyles=line_style(scene.relations[kind]),
                linewidths=1.1,
                alpha=0.85,
                zorder=2,
                label=scene.relations[kind],
            ),
            autolim=False,
        )
    linked = {turn, *(source for sources in edges.values() for source in sources)}
    discs(axes, scene, places, chosen=[turn], faded=[other for other in shown if other not in linked])


def _curve(source: Point, target: Point, order: int, bend: int) -> Path:
    """An arc within a lane, a bent line between lanes, or a loop; each rule bends its own way."""
    (x, y), (u, v) = source, target
    if source == target:
        near, far = y - bend * 0.06, y - bend * 0.34
        corners = [(x - 0.05, near), (x - 0.16, far), (x + 0.16, far), (x + 0.05, near)]
        return Path(corners, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
    if y == v:
        height = min(2 * _HEADROOM, 0.32 + 0.14 * order + 0.75 * sqrt(abs(u - x) / (STEP * ROW)))
        control = ((x + u) / 2, y - bend * height)
    else:
        control = (u + 0.35 * (x - u) + 0.1 * order, (y + v) / 2)
    return Path([source, control, target], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
