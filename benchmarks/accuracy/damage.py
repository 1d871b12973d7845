"""The recipe under damage of one modality: as it is, with delays undone, and trained with damage.

    python -m benchmarks.accuracy.damage meld data/meld --seeds 1 2

The runs of the recipe are those of `benchmarks.accuracy.recipe` with the same seeds and folds. Every run can
be interrupted and continued; results go to ``benchmarks/results/damage_<name>.json``.
"""

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.accuracy.recipe import RECIPE
from benchmarks.accuracy.run import RESULTS, rounded
from benchmarks.accuracy.runs import WORK, Quiet, opened

LAG = 2
TRAINED: Mapping[str, Sequence[str]] = {
    "recipe": (),
    "damage": ("training.damage={share: 0.5}",),
    "reliability": (
        "training.damage={share: 0.5}",
        "model.reliability=0.5",
        "model.denoise=true",
        f"model.realign={LAG}",
    ),
}
"""What is trained: the recipe; the same with damage in training; and with the estimate of reliability."""
REPAIRED = "repaired"
"""The recipe's own weights, with delays undone and noise filtered: no training."""
KINDS = ("noise:1", "shift:1", "student:1", "clip:0.2", "block:0.5", "constant:0.5", "crosstalk:0.5")
STRENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
MAIN = {"class": ("weighted_f1", "wa"), "score": ("mae", "pearson")}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", help="of the corpus")
    parser.add_argument("root", type=Path, help="corpus in graphmer's own format")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--folds", type=int, nargs="+", help="of the split; all by default")
    parser.add_argument("--ablation", type=int, default=1, help="seeds of training with damage alone")
    parser.add_argument("--only", choices=TRAINED, nargs="*", help="train these and store nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    given = [
        f"data.root={options.root.resolve()}",
        "evaluation.rates=[0.3, 0.5, 0.7]",
        "evaluation.others=['drop:0.5']",
        *([f"folds={options.folds}"] if options.folds else []),
    ]
    runs = {
        system: trained([*given, *TRAINED[system]], system, options.name, seeds)
        for system in options.only or TRAINED
        if (seeds := options.seeds[: options.ablation] if system == "damage" else options.seeds)
    }
    if not options.only:
        store(options.name, runs)


def trained(given: Sequence[str], system: str, name: str, seeds: Sequence[int]) -> list[Any]:
    """One finished run for each seed."""
    from graphmer.config.load import load_config

    found = []
    kind = "recipe" if system == "recipe" else "damage"
    for seed in seeds:
        config = load_config(RECIPE, [*given, f"seeds=[{seed}]"])
        run = opened(config, WORK / f"{kind}_{name}" / f"{system}-seed{seed}")
        run.train(Quiet(system))
        found.append(run)
    return found


def conditions(modalities: Sequence[str]) -> list[str]:
    """Everything recorded, each modality missing, and each kind of damage of each modality."""
    from graphmer.dialogue.conditions import short_name

    names = {m: short_name([m], modalities) for m in modalities}
    others = [[o for o in modalities if o != m] for m in modalities]
    without = [short_name(left, modalities) for left in others if left]
    return ["complete", *without, *(f"{kind}@{names[m]}" for kind in KINDS for m in modalities)]


