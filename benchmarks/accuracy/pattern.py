"""What a model gains by reading the missing pattern, and what that costs where the pattern tells nothing.

    python -m benchmarks.accuracy.pattern simulated --seeds 1 2 3
    python -m benchmarks.accuracy.pattern iemocap4 --root data/iemocap4 --folds 1

On simulated dialogues the exact posteriors with and without the law stand beside the models; the trained
models are also used where the law has changed. Runs can be interrupted and continued; results go to
``benchmarks/results/pattern_<name>.json``.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.accuracy.run import RESULTS, rounded
from benchmarks.accuracy.runs import WORK, Quiet, opened

HERE = Path(__file__).parent
LAWS: Mapping[str, Mapping[str, str]] = {
    "simulated": {
        "mnar": "mnar:v@sad=0.8,v=0.3,a@angry=0.8,a=0.3,t=0.7,t@happy=0.5",
        "mcar": "mnar:a=0.4,t=0.64,v=0.4",
        "permuted": "mnar:v@angry=0.8,v=0.3,a@sad=0.8,a=0.3,t=0.7,t@neutral=0.5",
        "stronger": "mnar:v@sad=0.95,v=0.1,a@angry=0.95,a=0.1,t=0.8,t@happy=0.3",
    },
    "iemocap4": {
        "mnar": "mnar:n@sad=0.8,n=0.3,a@angry=0.8,a=0.3,t=0.5,t@happy=0.3",
        "mcar": "mnar:a=0.4,t=0.44,n=0.4",
    },
    "iemocap6": {"mnar": "mnar:n@sad=0.8,n=0.3,a@angry=0.8,a@frustrated=0.6,a=0.3,t=0.5"},
    "meld": {"mnar": "mnar:a@anger=0.8,a@sadness=0.8,a=0.3,t=0.5,t@joy=0.3"},
}
"""Laws by corpus: depending on the emotion; at about the same rates whatever the emotion; changed ones."""

OPTIONS = {"off": "false", "on": "true"}
DRAWS = 2000

Part = tuple[NDArray[np.float64], NDArray[np.int64], list[str]]
"""Probabilities ``[N, C]`` and classes ``[N]`` of labelled turns, and the dialogue of each."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=LAWS)
    parser.add_argument("--root", type=Path, help="corpus in graphmer's own format")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--folds", type=int, nargs="+", help="of the split; all by default")
    options = parser.parse_args()
    torch.set_num_threads(1)
    given = ["evaluation.rates=[]", f"seeds={options.seeds}"]
    given += [f"folds={options.folds}"] if options.folds else []
    given += [f"data.root={options.root.resolve()}"] if options.root else []
    runs = {
        (law, option): trained(options.name, law, option, given)
        for law in ("mnar", "mcar")
        if law in LAWS[options.name]
        for option in OPTIONS
    }
    store(options.name, runs)


def trained(name: str, law: str, option: str, given: Sequence[str]) -> Any:
    """A finished run, continued if it was begun."""
    from graphmer.config.load import load_config

    file = HERE / "simulated" / "turns_chain.yaml" if name == "simulated" else HERE / "pattern.yaml"
    added = [f"data.losses='{LAWS[name][law]}'", f"model.missing_pattern={OPTIONS[option]}"]
    run = opened(load_config(file, [*given, *added]), WORK / f"pattern_{name}" / f"{law}-{option}")
    run.train(Quiet(f"{law} {option}"))
    return run


def store(name: str, runs: Mapping[tuple[str, str], Any]) -> None:
    """Everything that was measured as one JSON file."""
    found: dict[tuple[str, str], list[Part]] = {}
    for (law, option), run in runs.items():
        found[law, option] = predicted(run, LAWS[name][law])
    for law in dict.fromkeys(law for law, _ in runs):
        found[law, "ignored"] = predicted(runs[law, "on"], LAWS[name][law], ignored=True)
    run = runs["mnar", "on"]
    warnings = {}
    for law in [law for law in LAWS[name] if (law, "on") not in runs]:
        for option in ("off", "on"):
            found[law, option] = predicted(runs["mnar", option], LAWS[name][law])
        found[law, "ignored"] = predicted(run, LAWS[name][law], ignored=True)
    if name == "simulated":
        for law, spec in LAWS[name].items():
            warnings[law] = warned(run, spec)
            found[law, "posterior"], found[law, "posterior with the law"] = exact(run, spec)
    result = {
        "measure": "pattern",
        "corpus": run.components.corpus.card.name,
        "laws": LAWS[name],
        "environment": run.folder.environment,
        "seeds": list(run.components.config.seeds),
        "turns": len(found["mnar", "on"][0][1]),
        "rows": [
            {"law": law, "system": system, **interval([measured(part) for part in parts])}
            for (law, system), parts in found.items()
        ],
        "differences": [
            {"law": law, "first": first, "other": other, **interval(apart(found, law, first, other))}
            for law in dict.fromkeys(law for law, _ in found)
            for first, other in (("off", "on"), ("ignored", "on"), ("posterior", "posterior with the law"))
            if (law, first) in found
        ],
        "share": share(found) if name == "simulated" else None,
        "warnings": warnings,
    }
    target = RESULTS / f"pattern_{name}.json"
    target.write_text(json.dumps(rounded(result), indent=1) + "\n")
    for row in [*result["rows"], *result["differences"]]:
        print({key: np.round(value, 4) if isinstance(value, list) else value for key, value in row.items()})
    print(result["share"], f"Stored: {target}", sep="\n")


