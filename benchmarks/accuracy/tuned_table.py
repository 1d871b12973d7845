"""Table of frozen and tuned features."""

from collections.abc import Mapping
from typing import Any

from benchmarks.accuracy.cells import markdown, percent, signed

CONDITIONS = {
    "t": "text",
    "at": "text and audio",
    "rate:0.5": "text or audio",
    "drop:0.5": "half of the turns empty",
}
METRICS = {"weighted_f1": "weighted F1", "wa": "WA"}


def tuned_table(result: Mapping[str, Any]) -> str:
    """Weighted F1 and WA of every system with their intervals, the paired differences, and the leak test."""
    measured = {row["condition"] for stored in result["systems"].values() for row in stored["summary"]}
    shown = [each for each in CONDITIONS if each in measured]
    if "at" not in measured:
        shown.remove("rate:0.5")  # which hides nothing of one modality
    keys = [(condition, metric) for condition in shown for metric in METRICS]
    heads = [f"{METRICS[metric]}, {CONDITIONS[condition]}" for condition, metric in keys]
    lines = [["", *heads]]
    for system, stored in result["systems"].items():
        rows = {(row["condition"], row["metric"]): row for row in stored["summary"]}
        lines.append([system, *(percent(rows[key]) for key in keys)])
    differences = {
        (row["first"], row["other"], row["condition"], row["metric"]): row for row in result["differences"]
    }
    for first, other in dict.fromkeys(key[:2] for key in differences):
        cells = [signed(differences[(first, other, *key)]) for key in keys]
        lines.append([f"{other} - {first}", *cells])
    machine = result["environment"]
    seeds = max(len(stored["seeds"]) for stored in result["systems"].values())
    note = (
        f"{result['title']}. In % with the 95 % interval over dialogues (bootstrap); differences are paired; "
        f"graph models: mean over {seeds} seed(s). Commit {machine['commit']}, torch "
        f"{machine['versions']['torch']}, {machine['device']}."
    )
    return f"\n{markdown(lines)}\n\n{note}{leak_sentence(result)}\n\n"


def leak_sentence(result: Mapping[str, Any]) -> str:
    """What features know of the labels that they were tuned on, where these were shuffled."""
    if "shuffled" not in result:
        return ""
    gain, low, high = (result["shuffled"][name] for name in ("gain", "low", "high"))
    return (
        f" Leak test: tuned on shuffled training labels, cross-fitted features gain {gain:+.4f} nats a turn "
        f"[{low:.4f}, {high:.4f}] on these labels over their distribution."
    )
