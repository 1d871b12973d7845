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
    "experiment", "predict/parquet", "stream", "long/memory", "mapped/rate",
    "text/bfloat16",
)  # fmt: skip
"""Rows of the short table."""

TURNS, TASK = 10_000_000, 20_000
"""Turns whose cost is computed, and those of a task of `graphmer predict --engine ray`."""

PRICE = 0.05
"""Dollars for an hour of one core."""

FEATURE_BYTES = 4 * (128 + 256 + 256)
"""Of the features of a simulated turn."""


def main() -> None:
    for page in pages():
        write(page)


def write(page: Path) -> None:
    """Fill every table that a page has markers for."""
    paths = {bench: RESULTS / f"{bench}.json" for bench in sorted(BENCHES)}
    stored = {bench: json.loads(path.read_text()) for bench, path in paths.items() if path.is_file()}
    fill(page, "speed", lambda: table(stored))
    fill(page, "speed_summary", lambda: summary(stored))
    fill(page, "prediction_cost", lambda: cost(stored["prediction"]))


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
        f"| {goal.work} | {figures(row['value'])}{goal.unit} |"
        for goal, row in found.items()
        if "value" in row
    ]
    return "\n" + "\n".join(["| work | measured |", "| --- | --- |", *rows]) + "\n\n"


def cost(prediction: Mapping[str, Any]) -> str:
    """What ten million turns cost at the rate of one core that was measured."""
    parquet, start = (prediction["measured"][name] for name in ("predict/parquet", "predict/start"))
    rate = parquet["turns"] / parquet["seconds"]["recipe"]["cpu"]
    seconds, tasks, cores = TURNS / rate, TURNS // TASK, 32
    begin = start["value"]
    price = f"at {PRICE} dollars for a core hour, {seconds / 3600 * PRICE:.2f} dollars"
    minutes, bandwidth = -(-tasks // cores) * TASK / rate / 60, cores * rate * FEATURE_BYTES / 1e6
    rows = [
        ("processor time", f"{seconds:,.0f} s, or {seconds / 3600:.2f} core hours; {price}"),
        (f"{tasks} tasks on {cores} cores", f"{minutes:.1f} minutes; each worker starts in {begin:.1f} s"),
        (
            "features to read",
            f"{TURNS * FEATURE_BYTES / 1e9:.0f} GB of float32 (widths 128, 256 and 256); at {cores} cores "
            f"{bandwidth:,.0f} MB/s, which the shared storage must give",
        ),
    ]
    machine = prediction["environment"]
    text = (
        f"Measured: {parquet['turns']:,} simulated turns from Parquet to Parquet with the model of "
        f"`configs/recipe.yaml`, {rate:,.0f} turns a second of processor time of one core "
        f"({machine['processor']}; `benchmarks/results/speed/prediction.json`, commit {machine['commit']}). "
        "From this, not measured:"
    )
    lines = [
        "| for ten million turns | |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in rows),
    ]
    return "\n" + "\n".join([text, "", *lines]) + "\n\n"


def measurement(goal: Goal, found: Mapping[str, Any]) -> str:
    if "value" not in found:
        return str(found["why"])
    value = f"{figures(found['value'])}{goal.unit}"
    return f"{value} ({found['detail']})" if "detail" in found else value


def figures(value: float) -> str:
    """Three significant figures, or a whole number where that is longer."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


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
