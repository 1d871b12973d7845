"""Figure of the policies under a budget: WA over cost."""

from typing import Any

from matplotlib.figure import Figure

COLOURS = {
    "random": "#999999",
    "turn by turn": "#d08770",
    "modality by modality": "#5b8c85",
    "expected gain": "#8fa6c9",
    "expected gain, looking again": "#2a5d9f",
    "random, exact posterior": "#bbbbbb",
    "expected gain, exact posterior": "#222222",
}


def drawn(result: dict[str, Any]) -> Figure:
    """One line for each policy; those of the exact posterior are dashed."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for policy, points in result["curves"].items():
        x, y = ([100 * point[name] for point in points] for name in ("cost", "wa"))
        style = "--" if "posterior" in policy else "-"
        axes.plot(x, y, style, color=COLOURS[policy], label=policy, linewidth=1.6)
    axes.set_xlabel("cost, % of that of everything missing")
    axes.set_ylabel("WA, %")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#eeeeee")
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    figure.suptitle(result["corpus"], fontsize=10)
    return figure
