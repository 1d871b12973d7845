"""Measurement of a system: all folds of one seed, with the settings that the search chose."""

import json
import time
from dataclasses import asdict
from typing import Any

import torch
import yaml

from benchmarks.accuracy.runs import WORK, Quiet, opened
from benchmarks.accuracy.systems import stored
from benchmarks.accuracy.systems.claim import Candidate, Claim
from graphmer.config.load import dump_config
from graphmer.config.schema import Config
from graphmer.evaluation.scores import Scores
from graphmer.experiment.components import FoldData
from graphmer.experiment.fold import predict
from graphmer.graph.dataset import GraphDataset
from graphmer.training.model_file import load_model

PARTIAL = "mean of partial sets"


def measure(claim: Claim, system: str, seed: int, jobs: int) -> None:
    """Train and test all folds of one seed, and add what came out to what is stored."""
    candidate = chosen(claim, system)
    config = settings(claim, system, candidate, seed)
    run = opened(config, WORK / "systems" / claim.name / f"{system}-seed{seed}")
    torch.set_num_threads(1)
    scores = run.train(Quiet(system), jobs=jobs)
    section = stored.load(system, claim.name)
    add(section, scores, described(config), facts(run, seed) | {"candidate": candidate.key})
    stored.save(system, claim.name, section)
    print(f"Stored: {stored.FOLDER / system}.json, {claim.name}, seeds {section['scores']['seeds']}")


def chosen(claim: Claim, system: str) -> Candidate:
    """What the search chose on this corpus, or on the one whose search the claim takes over."""
    if not claim.searched(system):
        return Candidate()
    corpus = claim.values.get("search_of", claim.name)
    search = stored.load(system, corpus).get("search", {})
    if search.get("chosen") is None:
        raise SystemExit(f"search the settings of {system} on {corpus} first")
    return Candidate.from_key(search["chosen"])


def settings(claim: Claim, system: str, candidate: Candidate, seed: int) -> Config:
    """Configuration of a measurement."""
    config = claim.config(system, candidate)
    evaluation = config.evaluation.model_copy(update={"rates": tuple(claim["rates"])})
    return config.model_copy(update={"seeds": (seed,), "evaluation": evaluation, "published": None})


def described(config: Config) -> dict[str, Any]:
    """A configuration as JSON values, without what differs between machines and seeds."""
    values = yaml.safe_load(dump_config(config))
    for name in ("name", "seeds", "published"):
        del values[name]
    del values["data"]["root"]
    return values


def facts(run: Any, seed: int) -> dict[str, Any]:
    """Where and how long a seed was trained."""
    folders = {number: run.folder.fold(number, seed) for number in run.components.folds}
    results = {n: json.loads((path / "result.json").read_text("utf-8")) for n, path in folders.items()}
    environment = run.folder.environment
    names = ("commit", "versions", "platform", "processor", "device", "fingerprint")
    return {
        **{name: environment[name] for name in names},
        "seconds": {str(number): result["seconds"] for number, result in results.items()},
        "epoch": {str(number): result["epoch"] for number, result in results.items()},
        "validation": {str(number): result["validation"] for number, result in results.items()},
        "epochs": [stage.epochs for stage in run.components.stages],
        "parameters": sum(parameter.numel() for parameter in run.components.model().parameters()),
        "milliseconds_per_utterance": predict_time(run, seed),
    }


def predict_time(run: Any, seed: int, repeats: int = 3) -> float:
    """Shortest time to predict the test dialogues of the first fold with all modalities, per utterance."""
    components = run.components
    number, fold = next(iter(components.folds.items()))
    trained = load_model(run.folder.fold(number, seed), systems=components.systems)
    data = FoldData(fold, components.corpus, trained.standardiser, trained.encoding)
    test = GraphDataset(data.test, components.build)
    complete = dict([list(components.fixed.items())[-1]])
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        predict(components, trained.model, test, complete, torch.device("cpu"))
        times.append(time.perf_counter() - begin)
    return 1000 * min(times) / sum(len(dialogue) for dialogue in data.test)


def add(section: dict[str, Any], scores: Scores, config: dict[str, Any], found: dict[str, Any]) -> None:
    """Add the scores and facts of a seed to a section, replacing those that the same seed had.

    Raises:
        SystemExit: if other seeds were measured with other settings.
    """
    seed = scores.seeds[0]
    facts = {number: each for number, each in section.get("facts", {}).items() if number != str(seed)}
    if facts:
        if section["config"] != config:
            raise SystemExit(f"seeds {', '.join(facts)} were measured with other settings; remove them")
        scores = stored.joined(stored.load_scores(section["scores"]), scores)
    section |= {
        "config": config,
        "facts": dict(sorted({**facts, str(seed): found}.items(), key=lambda item: int(item[0]))),
        "summary": [asdict(row) for row in scores.summary()],
        "partial": [asdict(row) for row in scores.average(scores.partial_sets, name=PARTIAL)],
        "folds": [asdict(row) for row in scores.per_fold()],
        "scores": stored.dump_scores(scores),
    }