def predicted(run: Any, losses: str, *, ignored: bool = False) -> list[Part]:
    """Predictions of the test parts of a corpus with these losses, one for each seed."""
    from graphmer.dialogue import Complete
    from graphmer.experiment.components import Components, FoldData
    from graphmer.experiment.fold import predict
    from graphmer.graph.dataset import GraphDataset
    from graphmer.training.model_file import load_model

    data = run.components.config.data.model_copy(update={"losses": losses})
    components = Components(run.components.config.model_copy(update={"data": data}))
    parts = []
    for seed in components.config.seeds:
        folds = []
        for number, fold in components.folds.items():
            model = load_model(run.folder.fold(number, seed))
            if ignored:
                model.model.network.missing_pattern.ignored = True
            test = FoldData(fold, components.corpus, model.standardiser).test
            dataset = GraphDataset(test, components.build)
            complete = {"complete": Complete()}
            found = predict(components, model.model, dataset, complete, torch.device("cpu"))["complete"]
            folds.append(labelled(found))
        parts.append(joined(folds))
    return parts


def labelled(found: Any) -> Part:
    rows = (found.target >= 0).numpy()
    ids = [found.dialogue_ids[number] for number in found.dialogue[rows].tolist()]
    return found.output[rows].double().numpy(), found.target[rows].numpy(), ids


def joined(parts: Sequence[Part]) -> Part:
    return (
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        [name for part in parts for name in part[2]],
    )


def exact(run: Any, losses: str) -> tuple[list[Part], list[Part]]:
    """The posteriors that ignore and that know the law, on all test parts."""
    from graphmer.corpora.posterior import posterior
    from graphmer.corpora.simulate import simulate
    from graphmer.experiment.losses import lossy

    corpus = lossy(simulate(run.components.config.data.simulation.seed), losses)
    names = {name for fold in run.components.folds.values() for name in fold.test}
    chosen = [dialogue for dialogue in corpus.dialogues if dialogue.id in names]
    found = []
    for laws in ((), (corpus.law,)):
        probability = np.concatenate([posterior(corpus.process, d, laws=laws) for d in chosen])
        target = np.concatenate([corpus.labels.encode(d.emotion).numpy() for d in chosen])
        found.append([(probability, target, [d.id for d in chosen for _ in d.emotion])])
    return found[0], found[1]


def warned(run: Any, losses: str) -> str | None:
    """The warning that `graphmer predict` prints for the dialogues of the corpus, with the first model."""
    from graphmer.corpora.simulate import simulate
    from graphmer.experiment.losses import lossy
    from graphmer.inference.pattern import PatternShift
    from graphmer.training.model_file import load_model

    corpus = lossy(simulate(run.components.config.data.simulation.seed), losses)
    (number, fold), *_ = run.components.folds.items()
    shift = PatternShift.of(load_model(run.folder.fold(number, run.components.config.seeds[0])))
    assert shift is not None
    for dialogue in corpus.dialogues:
        if dialogue.id in fold.test:
            shift.add(dialogue)
    return shift.warning()


def measured(part: Part) -> dict[str, NDArray[np.float64]]:
    """Sums over each dialogue, by id in order: turns, hits, and log-loss in nats."""
    probability, target, ids = part
    own = np.clip(probability[np.arange(len(target)), target], 1e-12, 1)
    number = np.unique(ids, return_inverse=True)[1]
    values = {"turns": np.ones(len(target)), "wa": probability.argmax(axis=1) == target, "loss": -np.log(own)}
    return {name: np.bincount(number, weights=value) for name, value in values.items()}


def apart(
    found: Mapping[tuple[str, str], Sequence[Part]], law: str, first: str, other: str
) -> list[dict[str, NDArray[np.float64]]]:
    """Differences of two systems, seed by seed."""
    pairs = zip(map(measured, found[law, first]), map(measured, found[law, other]), strict=True)
    return [
        {"turns": one["turns"], **{name: two[name] - one[name] for name in ("wa", "loss")}}
        for one, two in pairs
    ]


def interval(seeds: Sequence[Mapping[str, NDArray[np.float64]]]) -> dict[str, list[float]]:
    """Mean over seeds with its 95 % interval over dialogues (bootstrap): mean, low, high."""
    generator = np.random.default_rng(0)
    count = len(seeds[0]["turns"])
    drawn = generator.multinomial(count, np.full(count, 1 / count), size=DRAWS)
    turns = seeds[0]["turns"]
    found = {}
    for name in ("wa", "loss"):
        values = np.mean([seed[name] for seed in seeds], axis=0)
        low, high = np.percentile((drawn @ values) / (drawn @ turns), [2.5, 97.5])
        found[name] = [float(values.sum() / turns.sum()), float(low), float(high)]
    return found


def share(found: Mapping[tuple[str, str], Sequence[Part]]) -> dict[str, dict[str, float]]:
    r"""Share of what the exact posterior gains by knowing the law that a model gains, by measure and system.

    One minus what the model is further from the exact posterior than where nothing depends on the emotion,
    over the gain of the exact posterior: whatever else keeps the model from the exact one, it has there, too.
    """
    mean = {key: interval([measured(part) for part in parts]) for key, parts in found.items()}
    shares: dict[str, dict[str, float]] = {}
    for name in ("wa", "loss"):
        best = {law: mean[law, "posterior with the law"][name][0] for law in ("mnar", "mcar")}
        gain = best["mnar"] - mean["mnar", "posterior"][name][0]
        shares[name] = {
            system: 1
            - ((best["mnar"] - mean["mnar", system][name][0]) - (best["mcar"] - mean["mcar", "off"][name][0]))
            / gain
            for system in ("off", "ignored", "on")
        }
    return shares


if __name__ == "__main__":
    main()
