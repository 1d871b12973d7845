"""Frozen and tuned text features, of single turns and in the graph model.

    graphmer features MELD data/meld_text
    graphmer features tune MELD data/meld_tuned
    python -m benchmarks.accuracy.tuned meld data/meld_text data/meld_tuned --seeds 1 2 3

The systems are logistic regression on frozen features, the graph model on them
(`examples/meld_text.yaml`), the tuned networks alone, and the graph model on what they predict
(`examples/meld_tuned.yaml`). Every run can be interrupted and continued; results go to
``benchmarks/results/tuned_<name>.json``. Under ``drop:0.5`` half of the turns have no text; a system without
context predicts the distribution of the training labels for them. Where both corpora have audio as well, the
conditions are its sets and ``rate:0.5``; the tuned networks alone read text only.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.accuracy.run import RESULTS, rounded
from benchmarks.accuracy.runs import WORK, Quiet, opened

EXAMPLES = Path(__file__).parents[2] / "examples"
DROPPED = "drop:0.5"
SETTINGS = ("evaluation.rates=[0.5]", f"evaluation.others=['{DROPPED}']")
LOGISTIC = (
    *("model={system: logistic}", "graph=null", "training.stages=null", "training.logit_adjustment=false"),
    *("heads.decoder=none", "heads.change=false"),
)
SYSTEMS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "frozen, single turn": ("meld_text.yaml", "frozen", LOGISTIC),
    "frozen, graph": ("meld_text.yaml", "frozen", ()),
    "tuned, graph": ("meld_tuned.yaml", "tuned", ()),
}
ALONE = "tuned, single turn"
COMPARED = (
    ("frozen, single turn", ALONE),
    ("frozen, graph", "tuned, graph"),
    (ALONE, "tuned, graph"),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", help="of the corpus")
    parser.add_argument("frozen", type=Path, help="corpus of `graphmer features`")
    parser.add_argument("tuned", type=Path, help="corpus of `graphmer features tune`")
    parser.add_argument("--shuffled", type=Path, help="a tuned corpus whose training labels were shuffled")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    options = parser.parse_args()
    torch.set_num_threads(1)
    roots = {"frozen": options.frozen.resolve(), "tuned": options.tuned.resolve()}
    found: dict[str, dict[tuple[int, str, str], Any]] = {}
    runs: dict[str, Any] = {}
    for system, (file, features, settings) in SYSTEMS.items():
        given = [f"data.root={roots[features]}", *SETTINGS, *settings]
        seeds = options.seeds[:1] if settings is LOGISTIC else options.seeds  # the fit has no randomness
        runs[system], found[system] = trained(EXAMPLES / file, given, system, options.name, seeds)
    last = runs["tuned, graph"]
    first = {key: each for key, each in found["tuned, graph"].items() if key[0] == options.seeds[0]}
    found[ALONE] = {key: alone(each, last.components) for key, each in first.items()}
    store(options.name, found, runs, None if options.shuffled is None else leak(options.shuffled))


def trained(
    path: Path, given: Sequence[str], system: str, name: str, seeds: Sequence[int]
) -> tuple[Any, dict[tuple[int, str, str], Any]]:
    """The last run of a system, and its predictions by seed, fold and condition."""
    from graphmer.config.load import load_config
    from graphmer.evaluation.predictions import Predictions
    from graphmer.experiment.fold import predictions_path

    found = {}
    run: Any = None
    for seed in seeds:
        folder = WORK / f"tuned_{name}" / f"{system.replace(', ', '_').replace(' ', '_')}-seed{seed}"
        run = opened(load_config(path, [*given, f"seeds=[{seed}]"]), folder)
        run.train(Quiet(system))
        for condition in run.components.protocols:
            found[seed, "1", condition] = Predictions.load(
                predictions_path(run.folder.fold(1, seed), condition)
            )
    return run, found


def alone(predicted: Any, components: Any) -> Any:
    """Predictions of the tuned networks for the same turns: their features, or the training distribution."""
    corpus = components.corpus
    (fold,) = components.folds.values()
    known = {dialogue.id: dialogue for dialogue in corpus.dialogues}
    labels = torch.cat([corpus.labels.encode(known[id].emotion) for id in fold.train])
    share = torch.bincount(labels[labels >= 0], minlength=corpus.labels.outputs).float()
    features = {
        (id, turn): row
        for id in predicted.dialogue_ids
        for turn, row in zip(known[id].utterance_ids, known[id].features["text"], strict=True)
    }
    rows = torch.stack([features[key][: len(share)] for key in predicted.keys])
    has = predicted.available[:, [components.modalities.index("text")]]
    output = rows.softmax(dim=1).where(has, share / share.sum())
    return replace(predicted, output=output, change=None, changed=None)


def leak(folder: Path) -> dict[str, float]:
    """How much cross-fitted features know of shuffled labels, in nats; the interval is over dialogues.

    ``gain`` is the log-likelihood of the training labels under the features, each calibrated on them, above
    that of their distribution. Features that leak have a positive gain.
    """
    import numpy as np

    from graphmer.corpora.dataset import read_dataset

    corpus = read_dataset(folder)
    train = set(corpus.official["train"])
    dialogues = [each for each in corpus.dialogues if each.id in train]
    labels = [corpus.labels.encode(each.emotion) for each in dialogues]
    share = torch.cat(labels).bincount(minlength=corpus.labels.outputs).float()
    known = [
        each.features["text"].log_softmax(dim=1)[torch.arange(len(each)), label]
        for each, label in zip(dialogues, labels, strict=True)
    ]
    prior = (share / share.sum()).log()
    gains = [float((rows - prior[label]).sum()) for rows, label in zip(known, labels, strict=True)]
    turns = [len(label) for label in labels]
    draws = np.random.default_rng(0).integers(0, len(gains), (1000, len(gains)))
    resampled = np.array(gains)[draws].sum(axis=1) / np.array(turns)[draws].sum(axis=1)
    low, high = np.quantile(resampled, (0.025, 0.975))
    return {"gain": sum(gains) / sum(turns), "low": float(low), "high": float(high)}


def store(
    name: str, found: Mapping[str, Any], runs: Mapping[str, Any], shuffled: Mapping[str, float] | None
) -> None:
    """Everything that was measured as one JSON file."""
    from graphmer.evaluation.scores import Scores

    components = runs["tuned, graph"].components
    scores = {
        system: Scores.from_predictions(
            each,
            labels=components.corpus.labels,
            modalities=components.modalities,
            meta={"title": system, "simulated": False, "selection": "validation"},
        )
        for system, each in found.items()
    }
    (fold,) = components.folds.values()
    result: dict[str, Any] = {
        "measure": "tuned",
        "title": f"{components.corpus.card.name}: trained on {len(fold.train)} dialogues, tested on "
        f"{len(fold.test)}",
        "environment": runs["tuned, graph"].folder.environment,
        "extractors": {
            system: {
                m: each.model_dump(mode="json") for m, each in run.components.corpus.card.extractors.items()
            }
            for system, run in runs.items()
        },
        "systems": {
            system: {"seeds": list(each.seeds), "summary": [asdict(row) for row in each.summary()]}
            for system, each in scores.items()
        },
        "differences": [
            {"first": one, "other": other, **asdict(row)}
            for one, other in COMPARED
            for row in scores[one].compare(scores[other])
            if row.metric in ("wa", "weighted_f1")
        ],
    }
    if shuffled is not None:
        result["shuffled"] = dict(shuffled)
        print(f"gain of features tuned on shuffled labels: {shuffled}")
    target = RESULTS / f"tuned_{name}.json"
    target.write_text(json.dumps(rounded(result), indent=1) + "\n")
    for system, each in scores.items():
        for row in each.summary():
            if row.metric in ("wa", "weighted_f1"):
                interval = f"[{row.low:.3f}, {row.high:.3f}]"
                print(f"{system:22} {row.condition:9} {row.metric:12} {row.mean:.3f} {interval}")
    print(f"Stored: {target}")


if __name__ == "__main__":
    main()
