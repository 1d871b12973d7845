"""Damage to any file of a run is named in one line, or changes nothing of what is read from the run."""

import json
import logging
import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from graphmer.errors import GraphmerError
from graphmer.experiment import Run
from graphmer.experiment.comparing import column_of
from graphmer.experiment.reporting import report_content
from graphmer.inference import load
from tests.counts import record
from tests.experiment.tiny import Interrupted, begin, write_corpus
from tests.properties.mutations import EXAMPLES

pytestmark = pytest.mark.fuzz

FOR_PEOPLE = {"change.json", "scores.md", "hardness.md", "run.lock"}
"""Files that no command reads."""


def _resume(path: Path) -> object:
    run = Run.reopen(path)
    scores = run.train()
    epochs = [(each["fold"], each["number"], each["losses"], each["score"]) for each in run.folder.records()]
    return scores.counts.tolist(), scores.meta, epochs


def _compare(path: Path) -> object:
    found = column_of(path)
    return found.name, found.facts, found.scores.counts.tolist(), found.scores.meta


def _evaluate(path: Path) -> object:
    run = Run.reopen(path)
    found = run.predict(run.components.named(["a"], "--conditions"))
    return [each.output.tolist() for each in found.values()]


def _predict(path: Path) -> object:
    predictor, (dialogue, *_) = load(path), Run.reopen(path).components.corpus.dialogues
    found = predictor.what_if(dialogue)
    return found.actual.probability.tolist(), [str(each) for each in found.help]


COMMANDS: Mapping[str, Callable[[Path], object]] = {
    "train --resume": _resume,
    "report": lambda path: report_content(Run.reopen(path)),
    "compare": _compare,
    "evaluate": _evaluate,
    "predict": _predict,
}


@dataclass
class Stored:
    """A run folder, the contents of its files, and what each command finds in it."""

    path: Path
    files: dict[str, bytes]
    found: dict[str, str]

    def restore(self) -> None:
        shutil.rmtree(self.path)
        for name, content in self.files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_bytes(content)


def stored(path: Path, commands: Mapping[str, Callable[[Path], object]]) -> Stored:
    files = {str(each.relative_to(path)): each.read_bytes() for each in path.rglob("*") if each.is_file()}
    run = Stored(path, files, {})
    for command, read in commands.items():
        run.found[command] = json.dumps(read(path))
        run.restore()
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> list[Stored]:
    """A finished run, and one that was interrupted."""
    folder = tmp_path_factory.mktemp("damage")
    corpus = write_corpus(folder / "corpus")
    finished, interrupted = (begin(folder, corpus, folds=[1]) for _ in range(2))
    finished.train()
    with pytest.raises(KeyboardInterrupt):
        interrupted.train(Interrupted())
    return [
        stored(finished.folder.path, COMMANDS),
        stored(interrupted.folder.path, {"train --resume": _resume}),
    ]


def test_damage_to_a_run_is_named_or_changes_nothing(runs, caplog):
    cases = [
        (run, command, name)
        for run in runs
        for command in run.found
        for name, content in sorted(run.files.items())
        if content and name not in FOR_PEOPLE
    ]
    draw = random.Random(0)
    tried = survived = 0
    try:
        for _ in range(EXAMPLES):
            tried += 1
            run, command, name = draw.choice(cases)
            content = bytearray(run.files[name])
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
            (run.path / name).write_bytes(content)
            caplog.clear()
            assert_named_or_equal(run, command, name, caplog)
            run.restore()
            survived += 1
    finally:
        record("test_damaged_runs", "mutation", tried, survived)


def assert_named_or_equal(run: Stored, command: str, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """The command says which file is damaged, in one line, or finds what it finds in the whole run."""
    named = f"{run.path / name}: "
    try:
        with caplog.at_level(logging.WARNING):
            found = json.dumps(COMMANDS[command](run.path))
    except GraphmerError as error:
        lines = str(error).splitlines()
        assert len(lines) == 1 or name == "config.yaml"  # all problems of a configuration are named
        assert str(run.path / name) in lines[0] or named in caplog.text, (command, name, lines)
        return
    assert found == run.found[command] or named in caplog.text, (command, name)
