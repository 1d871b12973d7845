"""Write the tables of stored results into README.md and docs/, between the markers of their names.

python -m benchmarks.accuracy.table
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.accuracy.cells import markdown, percent, signed
from benchmarks.accuracy.change_table import change_table, recovery_table
from benchmarks.accuracy.recipe_table import recipe_table
from benchmarks.accuracy.systems import page as of_systems
from benchmarks.accuracy.tuned_table import tuned_table
from benchmarks.markers import fill
from benchmarks.reliability import counts_table

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PARTIAL = "mean of partial sets"
MAIN = {
    PARTIAL: "mean of the six partial sets",
    "atn": "all three modalities",
    **{f"rate:{rate}": f"missing rate {rate}" for rate in (0.1, 0.3, 0.5, 0.7)},
}
"""Conditions of the short table, and what it calls them."""


def main() -> None:
    for page in pages():
        write(page)


def pages() -> list[Path]:
    """The files that tables are written into."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def write(page: Path) -> None:
    """Fill every table that a page has markers for."""
    of_systems.write(page)
    fill(page, "main", lambda: main_table(stored("iemocap4")))
    for path in sorted(RESULTS.glob("*.json")):
        fill(page, path.stem, lambda name=path.stem: table_of(stored(name)))


def stored(name: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{name}.json").read_text())


def main_table(result: Mapping[str, Any]) -> str:
    """WA of three systems under the main conditions, with the paired difference of the last two."""
    systems = {"logistic": "logistic", "momke": "MoMKE", "graph": "graphmer"}
    wa = {
        (system, row["condition"]): row
        for system in systems
        for row in [*result["systems"][system]["summary"], *result["systems"][system]["partial"]]
        if row["metric"] == "wa"
    }
    apart = {
        row["condition"]: row
        for row in result["differences"]
        if (row["first"], row["other"], row["metric"]) == ("momke", "graph", "wa")
    }
    lines = [["available", *systems.values(), "graphmer - MoMKE"]]
    for condition, title in MAIN.items():
        cells = [f"{100 * wa[system, condition]['mean']:.1f}" for system in systems]
        lines.append([title, *cells, signed(apart[condition])])
    return f"\n{markdown(lines)}\n\n"


def table_of(result: Mapping[str, Any]) -> str:
    """The table of a result, of the kind that its claim measures."""
    if result.get("measure") == "reliability":
        return counts_table(result)
    if result.get("measure") == "tuned":
        return tuned_table(result)
    if result.get("measure") == "recipe":
        return recipe_table(result)
    if result.get("measure") != "change":
        return table(result)
    planted = any(system["planted"] for system in result["systems"].values())
    return recovery_table(result) if planted else change_table(result)


def table(result: Mapping[str, Any]) -> str:
    """WA of every system by condition with its interval, and the paired differences."""
    cells = {
        (system, row["condition"]): row
        for system, stored in result["systems"].items()
        for row in [*stored["summary"], *stored["partial"]]
        if row["metric"] == "wa"
    }
    differences = {
        (row["first"], row["other"], row["condition"]): row
        for row in result["differences"]
        if row["metric"] == "wa"
    }
    pairs = list(dict.fromkeys((first, other) for first, other, _ in differences))
    systems = list(result["systems"])
    conditions = list(dict.fromkeys(condition for _, condition in cells))
    sets = [condition for condition in conditions if ":" not in condition and condition != PARTIAL]
    order = [*sets, PARTIAL, *(condition for condition in conditions if ":" in condition)]
    header = ["condition", *systems, *(f"{other} - {first}" for first, other in pairs)]
    header += ["best possible", "graph's share"] if result["best"] else []
    lines = [header]
    for condition in order:
        line = [condition, *(percent(cells[system, condition]) for system in systems)]
        line += [signed(differences[(*pair, condition)]) for pair in pairs]
        lines.append(line + shares(result, cells, condition, sets))
    if result["best"]:
        lines.append(["mean of the seven sets", *seven(result, cells, sets, len(header))])
    rows = markdown(lines)
    machine = result["environment"]
    commits = ", ".join(dict.fromkeys(stored["commit"] for stored in result["systems"].values()))
    note = (
        f"{result['title']}. WA in % with the 95 % interval over dialogues (bootstrap), mean over "
        f"{len(result['seeds'])} seed(s); differences are paired. {' '.join(result['protocol'].split())} "
        f"Commit {commits}, torch {machine['versions']['torch']}, {machine['device']}."
    )
    return f"\n{rows}\n\n{note}\n\n"


def shares(
    result: Mapping[str, Any], cells: Mapping[tuple[str, str], Any], condition: str, sets: list[str]
) -> list[str]:
    if not result["best"]:
        return []
    names = sets[:-1] if condition == PARTIAL else [condition]
    best = sum(result["best"][name] for name in names) / len(names)
    return [f"{100 * best:.1f}", f"{100 * cells['graph', condition]['mean'] / best:.1f} %"]


def seven(
    result: Mapping[str, Any], cells: Mapping[tuple[str, str], Any], sets: list[str], width: int
) -> list[str]:
    means = {
        system: sum(cells[system, name]["mean"] for name in sets) / len(sets) for system in result["systems"]
    }
    best = sum(result["best"][name] for name in sets) / len(sets)
    filled = [f"{100 * mean:.1f}" for mean in means.values()]
    share = [f"{100 * best:.1f}", f"{100 * means['graph'] / best:.1f} %"]
    return [*filled, *[""] * (width - 1 - len(filled) - len(share)), *share]


if __name__ == "__main__":
    main()
