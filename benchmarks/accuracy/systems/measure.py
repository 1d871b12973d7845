"""Measurement of a system: all folds of one seed, with the settings that the search chose."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import yaml

from benchmarks.accuracy.run import rounded
from benchmarks.accuracy.runs import WORK, Quiet, opened
from benchmarks.accuracy.systems import stored
from benchmarks.accuracy.systems.claim import Candidate, Claim
from graphmer.config.load import dump_config
from graphmer.config.schema import Config
from graphmer.evaluation.gathering import Key
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.scores import Scores
from graphmer.experiment.components import Components, FoldData
from graphmer.experiment.fold import predict
from graphmer.graph.dataset import GraphDataset
from graphmer.systems import SYSTEMS
from graphmer.training.model_file import load_model

PARTIAL = "mean of partial sets"


def measure(claim: Claim, system: str, seed: int, jobs: int) -> None:
    """Train and test all folds of one seed, and add what came out to what is stored."""
    if claim.corpus != claim.name and claim.system_of(system) == system:
        raise SystemExit(f"{system} itself is measured by the claim {claim.corpus}")
    candidate = chosen(claim, system)
    config = settings(claim, system, candidate, seed)
    torch.set_num_threads(1)
    folder = WORK / "systems" / claim.corpus / f"{system}-seed{seed}"
    if claim.entry(system).get("per_condition"):
        scores, found = of_each_condition(system, config, folder, jobs)
    else:
        run = opened(config, folder)
        scores, found = run.train(Quiet(system), jobs=jobs), facts(run, seed)
    section = stored.load(system, claim.corpus)
    add(section, scores, described(config), found | {"candidate": candidate.key})
    stored.save(system, claim.corpus, section)
    print(f"Stored: {stored.FOLDER / system}.json, {claim.corpus}, seeds {section['scores']['seeds']}")


def of_each_condition(system: str, config: Config, folder: Path, jobs: int) -> tuple[Scores, dict[str, Any]]:
    """Scores of models that are trained, selected and tested under one condition each, and their facts.

    What is masked in training is masked as in the test; a stage that masks nothing masks nothing.
    """
    protocols, run = list(Components(config).protocols), None
    kept: dict[Key, Predictions] = {}
    found: dict[str, Any] = {}
    for name in protocols:
        mask = name if ":" in name else f"fixed:{name}"
        stages = tuple(
            stage if stage.mask == "complete" else stage.model_copy(update={"mask": mask})
            for stage in config.stages(SYSTEMS)
        )
        training = config.training.model_copy(update={"stages": stages})
        evaluation = config.evaluation.model_copy(update={"conditions": (name,), "rates": ()})
        own = config.model_copy(update={"training": training, "evaluation": evaluation})
        run = opened(own, folder / name.replace(":", "_"))
        run.train(Quiet(f"{system} {name}"), jobs=jobs)
        kept |= run.kept()
        of_run = facts(run, config.seeds[0])
        for fact in ("seconds", "cpu_seconds", "epoch", "validation"):
            of_run[fact] = {f"{name} {fold}": value for fold, value in of_run[fact].items()}
            of_run[fact] |= found.get(fact, {})
        found = of_run
    return run.scores(kept, title=system), found


def chosen(claim: Claim, system: str) -> Candidate:
    """What the search chose on this corpus, or on the one whose search the claim takes over."""
    if not claim.searched(system):
        return Candidate()
    corpus = claim.values.get("search_of", claim.name)
    search = stored.load(claim.system_of(system), corpus).get("search", {})
    if search.get("chosen") is None:
        raise SystemExit(f"search the settings of {claim.system_of(system)} on {corpus} first")
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
        "cpu_seconds": {str(number): result["cpu_seconds"] for number, result in results.items()},
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
        "summary": rounded([asdict(row) for row in scores.summary()]),
        "partial": rounded([asdict(row) for row in scores.average(scores.partial_sets, name=PARTIAL)]),
        "folds": rounded([asdict(row) for row in scores.per_fold()]),
        "scores": stored.dump_scores(scores),
    }
