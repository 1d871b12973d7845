"""Count the damaged inputs and kills that graphmer survives, and store the counts.

python -m benchmarks.reliability                   # all that `make fuzz` tries
python -m benchmarks.reliability -- -k "not kill"  # options of pytest

Counts of tests that are not run again stay, each with the commit that it was counted at.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphmer.training.run_folder import environment

RESULT = Path(__file__).parent / "results" / "reliability.json"
KINDS = {
    "round trip": "valid inputs of random shape that came back as they were",
    "mutation": "damaged inputs that were refused in one line or changed nothing",
    "kill": "kills after which the work was continued or what was there was whole",
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--examples", type=int, default=2000, help="inputs of a test (default: 2000)")
    parser.add_argument("--out", type=Path, default=RESULT, help="file of the counts")
    parser.add_argument("pytest", nargs="*", help="options of pytest, after --")
    chosen = parser.parse_args(arguments)
    found = environment(device="cpu")
    if found["commit"] is None or found["commit"].endswith("-dirty"):
        sys.exit(f"The counts of a commit are stored; commit the changes first (now {found['commit']}).")
    with tempfile.TemporaryDirectory() as folder:
        tests = counted(Path(folder), chosen.examples, chosen.pytest)
    tests = [{**each, "commit": found["commit"]} for each in tests]
    if chosen.out.is_file():
        again = {each["test"] for each in tests}
        tests += [each for each in json.loads(chosen.out.read_text())["tests"] if each["test"] not in again]
    tests.sort(key=lambda each: each["test"])
    result = {"measure": "reliability", "examples": chosen.examples, "environment": found, "tests": tests}
    chosen.out.write_text(json.dumps(result, indent=1) + "\n")
    for kind, (tried, survived) in totals(tests).items():
        print(f"{kind}: {survived} of {tried}")


def counted(folder: Path, examples: int, options: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Counts of each test, sorted by name.

    Args:
        folder: empty; the tests write into it.
        examples: inputs of a test.
        options: of pytest.
    """
    variables = {"GRAPHMER_EXAMPLES": str(examples), "GRAPHMER_FUZZ_COUNTS": str(folder)}
    command = [sys.executable, "-m", "pytest", "-q", "-m", "fuzz", *options]
    code = subprocess.run(command, env={**os.environ, **variables}, check=False).returncode
    if code:
        sys.exit(f"The tests failed (exit code {code}); nothing was stored. Mend what they found.")
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def totals(tests: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """Tried and survived of each kind that was tried."""
    found = {}
    for kind in KINDS:
        rows = [(row["tried"], row["survived"]) for row in tests if row["kind"] == kind]
        if rows:
            found[kind] = (sum(tried for tried, _ in rows), sum(survived for _, survived in rows))
    return found


def counts_table(result: Mapping[str, Any]) -> str:
    """Totals by kind, and the counts of each test."""
    lines = ["| kind | tried | as it must be | what is counted |", "| --- | ---: | ---: | --- |"]
    for kind, (tried, survived) in totals(result["tests"]).items():
        lines.append(f"| {kind} | {tried:,} | {survived:,} | {KINDS[kind]} |")
    lines += ["", "| kind | test | tried | as it must be | commit |", "| --- | --- | ---: | ---: | --- |"]
    for row in sorted(result["tests"], key=lambda row: (list(KINDS).index(row["kind"]), row["test"])):
        counts = f"{row['tried']:,} | {row['survived']:,}"
        lines.append(f"| {row['kind']} | `{row['test']}` | {counts} | {row['commit']} |")
    found = result["environment"]
    versions = ", ".join(f"{name} {found['versions'][name]}" for name in ("python", "torch", "numpy"))
    note = f"Inputs are drawn from fixed seeds. {versions}, {found['device']}."
    return "\n" + "\n".join([*lines, "", note]) + "\n\n"


if __name__ == "__main__":
    main()
