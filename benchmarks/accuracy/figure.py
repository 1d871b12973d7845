"""Draw stored results into docs/images: WA by set of modalities and by missing rate, with intervals.

python -m benchmarks.accuracy.figure iemocap4
"""

import hashlib
import sys
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.accuracy import budget_figure
from benchmarks.accuracy.systems import figure as systems
from benchmarks.accuracy.table import RESULTS, ROOT, stored

IMAGES = ROOT / "docs" / "images"
COLOURS = {
    "logistic": "#999999",
    "momke": "#d08770",
    "momke+all": "#e3b39c",
    "graph alone": "#8fa6c9",
    "experts": "#8fa6c9",
    "experts+chain": "#5b8c85",
    "graph": "#2a5d9f",
}


def main() -> None:
    name = sys.argv[1]
    with matplotlib.rc_context({"svg.hashsalt": name}):  # same result, same file
        about = {"Date": None, "Description": digest(name)}
        drawn(stored(name)).savefig(IMAGES / f"{name}.svg", metadata=about)


def digest(name: str) -> str:
    """Hash of the result that a figure was drawn from; the figure keeps it."""
    if name.startswith("systems_"):
        return systems.digest(name)
    return hashlib.sha256((RESULTS / f"{name}.json").read_bytes()).hexdigest()


def drawn(result: dict[str, Any]) -> Figure:
    """Sets of modalities on the left, missing rates on the right."""
    if result.get("measure") == "budget":
        return budget_figure.drawn(result)
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2), sharey=True)
    for number, (system, found) in enumerate(result["systems"].items()):
        rows = {row["condition"]: row for row in found["summary"] if row["metric"] == "wa"}
        sets = [condition for condition in rows if ":" not in condition]
        rates = [condition for condition in rows if condition.startswith("rate:")]
        colour = COLOURS[system]
        step = 0.7 / len(result["systems"])
        points(left, sets, rows, (number - (len(result["systems"]) - 1) / 2) * step, system, colour)
        x = [0.0, *(float(condition[5:]) for condition in rates)]
        line = [rows[sets[-1]], *(rows[condition] for condition in rates)]
        right.plot(
            x, [100 * row["mean"] for row in line], color=colour, marker="o", markersize=3, label=system
        )
        low, high = ([100 * row[bound] for row in line] for bound in ("low", "high"))
        right.fill_between(x, low, high, color=colour, alpha=0.12, linewidth=0)
    left.set_ylabel("WA, %")
    left.set_xlabel("available modalities (audio, text, non-verbal)")
    right.set_xlabel("missing rate per utterance")
    left.legend(frameon=False, ncols=5, loc="upper left", fontsize=8)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#eeeeee")
        axes.set_axisbelow(True)
        axes.set_ylim(25, 95)
    figure.suptitle(result["title"], fontsize=10)
    return figure


def points(
    axes: Axes, sets: list[str], rows: dict[str, Any], offset: float, system: str, colour: str
) -> None:
    """Means and intervals beside one another; bars would have to begin at zero."""
    x = [position + offset for position in range(len(sets))]
    mean = [100 * rows[condition]["mean"] for condition in sets]
    below = [100 * (rows[c]["mean"] - rows[c]["low"]) for c in sets]
    above = [100 * (rows[c]["high"] - rows[c]["mean"]) for c in sets]
    axes.errorbar(x, mean, (below, above), fmt="o", color=colour, label=system, markersize=5, elinewidth=1.5)
    axes.set_xticks(range(len(sets)), sets)


if __name__ == "__main__":
    main()