class Models:
    """The trained models of some runs, with their test dialogues."""

    def __init__(self, runs: Sequence[Any], *, repair: bool = False) -> None:
        self.runs = runs
        self.repair = repair

    def each(self) -> Iterable[tuple[Any, int, int, Any, Any]]:
        """Run, seed, fold, model and graphs of the test part."""
        from graphmer.graph.dataset import GraphDataset
        from graphmer.training.model_file import load_model

        for run in self.runs:
            for seed, number in run.models:
                trained = load_model(run.folder.fold(number, seed))
                fold = replace(
                    run.components.fold_data(run.components.folds[number], 0),
                    standardiser=trained.standardiser,
                )
                model = repairing(trained, fold.train) if self.repair else trained.model
                yield run, seed, number, model, GraphDataset(fold.test, run.components.build)

    def measured(self, specs: Sequence[str]) -> tuple[Any, dict[str, Any]]:
        """Scores under conditions, and what the estimate of reliability and the router do."""
        from graphmer.experiment.fold import predict

        kept, detected, weights = {}, [], []
        for run, seed, number, model, test in self.each():
            protocols = run.components.named(specs, "conditions")
            found = predict(run.components, model, test, protocols, torch.device("cpu"))
            kept |= {(seed, str(number), name): each for name, each in found.items()}
            if model.network.reliability is not None:
                from graphmer.evaluation.detection import detection

                detected.append(detection(found, run.components.modalities))
                weights.append(router_weights(model, test, run.components.modalities))
        scores = self.runs[0].scores(kept)
        return scores, {"detection": mean_of(detected), "router": mean_of(weights)} if detected else {}


def repairing(trained: Any, train: Sequence[Any]) -> Any:
    """The same model with delays undone and noise filtered."""
    network = trained.settings.network.model_copy(update={"realign": LAG, "denoise": True})
    model = trained.settings.model_copy(update={"network": network}).build()
    model.load_state_dict(trained.model.state_dict(), strict=False)
    model.calibrate(trained.model.calibration)
    model.network.prepare(train)
    return model.eval()


def router_weights(model: Any, test: Any, modalities: Sequence[str]) -> dict[str, dict[str, float]]:
    """Mean sum of a modality's router weights, by the strength of the noise on it."""
    from graphmer.dialogue.conditions import short_name
    from graphmer.dialogue.corruption import Noise
    from graphmer.graph.dataset import batches

    found: dict[str, dict[str, float]] = {}
    for column, modality in enumerate(modalities):
        written = short_name([modality], modalities)
        for strength in (0.0, *STRENGTHS):
            weights = []
            views = test.masked(Noise(strength, (modality,)), 0)
            with torch.inference_mode():
                for _, batch in batches(views, 1600):
                    router = model(batch).router
                    weights.append(router[batch.available[:, column], column].sum(dim=1))
            found.setdefault(written, {})[f"{strength:g}"] = float(torch.cat(weights).mean())
    return found


def mean_of(found: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, float]]:
    """Mean over models of numbers by two names."""
    return {
        outer: {inner: float(np.mean([each[outer][inner] for each in found])) for inner in found[0][outer]}
        for outer in found[0]
    }


def store(name: str, runs: Mapping[str, Sequence[Any]]) -> None:
    """Everything that was measured as one JSON file."""
    first = runs["recipe"][0]
    specs = conditions(first.components.modalities)
    models = {system: Models(each) for system, each in runs.items()}
    models[REPAIRED] = Models(runs["recipe"], repair=True)
    measured = {system: each.measured(specs) for system, each in models.items()}
    scores = {system: found for system, (found, _) in measured.items()}
    kind = "score" if first.components.corpus.labels.is_score else "class"
    result = {
        "measure": "damage",
        "corpus": first.components.corpus.card.name,
        "turns": {
            fold.name: [len(fold.train), len(fold.validation), len(fold.test)]
            for fold in first.components.folds.values()
        },
        "environment": first.folder.environment,
        "metrics": MAIN[kind],
        "systems": {
            system: {
                "commit": models[system].runs[0].folder.environment["commit"],
                "seeds": list(found.seeds),
                "summary": [asdict(row) for row in found.summary() if row.metric in MAIN[kind]],
                **measured[system][1],
            }
            for system, found in scores.items()
        },
        "differences": [
            {"first": "recipe", "other": other, **asdict(row)}
            for other in scores
            if other != "recipe"
            for row in scores["recipe"].compare(scores[other])
            if row.metric in MAIN[kind]
        ],
    }
    target = RESULTS / f"damage_{name}.json"
    target.write_text(json.dumps(rounded(result), indent=1) + "\n")
    print(f"Stored: {target}")


if __name__ == "__main__":
    main()
