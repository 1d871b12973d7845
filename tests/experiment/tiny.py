"""A corpus of a few kilobytes in the layout of GCNet, and a configuration that trains on it in a second."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from graphmer.config.load import load_config
from graphmer.config.schema import Config
from graphmer.corpora.assemble import Assembly
from graphmer.corpora.base import Card
from graphmer.corpora.dataset import write_dataset
from graphmer.corpora.problems import Findings
from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.experiment import Run
from graphmer.training.trainer import Epoch

FOLDERS = {"audio": "wav", "text": "bert"}
WIDTHS = {"audio": 3, "text": 4}
SIZES = ((3, 5, 4), (4, 3, 5), (5, 4, 3))


class Silent:
    """A callback that says nothing."""

    def on_fold_start(self, fold: int, seed: int, epochs: int) -> None: ...

    def on_epoch_end(self, fold: int, seed: int, epoch: Epoch) -> None: ...

    def on_fold_end(self, fold: int, seed: int) -> None: ...


class Interrupted(Silent):
    """A callback that interrupts the training after its third epoch."""

    def on_epoch_end(self, fold: int, seed: int, epoch: Epoch) -> None:
        if epoch.number == 3:
            raise KeyboardInterrupt


def labels_of(sizes: Sequence[Sequence[int]] = SIZES) -> dict[str, list[int]]:
    """Classes 0 to 3 in turn, by dialogue."""
    ids = [f"Ses0{s}F_d{d}" for s, lengths in enumerate(sizes, 1) for d in range(len(lengths))]
    lengths = [length for session in sizes for length in session]
    return {
        id: [(n + t) % 4 for t in range(length)]
        for n, (id, length) in enumerate(zip(ids, lengths, strict=True))
    }


def write_corpus(root: Path, labels: Mapping[str, Sequence[int]] | None = None) -> Path:
    """Three sessions of three short dialogues of two speakers; features carry the class and noise."""
    labels = labels_of() if labels is None else labels
    root.mkdir(parents=True, exist_ok=True)
    names = {id: [f"{id}_{'FM'[t % 2]}{t:03d}" for t in range(len(row))] for id, row in labels.items()}
    fields = (
        names,
        {id: list(row) for id, row in labels.items()},
        {id: ["FM"[t % 2] for t in range(len(row))] for id, row in labels.items()},
        {id: [f"turn {t}" for t in range(len(row))] for id, row in labels.items()},
        sorted(labels)[:-1],
        sorted(labels)[-1:],
    )
    (root / "labels.pkl").write_bytes(pickle.dumps(fields))
    draw = np.random.default_rng(0)
    truth = labels_of()
    for folder, width in zip(FOLDERS.values(), WIDTHS.values(), strict=True):
        (root / "features" / folder).mkdir(parents=True, exist_ok=True)
        for id, row in names.items():
            for turn, name in enumerate(row):
                vector = draw.normal(size=width)
                vector[truth.get(id, row and [0] * len(row))[turn] % width] += 2
                np.save(vector_path(root, folder, name), vector.astype(np.float32))
    return root


def vector_path(root: Path, folder: str, utterance: str) -> Path:
    return root / "features" / folder / f"{utterance}.npy"


def settings(root: Path | None = None, **changes: Any) -> dict[str, Any]:
    """A configuration as YAML would give it; `changes` are settings as ``training__clip=1``."""
    values: dict[str, Any] = {
        "name": "tiny",
        "data": {"format": "gcnet", "root": str(root), "labels": "labels.pkl", "features": dict(FOLDERS)},
        "split": {"scheme": "session", "validation": 0.3},
        "graph": {
            "rules": {"near": {"rule": "adjacent"}, "own": {"rule": "same_speaker", "past": 1, "future": 0}},
        },
        "model": {
            "system": "graphmer",
            "width": 8,
            "depth": 1,
            "dropout": 0.1,
            "block": "preln",
            "message_passing": {"width": 8, "depth": 1},
        },
        "training": {
            "stages": [
                {"name": "experts", "objective": "unimodal", "epochs": 1, "mask": "complete"},
                {"name": "mixing", "objective": "mixing", "epochs": 3},
            ],
            "batch_nodes": 8,
        },
        "evaluation": {"rates": [0.5]},
    }
    if root is None:
        values["data"] = {
            "format": "simulated",
            "simulation": {"dialogues": 5, "widths": {"audio": 12, "text": 12}},
        }
    for name, value in changes.items():
        *sections, field = name.split("__")
        inner = values
        for section in sections:
            inner = inner.setdefault(section, {})
        inner[field] = value
    return values


def write_config(path: Path, root: Path | None = None, **changes: Any) -> Path:
    """The configuration as a file."""
    path.write_text(yaml.safe_dump(settings(root, **changes), sort_keys=False), encoding="utf-8")
    return path


def config(folder: Path, root: Path | None = None, **changes: Any) -> Config:
    """The configuration, checked."""
    folder.mkdir(parents=True, exist_ok=True)
    return load_config(write_config(folder / "tiny.yaml", root, **changes))


def begin(folder: Path, root: Path | None = None, **changes: Any) -> Run:
    """A new run below ``folder/runs``, on the processor."""
    from graphmer.cli.options import make_fabric

    return Run.begin(config(folder, root, **changes), folder / "runs", make_fabric("cpu", "32-true"))


def reopen(path: Path) -> Run:
    from graphmer.cli.options import make_fabric

    return Run.reopen(path, make_fabric("cpu", "32-true"))


def write_own(
    root: Path,
    dialogues: Sequence[Dialogue],
    labels: LabelSpace,
    widths: Mapping[str, int],
    parts: Mapping[str, str] | None = None,
) -> Path:
    """A corpus in graphmer's own format."""
    assembly = Assembly(labels, widths, Findings())
    write_dataset(assembly.corpus(Card("Mine", "none", "none"), labels, dialogues, parts or {}), root)
    return root


def arrays_of(path: Path) -> dict[str, Any]:
    """Contents of an ``.npz``."""
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
