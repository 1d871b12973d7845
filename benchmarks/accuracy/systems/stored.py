"""Stored results: one file a system, with a section for each corpus."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from benchmarks.accuracy.run import RESULTS
from graphmer.dialogue import LabelSpace
from graphmer.evaluation.scores import Scores
from graphmer.storage import write_text

FOLDER = RESULTS / "systems"


def load(system: str, corpus: str) -> dict[str, Any]:
    """Section of a system on a corpus; empty where nothing is stored."""
    return _all(system).get(corpus, {})


def save(system: str, corpus: str, section: Mapping[str, Any]) -> None:
    """Replace the section of a system on a corpus."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    content = {**_all(system), corpus: section}
    write_text(FOLDER / f"{system}.json", json.dumps(content, indent=1, allow_nan=False) + "\n")


def _all(system: str) -> dict[str, Any]:
    path = FOLDER / f"{system}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def measured(systems: list[str], corpus: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The systems that are measured on a corpus, and their sections."""
    for system in systems:
        section = load(system, corpus)
        if "scores" in section:
            yield system, section


def dump_scores(scores: Scores) -> dict[str, Any]:
    """Scores as JSON values; the statistics of a seed and condition are one line of numbers."""
    lines = [[_line(of_condition) for of_condition in of_seed] for of_seed in scores.counts]
    return {
        "meta": dict(scores.meta),
        "labels": {
            "names": scores.labels.names,
            "interval": scores.labels.interval,
            "polarity": dict(scores.labels.polarity),
        },
        "modalities": scores.modalities,
        "conditions": scores.conditions,
        "seeds": scores.seeds,
        "folds": {name: " ".join(ids) for name, ids in scores.folds.items()},
        "missing": scores.missing,
        "shape": scores.counts.shape[2:],
        "counts": lines,
        "calibration_error": scores.calibration_error,
    }


def _line(counts: Any) -> str:
    return " ".join(f"{value:.9g}" for value in np.asarray(counts).ravel())


def load_scores(stored: Mapping[str, Any]) -> Scores:
    """Scores that `dump_scores` wrote."""
    labels = stored["labels"]
    interval = labels["interval"]
    space = LabelSpace(
        names=tuple(labels["names"]),
        interval=None if interval is None else tuple(interval),
        polarity=labels["polarity"],
    )
    kind = float if space.is_score else int
    counts = np.array([[line.split() for line in lines] for lines in stored["counts"]], dtype=kind)
    return Scores(
        labels=space,
        modalities=tuple(stored["modalities"]),
        conditions=tuple(stored["conditions"]),
        seeds=tuple(stored["seeds"]),
        folds={name: tuple(ids.split()) for name, ids in stored["folds"].items()},
        counts=counts.reshape(*counts.shape[:2], *stored["shape"]),
        missing=tuple(stored["missing"]),
        meta=stored["meta"],
        calibration_error=tuple(map(tuple, stored["calibration_error"])),
    )


def joined(first: Scores, second: Scores) -> Scores:
    """Scores of the same dialogues and conditions with the seeds of both."""
    same = ("labels", "modalities", "conditions", "folds")
    if any(getattr(first, name) != getattr(second, name) for name in same):
        raise SystemExit("the stored seeds were measured on other dialogues or conditions; remove them")
    by_seed = {
        seed: (counts, error)
        for each in (first, second)
        for seed, counts, error in zip(
            each.seeds, each.counts, each.calibration_error or [()] * len(each.seeds), strict=True
        )
    }
    seeds = tuple(sorted(by_seed))
    return Scores(
        **{name: getattr(first, name) for name in (*same, "missing", "meta")},
        seeds=seeds,
        counts=np.stack([by_seed[seed][0] for seed in seeds]),
        calibration_error=tuple(by_seed[seed][1] for seed in seeds) if first.calibration_error else (),
    )
