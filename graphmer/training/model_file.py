"""A trained model on disk: weights as safetensors, everything else as a JSON sidecar."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.standardise import Standardiser
from graphmer.errors import CheckpointError
from graphmer.graph import EdgeRule, GraphBuilder
from graphmer.nn.calibration import Calibration
from graphmer.nn.model import EmotionModel
from graphmer.nn.settings import MessageSettings, ModelSettings
from graphmer.retrieval.encoding import InputEncoding
from graphmer.retrieval.memory import RetrievalMemory
from graphmer.storage import write_text
from graphmer.training.checkpoint import load_tensors, save_tensors

FORMAT = 3
"""Raised when the sidecar changes in a way that older readers cannot read."""

_ENCODER = "encoding/"
"""Begins the names of the weights of an `InputEncoding`."""

_BANK = "supports/"
"""Begins the names of the tensors of a `RetrievalMemory`."""


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model with all it needs to read a new dialogue.

    Attributes:
        model: in evaluation mode, calibrated.
        settings: what it is made of.
        labels: its label space.
        standardiser: measured on its training part.
        build: makes its graphs.
        facts: how it came to be (fold, seed, epoch, validation score, whether simulated, ...).
        encoding: fitted on its training part, where it reads encoded features; its `settings` have the
            encoded widths.
        bank: training utterances that it hears beside the turns it reads, where it does.
    """

    model: EmotionModel
    settings: ModelSettings
    labels: LabelSpace
    standardiser: Standardiser
    build: GraphBuilder
    facts: Mapping[str, Any]
    encoding: InputEncoding | None = None
    bank: RetrievalMemory | None = None

    @property
    def widths(self) -> Mapping[str, int]:
        """Features per modality of the dialogues that are given to it."""
        return self.settings.widths if self.encoding is None else self.encoding.encoder.inputs

    def encoded(self, dialogue: Dialogue) -> Dialogue:
        """A standardised dialogue as the model reads it."""
        return dialogue if self.encoding is None else self.encoding(dialogue)


def save_model(folder: Path, trained: TrainedModel) -> None:
    """Write ``model.safetensors`` and ``model.json`` into a folder, each whole or not at all."""
    weights = _weights(trained.model, trained.encoding)
    if trained.bank is not None:
        weights |= {_BANK + name: tensor for name, tensor in trained.bank.tensors().items()}
    save_tensors(folder / "model.safetensors", weights, {"format": FORMAT})
    sidecar = {
        "format": FORMAT,
        "labels": asdict(trained.labels),
        "model": asdict(trained.settings),
        "graph": trained.build.settings(),
        "calibration": asdict(trained.model.calibration),
        "facts": dict(trained.facts),
        "normalisation": trained.standardiser.to_json(),
        "encoding": None if trained.encoding is None else trained.encoding.to_json(),
        "supports": None if trained.bank is None else trained.bank.to_json(),
    }
    write_text(folder / "model.json", json.dumps(sidecar, indent=1))


def load_model(folder: Path, rules: Mapping[str, EdgeRule] | None = None) -> TrainedModel:
    """Read what `save_model` wrote.

    Args:
        folder: holds ``model.safetensors`` and ``model.json``.
        rules: edge rules of one's own, if the model was trained with some.

    Raises:
        CheckpointError: if a file is missing, damaged, of a newer format, or the two do not belong together.
        ValueError: if a rule of one's own is not given.
    """
    sidecar = _read_sidecar(folder / "model.json")
    try:
        labels = _labels(sidecar["labels"])
        settings = _settings(sidecar["model"])
        standardiser = Standardiser.from_json(sidecar["normalisation"])
        graph, facts = sidecar["graph"], sidecar["facts"]
        model = settings.build()
        model.calibrate(Calibration(**sidecar["calibration"]))
        described = sidecar.get("encoding")  # models trained before there was one lack it
        encoding = None if described is None else InputEncoding.from_json(described)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{folder}/model.json: not a readable model description ({error!r}). Train again."
        ) from None
    weights, _ = load_tensors(folder / "model.safetensors")
    stored = {name.removeprefix(_BANK): weights.pop(name) for name in list(weights) if name.startswith(_BANK)}
    expected = {name: tensor.shape for name, tensor in _weights(model, encoding).items()}
    if {name: tensor.shape for name, tensor in weights.items()} != expected:
        raise CheckpointError(
            f"{folder}: model.safetensors holds the weights of another model than model.json describes. "
            "Restore both files from the same run."
        )
    model.load_state_dict({name: weights[name] for name in model.state_dict()})
    if encoding is not None:
        encoding.load_weights({name: weights[_ENCODER + name] for name in encoding.weights()})
    bank = _bank(folder, sidecar.get("supports"), stored)
    model.retrieval_memory = bank
    return TrainedModel(
        model.eval(),
        settings,
        labels,
        standardiser,
        GraphBuilder.from_settings(graph, labels, rules),
        facts,
        encoding,
        bank,
    )


def _bank(
    folder: Path, described: Mapping[str, Any] | None, tensors: Mapping[str, Tensor]
) -> RetrievalMemory | None:
    if described is None:
        return None
    try:
        return RetrievalMemory.restored(described, tensors)
    except (KeyError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{folder}: its training utterances cannot be read ({error!r}). Train again."
        ) from None


def _weights(model: EmotionModel, encoding: InputEncoding | None) -> dict[str, Tensor]:
    """All weights by the name that they have in the file."""
    added = {} if encoding is None else encoding.weights()
    return {**model.state_dict(), **{_ENCODER + name: tensor for name, tensor in added.items()}}


def _read_sidecar(path: Path) -> dict[str, Any]:
    try:
        sidecar = json.loads(path.read_text(encoding="utf-8"))
        found = sidecar["format"]
    except FileNotFoundError:
        raise CheckpointError(
            f"{path}: not there. Name a run folder that `graphmer train` finished."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: not a readable model description ({error}). Train again.") from None
    if found != FORMAT:
        raise CheckpointError(
            f"{path}: format {found}, this graphmer reads {FORMAT}. Use the version that wrote it."
        )
    return dict(sidecar)


def _labels(values: Mapping[str, Any]) -> LabelSpace:
    interval = values["interval"]
    low_high = None if interval is None else (float(interval[0]), float(interval[1]))
    return LabelSpace(tuple(values["names"]), low_high, values["polarity"])


def _settings(values: Mapping[str, Any]) -> ModelSettings:
    messages = values["messages"]
    return ModelSettings(
        **{
            **values,
            "relations": tuple(values["relations"]),
            "neighborhood_averages": tuple(values["neighborhood_averages"]),
            "messages": None if messages is None else MessageSettings(**messages),
        }
    )
