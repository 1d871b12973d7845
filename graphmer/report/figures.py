"""Figures of a report as PNG and SVG, for papers and slides."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphmer.storage import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Content = Mapping[str, Any]

_BLUE, _VERMILLION = "#0072B2", "#D55E00"


def save_figures(content: Content, folder: Path) -> list[Path]:
    """Write the figures ``scores``, ``rates``, ``confusion``, ``transitions``, ``router`` and ``training``.

    Figures that the run has no values for (missing rates, classes, a router, epochs) are omitted.

    Args:
        content: content of the report, as for `page`.
        folder: folder of the files; created if it does not exist.

    Returns:
        paths of the files.
    """
    drawings: dict[str, Callable[[Content], Figure]] = {"scores": _scores}
    if content["router"] is not None:
        drawings["router"] = _router
    if content["training"]:
        drawings["training"] = _training
    if content["measures"]["rates"]:
        drawings["rates"] = _rates
    if content["matrices"] is not None:
        drawings |= {"confusion": _confusion, "transitions": _transitions}
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, draw in drawings.items():
        written += save_figure(draw(content), folder / name)
    return written


def save_figure(figure: "Figure", path: Path) -> list[Path]:
    """Write a figure as PNG and SVG.

    Args:
        figure: of matplotlib.
        path: of the files, without an ending; their folder must exist.

    Returns:
        paths of the files.
    """
    written = [path.with_name(f"{path.name}.{ending}") for ending in ("png", "svg")]
    for each in written:
        with replacing(each) as partial:
            figure.savefig(partial, dpi=200)
    return written


def _figure(content: Content, title: str, panels: int = 1, *, width: float = 6.4, height: float = 4) -> Any:
    """Figure and axes; the title names the run and marks simulated dialogues."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    mark = "SIMULATED: " if content["simulated"] else ""
    figure.suptitle(f"{mark}{content['title']}: {title}", fontsize=11)
    axes = figure.subplots(1, panels, squeeze=False)[0]
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _headline(content: Content) -> tuple[str, str, float]:
    """Key, printed name and factor of the metric of the figures."""
    by_key = {metric["key"]: metric for metric in content["measures"]["metrics"]}
    metric = by_key.get("weighted_f1") or next(iter(by_key.values()))
    return metric["key"], metric["name"], 100 if metric["percent"] else 1


def _scores(content: Content) -> "Figure":
    key, name, factor = _headline(content)
    measures = content["measures"]
    found = {condition: measures["rows"][condition][key] for condition in measures["sets"]}
    figure, (axes,) = _figure(content, f"{name} by set of modalities", height=0.8 + 0.35 * len(found) + 0.6)
    for position, row in enumerate(found.values()):
        axes.plot([factor * row["low"], factor * row["high"]], [position, position], color=_BLUE)
        axes.plot(factor * row["mean"], position, "o", color=_BLUE)
    axes.set_yticks(range(len(found)), list(found))
    axes.invert_yaxis()
    axes.set_xlabel(f"{name}, 95 % interval over dialogues")
    axes.grid(axis="x", alpha=0.3)
    return figure


def _rates(content: Content) -> "Figure":
    key, name, factor = _headline(content)
    measures = content["measures"]
    found = sorted(
        (measures["missing"][rate["condition"]], measures["rows"][rate["condition"]][key])
        for rate in measures["rates"]
    )
    figure, (axes,) = _figure(content, f"{name} by missing rate")
    missing = [100 * share for share, _ in found]
    low, mean, high = ([factor * row[side] for _, row in found] for side in ("low", "mean", "high"))
    axes.fill_between(missing, low, high, color=_BLUE, alpha=0.18, linewidth=0)
    axes.plot(missing, mean, "o-", color=_BLUE)
    axes.set_xlabel("% of modalities missing")
    axes.set_ylabel(name)
    axes.grid(alpha=0.3)
    return figure


def _confusion(content: Content) -> "Figure":
    matrix = content["matrices"][_complete(content)]["confusion"]
    size = 2.2 + 0.6 * len(matrix)
    figure, (axes,) = _figure(content, "confusion, % of row", width=size + 0.6, height=size)
    _heatmap(axes, matrix, content["labels"]["names"], "predicted", "annotated")
    return figure


def _transitions(content: Content) -> "Figure":
    found = content["matrices"][_complete(content)]
    size = 2.2 + 0.6 * len(found["annotated"])
    figure, axes = _figure(content, "transitions, % of row", 2, width=2 * size, height=size)
    for panel, side in zip(axes, ("annotated", "predicted"), strict=True):
        _heatmap(panel, found[side], content["labels"]["names"], f"to ({side})", "from")
    return figure


def _router(content: Content) -> "Figure":
    modalities = content["modalities"]
    weights = list(content["router"].values())[-1]
    size = 2.2 + 0.6 * len(modalities)
    figure, (axes,) = _figure(content, "router weights, %", width=size + 1.4, height=size)
    _heatmap(axes, weights, modalities, "expert", "input")
    return figure


def _training(content: Content) -> "Figure":
    figure, (losses, scores) = _figure(content, "training", 2, width=9)
    for model in content["training"]:
        epochs = [epoch["number"] for epoch in model["epochs"]]
        losses.plot(
            epochs, [sum(epoch["losses"].values()) for epoch in model["epochs"]], color=_BLUE, alpha=0.6
        )
        scored = [
            (epoch["number"], epoch["score"]) for epoch in model["epochs"] if epoch["score"] is not None
        ]
        scores.plot(*zip(*scored, strict=True), color=_VERMILLION, alpha=0.6)
    for axes, name in ((losses, "sum of the losses"), (scores, "validation score")):
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        axes.grid(alpha=0.3)
    return figure


def _complete(content: Content) -> str:
    """Name of the largest evaluated set of modalities, or of the first condition if there is no set."""
    sets = [name for name in content["measures"]["sets"] if name in content["matrices"]]
    return str(sets[-1] if sets else next(iter(content["matrices"])))


def _heatmap(axes: Any, matrix: Any, names: Any, across: str, down: str) -> None:
    cells = np.array(matrix, dtype=float)
    total = cells.sum(axis=1, keepdims=True)
    share = np.divide(cells, total, out=np.zeros_like(cells), where=total > 0)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*share.shape):
        value = share[row, column]
        axes.text(
            column,
            row,
            f"{100 * value:.0f}",
            ha="center",
            va="center",
            color="white" if value > 0.5 else "black",
        )
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel(across)
    axes.set_ylabel(down)
