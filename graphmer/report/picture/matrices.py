"""Small multiples: one matrix a relation, rows the target turns, columns the source turns."""

from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from torch import Tensor

from graphmer.report.picture.canvas import Bar, Block, bars
from graphmer.report.picture.edges import Section
from graphmer.report.picture.layout import even
from graphmer.report.picture.lettering import LINE, QUIET, width_of, write
from graphmer.report.picture.scene import Scene

_LEFT, _TOP, _GAP, _BELOW = 0.34, 0.5, 0.4, 0.24
_LARGE, _MIDDLE, _SMALL = 2.6, 1.72, 1.3
_NAME = 1.4
_BAND = 0.06
_FEW_TURNS = 24

Sections = dict[int, Section]
"""What is shown of each relation, by its number."""


def matrix_blocks(scene: Scene, sections: Sections, width: float) -> list[Block]:
    """One block a row of panels.

    Args:
        scene: what is drawn.
        sections: the relations to draw.
        width: of the picture, in inches.
    """
    columns, size = _grid(len(scene.dialogue), len(sections), width)
    kinds = list(sections)
    rows = [kinds[first : first + columns] for first in range(0, len(kinds), columns)]
    height = _TOP + size + _BELOW
    return [
        Block(
            f"matrices {number}",
            height,
            partial(_draw, scene=scene, sections={kind: sections[kind] for kind in row}, size=size),
        )
        for number, row in enumerate(rows)
    ]


def _grid(turns: int, panels: int, width: float) -> tuple[int, float]:
    """Panels in a row, and the side of a matrix in inches: small for few turns, else as the width allows."""
    room = width - _LEFT
    if turns <= _FEW_TURNS:
        return int(room / _pitch(_SMALL)), _SMALL
    columns = even(panels, round(room / _pitch(_MIDDLE)))
    return columns, min(_LARGE, room / columns - _GAP)


def _pitch(size: float) -> float:
    return max(size, _NAME) + _GAP


def _draw(axes: Axes, scene: Scene, sections: Sections, size: float) -> None:
    for place, (kind, section) in enumerate(sections.items()):
        _panel(axes, scene, kind, section, _LEFT + place * _pitch(size), size)


def _panel(axes: Axes, scene: Scene, kind: int, section: Section, left: float, size: float) -> None:
    name = scene.relations[kind]
    count = int((scene.graph.edge_type == kind).sum())
    write(axes, left, 0.12, name, room=_pitch(size) - 0.1, fontweight="bold")
    write(axes, left, 0.27, f"{count} edge{'s' * (count != 1)}", fontsize=6.5, color=QUIET)
    axes.imshow(
        _image(section.density(scene.graph, kind), scene.relation_colours[kind]),
        extent=(left, left + size, _TOP + size, _TOP),
        aspect="auto",
        interpolation="nearest",
        zorder=1,
        label=name,
    )
    axes.plot([left, left + size], [_TOP, _TOP + size], color=LINE, linewidth=0.6, zorder=2)
    bars(axes, [Bar(left, _TOP, size, size, "none", "#a9adb2")], "frame")
    bars(axes, _bands(scene, section, left, size), "emotions")
    _scales(axes, section, left, size)


def _scales(axes: Axes, section: Section, left: float, size: float) -> None:
    """First and last turn along both sides."""
    turns, below, beside = section.turns, _TOP + size + 0.07, left - _BAND - 0.09
    style: dict[str, Any] = {"ha": "center", "fontsize": 6, "color": QUIET}
    write(axes, left + size / 2, below, "source", **style)
    write(axes, beside, _TOP + size / 2, "target", rotation=90, **style)
    if len(turns) == 1:
        return
    half = max(size / len(turns), width_of(str(turns[-1]), 6)) / 2
    for turn, at in ((turns[0], half), (turns[-1], size - half)):
        write(axes, left + at, below, str(turn), **style)
        write(axes, beside, _TOP + at, str(turn), rotation=90, **style)


def _bands(scene: Scene, section: Section, left: float, size: float) -> list[Bar]:
    """The emotions of the sources above a matrix and of the targets left of it."""
    found, width = [], size / section.cells
    for cell in range(section.cells):
        colour = scene.colour(scene.typical(section.turns_of(cell))) or "white"
        at = cell * width
        found += [
            Bar(left + at, _TOP - _BAND - 0.02, width, _BAND, colour),
            Bar(left - _BAND - 0.02, _TOP + at, _BAND, width, colour),
        ]
    return found


def _image(share: Tensor, colour: str) -> np.ndarray:
    """The colour where there are edges, paler where fewer pairs are connected: ``[B, B, 3]``."""
    weight = np.where(share > 0, 0.4 + 0.6 * share, 0.0)[..., None]
    return 1 + (np.array(to_rgb(colour)) - 1) * weight
