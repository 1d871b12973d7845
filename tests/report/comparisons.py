"""Systems to compare, with random predictions of the same dialogues."""

from dataclasses import replace
from typing import Any

import numpy as np

from graphmer.dialogue import LabelSpace
from graphmer.evaluation.metrics import score_statistics
from graphmer.evaluation.scores import Scores
from graphmer.report.comparison import Column, Facts

CONDITIONS = ("a", "t", "at", "rate:0.5")
DIALOGUES = {"1": ("d0", "d1", "d2"), "2": ("d3", "d4")}
TARGETS = np.random.default_rng(7).integers(0, 3, size=(5, 6))
LEVELS = np.random.default_rng(8).integers(-3, 4, size=(5, 6)).astype(float)


def facts(**changes: Any) -> Facts:
    known = {
        "system": "momke",
        "split": "session, 0.12 for validation",
        "validation_parts": {"1": "aa", "2": "bb"},
        "mask_seed": 0,
        "masks": {name: f"mask of {name}" for name in CONDITIONS},
        "regime": "mixed",
        "parameters": 1234567,
        "training_seconds": 12.5,
        "prediction_seconds": 0.000123,
        "machine": "one core",
    }
    return Facts(**{**known, **changes})


def column(name: str, seed: int, *, seeds: int = 2, known: Facts | None = None, **meta: Any) -> Column:
    """A system that hits about as often as its number is high."""
    draw = np.random.default_rng(seed)
    counts = np.zeros((seeds, len(CONDITIONS), 5, 3, 3), dtype=np.int64)
    for index in np.ndindex(seeds, len(CONDITIONS), *TARGETS.shape):
        target = TARGETS[index[2:]]
        predicted = target if draw.random() < 0.3 + 0.1 * seed else draw.integers(0, 3)
        counts[(*index[:3], target, predicted)] += 1
    return Column(name, scores(counts, LabelSpace(("happy", "sad", "calm")), name, **meta), known or facts())


def regressor(name: str, noise: float) -> Column:
    """A system that predicts scores with some noise."""
    draw = np.random.default_rng(3)
    counts = np.zeros((1, len(CONDITIONS), 5, 16))
    for seed, condition, dialogue, turn in np.ndindex(1, len(CONDITIONS), *LEVELS.shape):
        target = LEVELS[dialogue, turn]
        predicted = target + noise * draw.normal()
        counts[seed, condition, dialogue] += score_statistics(np.array([target]), np.array([predicted]))[0]
    return Column(name, scores(counts, LabelSpace(interval=(-3.0, 3.0)), name), facts())


def scores(counts: np.ndarray, labels: LabelSpace, title: str, **meta: Any) -> Scores:
    return Scores(
        labels=labels,
        modalities=("audio", "text"),
        conditions=CONDITIONS,
        seeds=tuple(range(len(counts))),
        folds=DIALOGUES,
        counts=counts,
        missing=(0.5, 0.5, 0.0, 0.48),
        meta={
            "title": title,
            "simulated": False,
            "selection": "validation",
            "corpus": "Talks",
            "fingerprint": "f" * 64,
            **meta,
        },
    )


def three() -> list[Column]:
    return [column("weak", 1), column("middle", 3), column("strong", 5)]


def changed(given: Column, **fields: Any) -> Column:
    """The column with other scores."""
    return replace(given, scores=replace(given.scores, **fields))
