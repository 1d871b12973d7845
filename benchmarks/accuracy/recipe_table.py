"""Table of the recipe beside simpler systems, one row for each condition of a corpus."""

from collections.abc import Mapping
from typing import Any

from benchmarks.accuracy.cells import markdown, percent, signed

NAMES = {"wa": "WA", "weighted_f1": "weighted F1", "mae": "MAE", "pearson": "correlation"}


def recipe_table(result: Mapping[str, Any]) -> str:
    """Two metrics of every system with their intervals, and the paired differences of the recipe."""
    metrics, systems = result["metrics"], result["systems"]
    cells = {
        (system, row["condition"], row["metric"]): row
        for system, stored in systems.items()
        for row in stored["summary"]
    }
    apart = {(row["first"], row["condition"], row["metric"]): row for row in result["differences"]}
    others = list(dict.fromkeys(first for first, _, _ in apart))
    lines = [["available", "metric", *systems, *(f"recipe - {other}" for other in others)]]
    conditions = list(dict.fromkeys(condition for _, condition, _ in cells))
    if sum(":" not in condition for condition in conditions) == 1:  # a rate hides nothing of one modality
        conditions = [condition for condition in conditions if not condition.startswith("rate:")]
    for condition in conditions:
        for metric in metrics:
            line = [condition, NAMES[metric]]
            line += [percent(cells[system, condition, metric]) for system in systems]
            lines.append(line + [signed(apart[other, condition, metric]) for other in others])
    folds = ", ".join(f"{name}: {'/'.join(map(str, sizes))}" for name, sizes in result["turns"].items())
    seconds = ", ".join(f"{system} {stored['seconds']:.0f}" for system, stored in systems.items())
    machine = result["environment"]
    seeds = max(len(stored["seeds"]) for stored in systems.values())
    note = (
        f"{result['corpus']}, dialogues for training/validation/test {folds}. In % (MAE, correlation: times "
        f"100) with the 95 % interval over dialogues (bootstrap); differences are paired; mean over {seeds} "
        f"seed(s). CPU seconds of a model: {seconds}. Commit {machine['commit']}, torch "
        f"{machine['versions']['torch']}, {machine['device']}."
    )
    return f"\n{markdown(lines)}\n\n{note}\n\n"
