"""The recipe for every corpus beside MoMKE and logistic regression on single turns.

    python -m benchmarks.accuracy.recipe meld data/meld --seeds 1 2 3

All systems have the same splits, masks, selection on validation and number of updates; MoMKE has the
reference block and its own attention over the dialogue. Every run can be interrupted and continued; results
go to ``benchmarks/results/recipe_<name>.json``.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.accuracy.run import RESULTS, rounded
from benchmarks.accuracy.runs import WORK, Quiet, opened

RECIPE = Path(__file__).parents[2] / "configs" / "recipe.yaml"
ALONE = ("graph=null", "heads.decoder=none", "heads.change=false", "training.logit_adjustment=false")
SYSTEMS: Mapping[str, Sequence[str]] = {
    "logistic": ("model={system: logistic}", "training.stages=null", *ALONE),
    "momke": ("model={system: momke, block: reference}", *ALONE),
    "recipe": (),
}
DETERMINISTIC = ("logistic",)
MAIN = {"class": ("wa", "weighted_f1"), "score": ("mae", "pearson")}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", help="of the corpus")
    parser.add_argument("root", type=Path, help="corpus in graphmer's own format")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--rates", type=float, nargs="*", default=[0.3, 0.5, 0.7])
    parser.add_argument("--folds", type=int, nargs="+", help="of the split; all by default")
    options = parser.parse_args()
    torch.set_num_threads(1)
    given = [
        f"data.root={options.root.resolve()}",
        f"evaluation.rates={options.rates}",
        "evaluation.others=['drop:0.5']",
        *([f"folds={options.folds}"] if options.folds else []),
    ]
    runs = {
        system: trained([*given, *settings], system, options.name, options.seeds)
        for system, settings in SYSTEMS.items()
    }
    store(options.name, runs)


def trained(given: Sequence[str], system: str, name: str, seeds: Sequence[int]) -> list[Any]:
    """One finished run for each seed."""
    from graphmer.config.load import load_config

    found = []
    for seed in seeds[:1] if system in DETERMINISTIC else seeds:
        config = load_config(RECIPE, [*given, f"seeds=[{seed}]"])
        run = opened(config, WORK / f"recipe_{name}" / f"{system}-seed{seed}")
        run.train(Quiet(system))
        found.append(run)
    return found


def store(name: str, runs: Mapping[str, Sequence[Any]]) -> None:
    """Everything that was measured as one JSON file."""
    scores = {}
    for system, each in runs.items():
        kept = {key: found for run in each for key, found in run.kept().items()}
        scores[system] = each[0].scores(kept, title=system)
    components = runs["recipe"][0].components
    (kind,) = {"score" if components.corpus.labels.is_score else "class"}
    result = {
        "measure": "recipe",
        "corpus": components.corpus.card.name,
        "turns": {
            fold.name: [len(fold.train), len(fold.validation), len(fold.test)]
            for fold in components.folds.values()
        },
        "environment": runs["recipe"][0].folder.environment,
        "metrics": MAIN[kind],
        "systems": {
            system: {
                "seeds": list(each.seeds),
                "seconds": seconds(runs[system]),
                "summary": [asdict(row) for row in each.summary()],
            }
            for system, each in scores.items()
        },
        "differences": [
            {"first": other, "other": "recipe", **asdict(row)}
            for other in ("logistic", "momke")
            for row in scores[other].compare(scores["recipe"])
        ],
    }
    target = RESULTS / f"recipe_{name}.json"
    target.write_text(json.dumps(rounded(result), indent=1) + "\n")
    for row in result["differences"]:
        if row["metric"] in MAIN[kind]:
            print(f"recipe - {row['first']:9} {row['condition']:9} {row['metric']:12} {row['mean']:+.3f}")
    print(f"Stored: {target}")


def seconds(runs: Sequence[Any]) -> float:
    """Mean processor time of a model, in seconds."""
    spent = [
        json.loads(path.read_text())["cpu_seconds"]
        for run in runs
        for path in run.folder.path.glob("fold*-seed*/result.json")
    ]
    return sum(spent) / len(spent)


if __name__ == "__main__":
    main()
