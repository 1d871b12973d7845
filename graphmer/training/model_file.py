"""Trained models on disk: weights as safetensors, everything else as JSON that is read by its schema."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from graphmer.checksums import file_checksum, write_json
from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.standardise import Standardiser
from graphmer.errors import CheckpointError
from graphmer.graph import EdgeRule, GraphBuilder
from graphmer.nn.model import EmotionModel
from graphmer.retrieval import InputEncoding, RetrievalMemory
from graphmer.systems import SYSTEMS, System
from graphmer.systems.model import ModelSettings
from graphmer.training.checkpoint import load_tensors, save_tensors
from graphmer.training.description import FORMAT, Description, read_description

Made = TypeVar("Made")

_ENCODER = "encoding/"
"""Prefix of the names of the weights of an `InputEncoding`."""

_MEMORY = "supports/"
"""Prefix of the names of the tensors of a `RetrievalMemory`."""


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model with all it needs to predict a new dialogue.

    Attributes:
        model: in evaluation mode, calibrated.
        settings: of network and heads.
        labels: its label space.
        standardiser: fitted on its training part.
        build: builds its graphs.
        facts: provenance (fold, seed, epoch, validation score, whether simulated, ...).
        system: the system of its network.
        encoding: fitted on its training part, where the network reads encoded features; the signature in
            `settings` has the encoded widths.
        retrieval_memory: training utterances that are retrieved in evaluation; ``None`` for none.
    """

    model: EmotionModel
    settings: ModelSettings
    labels: LabelSpace
    standardiser: Standardiser
    build: GraphBuilder
    facts: Mapping[str, Any]
    system: System
    encoding: InputEncoding | None = None
    retrieval_memory: RetrievalMemory | None = None

    @property
    def widths(self) -> Mapping[str, int]:
        """Features per modality of the dialogues that it reads."""
        return self.settings.signature.widths if self.encoding is None else self.encoding.encoder.inputs

    def encoded(self, dialogue: Dialogue) -> Dialogue:
        """A standardised dialogue as the network reads it."""
        return dialogue if self.encoding is None else self.encoding(dialogue)


def save_model(folder: Path, trained: TrainedModel) -> None:
    """Write ``model.safetensors`` and ``model.json`` into a folder, each whole or not at all.

    ``model.json`` holds a checksum of the weights and one of itself.
    """
    tensors = _weights(trained.model, trained.encoding)
    memory = trained.retrieval_memory
    if memory is not None:
        tensors |= {_MEMORY + name: tensor for name, tensor in memory.tensors().items()}
    save_tensors(folder / "model.safetensors", tensors, {"format": FORMAT})
    description = {
        "format": FORMAT,
        "labels": asdict(trained.labels),
        "model": trained.settings.model_dump(mode="json"),
        "graph": trained.build.settings(),
        "calibration": trained.model.calibration.model_dump(),
        "facts": dict(trained.facts),
        "normalisation": trained.standardiser.to_json(),
        "encoding": None if trained.encoding is None else trained.encoding.to_json(),
        "supports": None if memory is None else memory.to_json(),
        "weights": file_checksum(folder / "model.safetensors"),
    }
    write_json(folder / "model.json", description, indent=1)


def load_model(
    folder: Path,
    rules: Mapping[str, EdgeRule] | None = None,
    systems: Mapping[str, System] = SYSTEMS,
) -> TrainedModel:
    """Read what `save_model` wrote.

    Args:
        folder: holds ``model.safetensors`` and ``model.json``.
        rules: custom edge rules, if the model was trained with some.
        systems: systems by name, with custom ones.

    Raises:
        CheckpointError: if a file is missing, damaged, of another format, or the two do not belong together.
        ValueError: if a custom rule is not given.
    """
    described = read_description(folder / "model.json", systems)
    tensors = _read_weights(folder / "model.safetensors", described.weights)
    stored = {n.removeprefix(_MEMORY): tensors.pop(n) for n in list(tensors) if n.startswith(_MEMORY)}
    labels = _built(folder, lambda: LabelSpace(**described.labels.model_dump()))
    _require_sizes(folder, tensors, described, systems)
    model, encoding = _networks(folder, described, systems)
    _require_shapes(folder, tensors, model, encoding)
    model.calibrate(described.calibration)
    model.load_state_dict({name: tensors[name] for name in model.state_dict()})
    if encoding is not None:
        encoding.load_weights({name: tensors[_ENCODER + name] for name in encoding.weights()})
    memory = None
    if described.supports is not None:
        supports = described.supports.model_dump()
        memory = _built(folder, lambda: RetrievalMemory.restored(supports, stored))
    model.retrieval_memory = memory
    graph = described.graph.model_dump(exclude_unset=True)
    build = GraphBuilder.from_settings(graph, labels, rules)
    relations = described.model.signature.relations
    if relations[: len(build.relations)] != build.relations:
        raise CheckpointError(
            f"{folder}/model.json: `graph.rules` must make the relations of the network, {relations}; they "
            f"make {build.relations}. Train again."
        )
    return TrainedModel(
        model.eval(),
        described.model,
        labels,
        Standardiser.from_json(described.normalisation.model_dump()),
        build,
        described.facts,
        systems[described.model.network.system],
        encoding,
        memory,
    )


def _networks(
    folder: Path, described: Description, systems: Mapping[str, System]
) -> tuple[EmotionModel, InputEncoding | None]:
    """The model and the encoding of its inputs, with fresh weights."""
    model = _built(folder, lambda: described.model.build(systems))
    if described.encoding is None:
        return model, None
    values = described.encoding.model_dump()
    return model, _built(folder, lambda: InputEncoding.from_json(values))


def _require_sizes(
    folder: Path, tensors: Mapping[str, Tensor], described: Description, systems: Mapping[str, System]
) -> None:
    """Raise an error unless the stored weights have the described shapes, before any of them is allocated."""
    try:
        with torch.device("meta"):
            model, encoding = _networks(folder, described, systems)
    except CheckpointError:  # also if a custom network reads values of its tensors when it is built
        return
    _require_shapes(folder, tensors, model, encoding)


def _require_shapes(
    folder: Path, tensors: Mapping[str, Tensor], model: EmotionModel, encoding: InputEncoding | None
) -> None:
    """Raise an error unless the stored weights have the shapes of a model and its encoding."""
    expected = {name: tensor.shape for name, tensor in _weights(model, encoding).items()}
    if {name: tensor.shape for name, tensor in tensors.items()} != expected:
        raise CheckpointError(
            f"{folder}: model.safetensors holds the weights of another model than model.json describes. "
            "Restore both files from the same run."
        )


def _built(folder: Path, make: Callable[[], Made]) -> Made:
    """A part of the model from its description."""
    try:
        return make()
    except (KeyError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{folder}/model.json: describes no model that can be built ({error}). Train again."
        ) from None


def _weights(model: EmotionModel, encoding: InputEncoding | None) -> dict[str, Tensor]:
    """All weights by their name in the file."""
    added = {} if encoding is None else encoding.weights()
    return {**model.state_dict(), **{_ENCODER + name: tensor for name, tensor in added.items()}}


def _read_weights(path: Path, expected: str) -> dict[str, Tensor]:
    if path.is_file() and file_checksum(path) != expected:
        raise CheckpointError(
            f"{path}: its checksum is not the one in model.json; the file was damaged or replaced. Restore "
            "both files from the same run."
        )
    return load_tensors(path)[0]
