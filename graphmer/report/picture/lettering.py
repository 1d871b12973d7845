"""Text that any name can be drawn as: no mathematics, no control characters, no glyph that no font has."""

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from graphmer.characters import is_control

INK, QUIET, LINE = "#1c1e21", "#5c6168", "#dedbd5"
"""Colours of text, of quiet text and of lines; those of the HTML page."""

_FAMILIES = (
    "DejaVu Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "WenQuanYi Zen Hei",
    "PingFang SC", "Hiragino Sans", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Arial Unicode MS",
)  # fmt: skip

_UNBOUNDED = 1000
_ELLIPSIS, _UNKNOWN = "\N{HORIZONTAL ELLIPSIS}", "\N{REPLACEMENT CHARACTER}"


@cache
def _fonts() -> tuple[tuple[str, ...], frozenset[int]]:
    """The installed ones of `_FAMILIES`, and the code points that any of them can draw."""
    installed = {entry.name for entry in fontManager.ttflist}
    families = tuple(family for family in _FAMILIES if family in installed)
    charmaps = [get_font(findfont(family)).get_charmap() for family in families]
    return families, frozenset(code for charmap in charmaps for code in charmap)


def printable(text: str, limit: int) -> str:
    r"""The text on one line, shortened in its middle, with a replacement character for what cannot be drawn.

    Args:
        text: any text, such as a speaker's name.
        limit: most columns that it may take, where a wide (East Asian) character takes two.

    Example:
        >>> printable("two\nlines", 20), printable("participant_one", 9)
        ('two lines', 'part…_one')
    """
    kept = " ".join("".join(_drawable(character) for character in text).split())
    if _columns(kept) <= limit:
        return kept
    head, tail = kept[:limit], kept[-limit:]
    while _columns(head) > (limit - 1) / 2:
        head = head[:-1]
    while _columns(tail) > limit - 1 - _columns(head):
        tail = tail[1:]
    return head + _ELLIPSIS + tail


def _drawable(character: str) -> str:
    if character.isspace():
        return " "
    return _UNKNOWN if is_control(character) or ord(character) not in _fonts()[1] else character


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def width_of(text: str, size: float, weight: str = "normal") -> float:
    """How wide a printable text is, in inches.

    Args:
        text: as `printable` gives it.
        size: of the letters, in points.
        weight: ``normal`` or ``bold``.
    """
    font = FontProperties(family=list(_fonts()[0]), size=size, weight=weight)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]) / 72


def fitting(text: str, room: float, size: float, weight: str = "normal") -> str:
    """The text as `printable` gives it, as long as there is room for.

    Args:
        text: any text.
        room: in inches.
        size: of the letters, in points.
        weight: ``normal`` or ``bold``.
    """
    limit = max(3, int(room * 72 / (0.3 * size)))
    shortened = printable(text, limit)
    while limit > 3 and (width := width_of(shortened, size, weight)) > room:
        limit = max(3, min(limit - 1, int(limit * room / width) + 1))
        shortened = printable(text, limit)
    return shortened


def distinct(names: Sequence[str], room: float, size: float, weight: str) -> list[str]:
    """The names as `fitting` gives them, numbered if shortening has made two of them equal.

    Args:
        names: any texts.
        room: in inches.
        size: of the letters, in points.
        weight: ``normal`` or ``bold``.
    """
    found = [fitting(name, room, size, weight) for name in names]
    if len(set(found)) == len(found):
        return found
    return [fitting(f"{number} {name}", room, size, weight) for number, name in enumerate(names)]


def write(axes: Axes, x: float, y: float, text: str, *, room: float | None = None, **properties: Any) -> Text:
    """Draw a text literally; ``$`` is a dollar sign.

    Args:
        axes: where.
        x: position in data coordinates.
        y: position in data coordinates.
        text: any text.
        room: for its length, in inches; as much as it needs if left out.
        properties: of matplotlib's `Text`.
    """
    style: dict[str, Any] = {
        "fontsize": 7.5,
        "fontweight": "normal",
        "color": INK,
        "va": "center",
    } | properties
    if room is None:
        shown = printable(text, _UNBOUNDED)
    else:
        shown = fitting(text, room, style["fontsize"], style["fontweight"])
    return axes.text(x, y, shown, family=list(_fonts()[0]), parse_math=False, **style)
