"""Write the table of stored speeds into ``benchmarks/README.md``.

python -m benchmarks.speed.table
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.markers import fill
from benchmarks.speed.goals import GOALS, Goal
from benchmarks.speed.run import BENCHES, RESULTS

README = Path(__file__).parent.parent / "README.md"


def main() -> None:
    paths = {bench: RESULTS / f"{bench}.json" for bench in sorted(BENCHES)}
    stored = {bench: json.loads(path.read_text()) for bench, path in paths.items() if path.is_file()}
    fill(README, "speed", lambda: table(stored))


def table(stored: Mapping[str, Mapping[str, Any]]) -> str:
    """Goals beside what was measured, and the machines of the measurements."""
    measured = {name: row for result in stored.values() for name, row in result["measured"].items()}
    lines = ["| work | target | measured | met | what bounds it |", "| --- | --- | --- | --- | --- |"]
    for goal in GOALS:
        found = measured.get(goal.name, {"why": "not measured"})
        target = "" if goal.bound is None else f"{goal.sense} {goal.bound:g}{goal.unit}"
        cells = [goal.work, target, said(goal, found), met(goal, found)]
        lines.append("| " + " | ".join([*cells, goal.limit]) + " |")
    notes = [note(bench, result["environment"]) for bench, result in stored.items()]
    return "\n" + "\n".join([*lines, "", *notes]) + "\n\n"


def said(goal: Goal, found: Mapping[str, Any]) -> str:
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
