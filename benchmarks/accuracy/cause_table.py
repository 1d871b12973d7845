"""Table of causes of emotions."""

from collections.abc import Mapping
from typing import Any

from benchmarks.accuracy.cells import markdown, percent, signed

CONDITIONS = {"t": "", "drop:0.5": ", half without text"}
METRICS = {"positive_f1": "positive F1", "negative_f1": "negative F1", "macro_f1": "macro F1"}


def cause_table(result: Mapping[str, Any]) -> str:
    """F1 of rules and systems with intervals, and the paired difference to the best rule."""
    rules = result["rules"]
    best = max(rules, key=lambda name: rules[name]["positive_f1"]["mean"])
    lines = [["", *METRICS.values(), f"positive F1 - {best}", "AP"]]
    lines += [[name, *(percent(row[key]) for key in METRICS), "", ""] for name, row in rules.items()]
    for system, stored in result["systems"].items():
        for condition, row in stored["conditions"].items():
            gain = signed(stored["gains"][condition][best])
            cells = [percent(row[key]) for key in METRICS]
            ranked = stored["average_precision"] if condition == "t" else None
            precision = "" if ranked is None else f"{100 * ranked:.1f}"
            lines.append([system + CONDITIONS[condition], *cells, gain, precision])
    machine = result["environment"]
    seeds = max(len(stored["seeds"]) for stored in result["systems"].values())
    note = (
        f"{result['dialogues']} dialogues, {result['pairs']} pairs of turns, {result['causes']} causes. In % "
        "with the 95 % interval over dialogues (bootstrap); differences are paired; AP: average precision of "
        f"the probabilities, which needs no threshold; models: mean over up to {seeds} seed(s). "
        f"Commit {machine['commit']}, torch {machine['versions']['torch']}, {machine['device']}."
    )
    return f"\n{markdown(lines)}\n\n{note}\n\n"
