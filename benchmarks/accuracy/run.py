"""Train and test every system of a claim under one protocol, and store what came out.

    python -m benchmarks.accuracy.run benchmarks/accuracy/iemocap4.yaml --jobs 2

A claim names systems, seeds and conditions. A system is a configuration file, or one with settings that
replace some of its own. Every (system, seed) is a run of its own that can be interrupted and continued;
results go to ``benchmarks/results/<claim>.json``. With ``measure: change`` the systems are measured by
`benchmarks.accuracy.change`.
"""

import argparse
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from benchmarks.accuracy.runs import WORK, Quiet, opened, parallel

HERE = Path(__file__).parent
RESULTS = HERE.parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("claim", type=Path)
    parser.add_argument("--jobs", type=int, default=2, help="parallel processes, one thread each")
    parser.add_argument("--only", nargs="*", help="systems to run; all if left out")
    parser.add_argument("--system", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    claim = yaml.safe_load(options.claim.read_text())
    if options.system:
        opened_by(claim, options.claim, options.system, options.seed).train(Quiet(options.system))
        return
    command = [sys.executable, "-m", "benchmarks.accuracy.run", str(options.claim)]
    names = options.only or claim["systems"]
    todo = [(name, str(seed)) for seed in claim["seeds"] for name in names]
    parallel([[*command, "--system", name, "--seed", seed] for name, seed in todo], options.jobs)
    if not options.only:
        store(claim, options.claim)


def opened_by(claim: Mapping[str, Any], path: Path, system: str, seed: int) -> Any:
    """The run of one system and seed."""
    from graphmer.config.load import load_config

    file, settings = described(claim, system)
    rates = ",".join(map(str, claim["rates"]))
    given = [f"seeds=[{seed}]", f"evaluation.rates=[{rates}]", *settings]
    return opened(load_config(path.parent / file, given), WORK / path.stem / f"{system}-seed{seed}")


def described(claim: Mapping[str, Any], system: str) -> tuple[str, list[str]]:
    """Configuration file of a system, and the settings of the claim and its own that replace some in it."""
    found = claim["systems"][system]
    settings = claim.get("set", [])
    return (found["config"], [*settings, *found["set"]]) if isinstance(found, Mapping) else (found, settings)


def gathered(claim: Mapping[str, Any], path: Path, system: str) -> Any:
    """Scores of one system over all its seeds."""
    from graphmer.evaluation.predictions import Predictions
    from graphmer.experiment.fold import predictions_path

    predictions = {}
    run: Any = None
    for seed in claim["seeds"]:
        run = opened_by(claim, path, system, seed)
        for number in run.components.folds:
            for name in run.components.protocols:
                found = Predictions.load(predictions_path(run.folder.fold(number, seed), name))
                predictions[seed, str(number), name] = found
    return run.scores(predictions, title=system), run


def store(claim: Mapping[str, Any], path: Path) -> None:
    """Everything a claim measures as one JSON file."""
    result = changes(claim, path) if claim.get("measure") == "change" else accuracies(claim, path)
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / f"{path.stem}.json"
    target.write_text(json.dumps(rounded(result), indent=1) + "\n")
    print(f"Stored: {target}")


def changes(claim: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """How well changes are recognised by every system."""
    from benchmarks.accuracy.change import measured

    systems: dict[str, Any] = {}
    environment: Any = None
    for system in claim["systems"]:
        runs = {seed: opened_by(claim, path, system, seed) for seed in claim["seeds"]}
        environment = next(iter(runs.values())).folder.environment
        systems[system] = measured(runs)
    copied = {key: claim[key] for key in ("measure", "claim", "title", "protocol", "seeds")}
    return {**copied, "environment": environment, "systems": systems}


def accuracies(claim: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Summaries, folds and paired differences of all systems."""
    systems: dict[str, Any] = {}
    scores = {}
    run: Any = None
    for system in claim["systems"]:
        scores[system], run = gathered(claim, path, system)
        partial = scores[system].partial_sets
        systems[system] = {
            "commit": run.folder.environment["commit"],
            "config": yaml.safe_load((run.folder.path / "config.yaml").read_text()),
            "summary": [asdict(row) for row in scores[system].summary()],
            "partial": [asdict(row) for row in scores[system].average(partial, name="mean of partial sets")],
            "folds": [asdict(row) for row in scores[system].per_fold() if row.metric == "wa"],
        }
    partial = next(iter(scores.values())).partial_sets
    groups = {name: (name,) for name in run.components.protocols} | {"mean of partial sets": tuple(partial)}
    differences = [
        {"first": first, "other": other, **asdict(row)}
        for first, other in claim["compare"]
        for row in scores[first].compare(scores[other], groups=groups)
        if row.metric in ("wa", "weighted_f1")
    ]
    return {
        "claim": claim["claim"],
        "title": claim["title"],
        "protocol": claim["protocol"],
        "environment": run.folder.environment,
        "seeds": claim["seeds"],
        "folds": {str(number): len(fold.test) for number, fold in run.components.folds.items()},
        "best": run.bayes(run.components.protocols),
        "systems": systems,
        "differences": differences,
    }


def rounded(value: Any) -> Any:
    """Numbers to six digits: what a table needs, and a small file; null for what is undefined."""
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 6)
    if isinstance(value, Mapping):
        return {key: rounded(inner) for key, inner in value.items()}
    return [rounded(inner) for inner in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    main()
