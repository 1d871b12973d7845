"""Titles, keys and notes."""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes

from graphmer.dialogue.palette import ink_on
from graphmer.report.picture.canvas import Bar, Block, bars
from graphmer.report.picture.layout import Layout
from graphmer.report.picture.lettering import INK, LINE, QUIET, fitting, printable, width_of, write
from graphmer.report.picture.scene import Scene, line_style
from graphmer.report.picture.timeline import availability_colour
from graphmer.report.picture.turns import write_code

_SIZE = 7.5
_MARK = 0.3
_LINE_HEIGHT = 0.22
_INDENT = 0.15
_LONGEST = 3.0


@dataclass(frozen=True)
class Key:
    """A mark and what it means.

    Args:
        text: the meaning.
        mark: draws the mark, given the axes and the left end and the middle of its place.
    """

    text: str
    mark: Callable[[Axes, float, float], None]


def heading(text: str, size: float = 9.5) -> Block:
    """A line of bold text."""
    height = 0.4 if size > 10 else 0.3
    return Block("heading", height, lambda axes: _write_line(axes, text, size, height))


def _write_line(axes: Axes, text: str, size: float, height: float) -> None:
    room = axes.get_xlim()[1] - 2 * _INDENT
    write(axes, _INDENT, height - 0.15, text, room=room, fontsize=size, fontweight="bold")


def notes_block(notes: Sequence[str], width: float) -> Block:
    """Notes in small quiet text.

    Args:
        notes: one sentence each.
        width: of the picture, in inches.
    """
    columns = int((width - 2 * _INDENT) / (0.58 * 7 / 72))
    lines = [line for note in notes for line in textwrap.wrap(printable(note, 1000), columns)]

    def draw(axes: Axes) -> None:
        for number, line in enumerate(lines):
            write(axes, _INDENT, 0.12 + 0.15 * number, line, fontsize=7, color=QUIET)

    return Block("notes", 0.15 * len(lines) + 0.15, draw)


def keys_block(keys: Sequence[Key], width: float, name: str) -> Block:
    """Keys from left to right, in as many lines as they need.

    Args:
        keys: what to explain.
        width: of the picture, in inches.
        name: label of the axes.
    """
    x, y, places = _INDENT, _LINE_HEIGHT / 2, []
    for key in keys:
        needed = _MARK + width_of(fitting(key.text, _LONGEST, _SIZE), _SIZE) + 0.12
        if x > _INDENT and x + needed > width - _INDENT:
            x, y = _INDENT, y + _LINE_HEIGHT
        places.append((key, x, y))
        x += needed

    def draw(axes: Axes) -> None:
        for key, left, middle in places:
            key.mark(axes, left, middle)
            write(axes, left + _MARK, middle, key.text, room=_LONGEST, fontsize=_SIZE)

    return Block(name, y + _LINE_HEIGHT / 2 + 0.04, draw)


def emotion_keys(scene: Scene, layout: Layout) -> list[Key]:
    """Keys of emotions (or the ends and the middle of the score), of marks and of the strips."""
    if scene.labels.interval is not None:
        low, high = scene.labels.interval
        middle = (low + high) / 2
        named = {
            f"lowest score ({low:g})": low,
            f"middle ({middle:g})": middle,
            f"highest score ({high:g})": high,
        }
        keys = [Key(text, partial(_chip, scene=scene, emotion=score)) for text, score in named.items()]
    else:
        keys = [Key(name, partial(_chip, scene=scene, emotion=name)) for name in scene.labels.names]
    if None in scene.dialogue.emotion:
        keys.append(Key("not annotated", partial(_disc, edge=QUIET)))
    if layout.lettered:
        if not bool(scene.dialogue.available.any(dim=1).all()):
            keys.append(Key("no modality", partial(_disc, edge=INK, linestyle=(0, (2, 1.2)))))
        if bool(scene.shift.any()):
            keys.append(Key("change of the speaker's emotion", partial(_bar, height=0.024, face=INK)))
    keys.append(Key("modality available", partial(_bar, height=0.07, face=availability_colour(1))))
    if bool((scene.recorded & ~scene.dialogue.available).any()):
        keys.append(Key("hidden by the protocol", partial(_bar, height=0.06, edge="#a9adb2")))
    if not bool(scene.recorded.all()):
        keys.append(Key("not recorded", partial(_bar, height=0.012, face=LINE)))
    return keys


def relation_keys(scene: Scene, edges: dict[int, list[int]]) -> list[Key]:
    """Keys of relations with their numbers of edges."""
    return [
        Key(
            f"{scene.relations[kind]} ({len(sources)})",
            partial(_stroke, colour=scene.relation_colours[kind], style=line_style(scene.relations[kind])),
        )
        for kind, sources in edges.items()
        if sources
    ]


def _chip(axes: Axes, x: float, y: float, *, scene: Scene, emotion: str | float) -> None:
    colour = scene.colour(emotion) or "white"
    axes.scatter([x + 0.15], [y], s=150, color=colour)
    write_code(axes, x + 0.15, y, scene.code(emotion), ink_on(colour))


def _disc(axes: Axes, x: float, y: float, *, edge: str, linestyle: object = "-") -> None:
    axes.scatter([x + 0.15], [y], s=110, facecolors="white", edgecolors=edge, linestyles=[linestyle])


def _bar(axes: Axes, x: float, y: float, *, height: float, face: str = "none", edge: str = "none") -> None:
    bars(axes, [Bar(x + 0.06, y - height / 2, 0.18, height, face, edge)], "key")


def _stroke(axes: Axes, x: float, y: float, *, colour: str, style: str) -> None:
    axes.plot([x + 0.02, x + 0.25], [y, y], color=colour, linestyle=style, linewidth=1.6)
