"""Search for the settings of a system, on the validation dialogues of one fold."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.accuracy.runs import WORK, opened, parallel
from benchmarks.accuracy.systems import stored
from benchmarks.accuracy.systems.claim import Candidate, Claim
from graphmer.experiment.fold import FoldTraining
from graphmer.experiment.run import Silent
from graphmer.storage import write_text

RESULT = "trial.json"
"""File in the run folder of a trial that marks it as finished."""

STEPS = ("recipe", "learning_rate", "weight")
"""Steps of the search, each from the best candidate of those before."""


def search(claim: Claim, system: str, jobs: int, steps: Sequence[str] = STEPS) -> None:
    """Try candidates step by step, and store all their scores."""
    if not claim.searched(system) or claim.system_of(system) != system:
        print(f"{system} is measured as it is")
        return
    for step in steps:
        section = stored.load(system, claim.name)
        found = section.get("search", {"trials": []})
        tried = [trial["candidate"] for trial in found["trials"]]
        new = [
            each for each in candidates(claim, system, best(found["trials"]), step) if each.key not in tried
        ]
        train(claim, system, new, jobs)
        found["trials"] += [outcome(claim, system, candidate) for candidate in new]
        rules = {name: claim.rules[name] for name in ("fold", "seed", "epochs")}
        chosen = best(found["trials"])
        section["search"] = {**rules, **found, "chosen": None if chosen is None else chosen.key}
        stored.save(system, claim.name, section)


def candidates(claim: Claim, system: str, centre: Candidate | None, step: str) -> list[Candidate]:
    """Candidates of a step around the best one so far."""
    if step == "recipe":
        return [Candidate(recipe) for recipe in claim.recipes(system)]
    if centre is None or (step == "weight" and claim.weight(system) is None):
        return []
    return [replace(centre, **{step: factor}) for factor in claim.factors(system, step)]


def best(trials: Sequence[dict[str, Any]]) -> Candidate | None:
    """The candidate with the highest score; the earlier one of two equal ones."""
    done = [trial for trial in trials if trial["score"] is not None]
    if not done:
        return None
    return Candidate.from_key(max(done, key=lambda trial: trial["score"])["candidate"])


def train(claim: Claim, system: str, new: Sequence[Candidate], jobs: int) -> None:
    """Train candidates, several in parallel."""
    if jobs == 1:
        for candidate in new:
            trial(claim, system, candidate)
        return
    file = str(claim.folder / f"{claim.name}.yaml")
    command = [sys.executable, "-m", "benchmarks.accuracy.systems", "trial", file, system]
    parallel([[*command, candidate.key] for candidate in new], jobs)


def folder_of(claim: Claim, system: str, candidate: Candidate) -> Path:
    """Run folder of a trial."""
    return WORK / "systems" / claim.name / "search" / f"{system}-{candidate.key}"


def trial(claim: Claim, system: str, candidate: Candidate) -> None:
    """Train one candidate and store its score on validation; the test dialogues are not read."""
    folder = folder_of(claim, system, candidate)
    if (folder / RESULT).is_file():
        return
    rules = claim.rules
    run = opened(claim.config(system, candidate, epochs=rules["epochs"]), folder)
    training = FoldTraining(run.components, run.folder, run.fabric, rules["fold"], rules["seed"])
    begin = time.perf_counter()
    found: dict[str, Any] = {"candidate": candidate.key, "score": None}
    try:
        facts = training.fit(Silent()).facts
        found |= {"score": facts["validation"], "epoch": facts["epoch"]}
    except FloatingPointError as error:
        found["diverged"] = str(error)
    found["seconds"] = round(time.perf_counter() - begin, 2)
    write_text(folder / RESULT, json.dumps(found, indent=1))
    print(f"{system} {candidate.key}: {found['score']}, {found['seconds']:.0f} s", flush=True)


def outcome(claim: Claim, system: str, candidate: Candidate) -> dict[str, Any]:
    """What a finished trial stored: its score on validation, `None` if it diverged."""
    path = folder_of(claim, system, candidate) / RESULT
    return json.loads(path.read_text(encoding="utf-8"))
