"""Write the tables of stored speeds into README.md and docs/, between the markers of their names.

python -m benchmarks.speed.table
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.accuracy.table import pages
from benchmarks.markers import fill
from benchmarks.speed.goals import GOALS, Goal
from benchmarks.speed.run import BENCHES, RESULTS

MAIN = (
    "train/float32/atv", "train/float32/a", "train/float32/sets", "train/bfloat16/sets", "read/a",
    "experiment", "stream", "long/memory", "mapped/rate",
    "text/bfloat16",
)  # fmt: skip
"""Rows of the short table."""


def main() -> None:
    for page in pages():
        write(page)


def write(page: Path) -> None:
    """Fill every table that a page has markers for."""
    paths = {bench: RESULTS / f"{bench}.json" for bench in sorted(BENCHES)}
    stored = {bench: json.loads(path.read_text()) for bench, path in paths.items() if path.is_file()}
    fill(page, "speed", lambda: table(stored))
    fill(page, "speed_summary", lambda: summary(stored))


def table(stored: Mapping[str, Mapping[str, Any]]) -> str:
    """Targets and measurements, and the machines they were made on."""
    measured = {name: row for result in stored.values() for name, row in result["measured"].items()}
    lines = ["| work | target | measured | met | what bounds it |", "| --- | --- | --- | --- | --- |"]
    for goal in GOALS:
        found = measured.get(goal.name, {"why": "not measured"})
        target = "" if goal.bound is None else f"{goal.sense} {goal.bound:g}{goal.unit}"
        cells = [goal.work, target, measurement(goal, found), met(goal, found)]
        limit = "; ".join(reason for reason in (goal.limit, found.get("limit")) if reason)
        lines.append("| " + " | ".join([*cells, limit]) + " |")
    notes = [note(bench, result["environment"]) for bench, result in stored.items()]
    return "\n" + "\n".join([*lines, "", *notes]) + "\n\n"


def summary(stored: Mapping[str, Mapping[str, Any]]) -> str:
    """The main rows alone."""
    measured = {name: row for result in stored.values() for name, row in result["measured"].items()}
    found = {goal: measured[goal.name] for goal in GOALS if goal.name in MAIN}
    rows = [
        f"| {goal.work} | {row['value']:.3g}{goal.unit} |" for goal, row in found.items() if "value" in row
    ]
    return "\n" + "\n".join(["| work | measured |", "| --- | --- |", *rows]) + "\n\n"


def measurement(goal: Goal, found: Mapping[str, Any]) -> str:
    if "value" not in found:
        return str(found["why"])
    value = f"{found['value']:.3g}{goal.unit}"
    return f"{value} ({found['detail']})" if "detail" in found else value


def met(goal: Goal, found: Mapping[str, Any]) -> str:
    if "value" not in found or goal.bound is None:
        return ""
    short = found["value"] < goal.bound if goal.sense == "at least" else found["value"] > goal.bound
    return "no" if short else "yes"


def note(bench: str, machine: Mapping[str, Any]) -> str:
    load = " to ".join(f"{value:.1f}" for value in machine["load"])
    return (
        f"- `{bench}`: commit {machine['commit']}, torch {machine['versions']['torch']}, "
        f"{machine['processor']}, "
        f"{machine['threads']} threads on {machine['cores']} cores, {machine['rounds']} rounds, load {load}."
    )


if __name__ == "__main__":
    main()
