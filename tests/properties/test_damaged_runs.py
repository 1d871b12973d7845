"""Damage to any file of a run is named in one line, or changes nothing of what is read from the run."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
import torch

from graphmer.errors import GraphmerError
from graphmer.experiment import Run
from graphmer.experiment.comparing import column_of
from graphmer.experiment.reporting import report_content
from graphmer.inference import load
from tests.experiment.tiny import begin, write_corpus

NOT_READ = {"run.lock", "scores.md", "change.json"}
"""Files that are written for people and other programs."""
PLACES = 12


def _trained(path: Path) -> object:
    run = Run.reopen(path)
    scores = run.train()
    return scores.counts.tolist(), scores.meta


def _report(path: Path) -> object:
    return report_content(Run.reopen(path))


def _column(path: Path) -> object:
    found = column_of(path)
    return found.name, found.facts, found.scores.counts.tolist(), found.scores.meta


def _evaluated(path: Path) -> object:
    run = Run.reopen(path)
    found = run.predict(run.components.named(["a"], "--conditions"))
    return [each.output.tolist() for each in found.values()]


def _predicted(path: Path) -> object:
    predictor = load(path)
    (dialogue, *_) = Run.reopen(path).components.corpus.dialogues
    return predictor.predict(dialogue).probability.tolist(), predictor.help(("audio",))


COMMANDS: Mapping[str, Callable[[Path], object]] = {
    "train --resume": _trained,
    "report": _report,
    "compare": _column,
    "evaluate": _evaluated,
    "predict": _predicted,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("damage")
    begun = begin(folder, write_corpus(folder / "corpus"), folds=[1])
    begun.train()
    return begun.folder.path


def files_of(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}


def flipped(content: bytes) -> Iterator[bytes]:
    """Content with one flipped bit."""
    draw = np.random.default_rng(len(content))
    for place in draw.integers(len(content), size=PLACES):
        changed = bytearray(content)
        changed[place] ^= 1 << int(draw.integers(8))
        yield bytes(changed)
