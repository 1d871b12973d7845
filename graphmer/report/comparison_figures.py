"""Figures of a comparison as PNG and SVG, for papers and slides."""

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphmer.report.comparison import Comparison
from graphmer.report.comparison_values import comparison_values
from graphmer.report.figures import save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#333333", "#999999")
_MARKS = ("o", "s", "^", "D")
_BANDS = 4  # most systems whose bands are distinguishable


def save_comparison_figures(comparison: Comparison, folder: Path) -> list[Path]:
    """Write a figure of each metric over missing rates (left) and sets of modalities (right).

    Args:
        comparison: of the systems.
        folder: folder of the files, ``comparison_<metric>``; created if it does not exist.

    Returns:
        paths of the files.
    """
    content = comparison_values(comparison)
    folder.mkdir(parents=True, exist_ok=True)
    return [
        path
        for metric in content["metrics"]
        for path in save_figure(_drawn(content, metric), folder / f"comparison_{metric['key']}")
    ]


def _drawn(content: Mapping[str, Any], metric: Mapping[str, Any]) -> "Figure":
    from matplotlib.figure import Figure

    systems = [each["name"] for each in content["systems"]]
    figure = Figure(figsize=(11, 4.4 + 0.12 * len(systems)), layout="constrained")
    figure.suptitle(f"{content['title']}: {metric['name']}", fontsize=11)
    left, right = figure.subplots(1, 2)
    conditions = sorted(_curve(content), key=content["missing"].__getitem__)
    factor = 100 if metric["percent"] else 1
    styles = zip(systems, cycle(_COLOURS), cycle(_MARKS), strict=False)
    for number, (name, colour, mark) in enumerate(styles):
        rows = {condition: content["rows"][condition][name][metric["key"]] for condition in content["rows"]}
        first = number < len(_COLOURS)
        filling = colour if first else "white"
        style = {"color": colour, "marker": mark, "markersize": 5, "markerfacecolor": filling}
        missing = [100 * content["missing"][condition] for condition in conditions]
        low, mean, high = (_scaled(rows, conditions, side, factor) for side in ("low", "mean", "high"))
        left.plot(missing, mean, label=name, linestyle="-" if first else "--", **style)
        if len(systems) <= _BANDS:
            left.fill_between(missing, low, high, color=colour, alpha=0.13, linewidth=0)
        places = [
            place + 0.7 * ((number + 0.5) / len(systems) - 0.5) for place in range(len(content["sets"]))
        ]
        low, mean, high = (_scaled(rows, content["sets"], side, factor) for side in ("low", "mean", "high"))
        right.hlines(places, low, high, color=colour, linewidth=1)
        right.plot(mean, places, linestyle="none", **style)
    left.set_xlabel("% of modalities missing")
    left.set_ylabel(metric["name"])
    right.set_xlabel(f"{metric['name']}, 95 % interval over dialogues")
    right.set_yticks(range(len(content["sets"])), content["sets"])
    right.invert_yaxis()
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.3)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=min(5, len(systems)))
    return figure


def _curve(content: Mapping[str, Any]) -> list[str]:
    """Conditions of the curve: rates, and the complete set for a rate of zero."""
    complete = [name for name in content["sets"] if content["missing"].get(name) == 0]
    return [*(complete if "rate:0" not in content["rates"] else []), *content["rates"]]


def _scaled(rows: Mapping[str, Any], conditions: list[str], side: str, factor: float) -> list[float]:
    """One side of the intervals, with NaN where it is undefined."""
    return [float("nan") if rows[name][side] is None else factor * rows[name][side] for name in conditions]
