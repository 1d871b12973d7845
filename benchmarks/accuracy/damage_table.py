"""Table of the recipe under damage, with what is won back of each loss."""

from collections.abc import Mapping
from typing import Any

from benchmarks.accuracy.cells import markdown, percent

NAMES = {"weighted_f1": "weighted F1", "mae": "MAE"}
TITLES = {
    "recipe": "recipe",
    "repaired": "recipe, repaired",
    "damage": "trained with damage",
    "reliability": "all together",
}
FEWEST = 0.01
"""Smallest loss of which a share is given; less is not told from chance."""


def damage_table(result: Mapping[str, Any]) -> str:
    """Main metric of every system, the share of the loss that is won back, and the detection."""
    metric = result["metrics"][0]
    systems = {name: result["systems"][name] for name in TITLES if name in result["systems"]}
    cells = {
        (system, row["condition"]): row
        for system, stored in systems.items()
        for row in stored["summary"]
        if row["metric"] == metric
    }
    others = [name for name in systems if name != "recipe"]
    detection = result["systems"].get("reliability", {}).get("detection", {})
    lines = [["condition", *(TITLES[name] for name in systems), "won back", "AUROC"]]
    for condition in dict.fromkeys(condition for _, condition in cells):
        line = [condition, *(percent(cells[name, condition]) for name in systems)]
        best = " / ".join(_won(cells, name, condition) for name in others)
        found = detection.get(condition, {}).values()
        lines.append([*line, best, *([f"{value:.3f}" for value in found] or [""])])
    return f"\n{markdown(lines)}\n\n{_note(result, systems, metric)}\n\n{_router(result)}"


def _won(cells: Mapping[tuple[str, str], Any], system: str, condition: str) -> str:
    """Share of the recipe's loss against clean input that another system wins back."""
    clean = cells["recipe", "complete"]["mean"]
    damaged = cells["recipe", condition]["mean"]
    if "@" not in condition or abs(clean - damaged) < FEWEST:
        return "-"
    return f"{100 * (cells[system, condition]['mean'] - damaged) / (clean - damaged):.0f} %"


def _note(result: Mapping[str, Any], systems: Mapping[str, Any], metric: str) -> str:
    folds = ", ".join(f"{name}: {'/'.join(map(str, sizes))}" for name, sizes in result["turns"].items())
    seeds = ", ".join(f"{TITLES[name]} {len(stored['seeds'])}" for name, stored in systems.items())
    commits = ", ".join(dict.fromkeys(stored["commit"] for stored in systems.values()))
    machine = result["environment"]
    return (
        f"{result['corpus']}, dialogues for training/validation/test {folds}. {NAMES[metric]} in % (MAE: "
        "times 100, lower is better) with the 95 % interval over dialogues (bootstrap). Won back: share of "
        "the loss of the recipe against complete input, for the systems in the order of their columns; - "
        "where the loss is below 1. AUROC of the estimate of reliability. "
        f"Seeds: {seeds}. Commit {commits}, torch "
        f"{machine['versions']['torch']}, {machine['device']}."
    )


def _router(result: Mapping[str, Any]) -> str:
    """Sum of the router's weights of a modality by the strength of the noise on it."""
    found = result["systems"].get("reliability", {}).get("router")
    if not found:
        return ""
    strengths = list(next(iter(found.values())))
    lines = [["router weight of", *(f"noise:{strength}" for strength in strengths)]]
    lines += [[name, *(f"{row[strength]:.2f}" for strength in strengths)] for name, row in found.items()]
    return f"{markdown(lines)}\n\n"
