"""Trained models on disk: weights as safetensors, everything else as JSON that is read by its schema."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import JsonValue, ValidationError
from torch import Tensor

from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.standardise import Standardiser
from graphmer.errors import CheckpointError
from graphmer.graph import EdgeRule, GraphBuilder
from graphmer.graph.settings import RuleSettings
from graphmer.nn.calibration import Calibration
from graphmer.nn.model import EmotionModel
from graphmer.retrieval import InputEncoding, RetrievalMemory
from graphmer.settings import Settings
from graphmer.storage import write_text
from graphmer.systems import SYSTEMS, System
from graphmer.systems.model import ModelSettings
from graphmer.training.checkpoint import load_tensors, save_tensors

Made = TypeVar("Made")

FORMAT = 4
"""Version of the description; raised when older readers cannot read it."""

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


class _Labels(Settings):
    names: tuple[str, ...]
    interval: tuple[float, float] | None
    polarity: dict[str, Literal[-1, 0, 1]]


class _CustomRule(Settings):
    rule: Literal["function"]


class _Graph(Settings):
    rules: dict[str, RuleSettings | _CustomRule]
    causal: bool


class _Normalisation(Settings):
    mean: dict[str, tuple[float, ...]]
    deviation: dict[str, tuple[float, ...]]
    limit: float | None


class _Encoding(Settings):
    widths: dict[str, int]
    outputs: int
    parts: int
    hidden: int
    normalisation: _Normalisation


class _Memory(Settings):
    dialogues: tuple[str, ...]
    metric: dict[str, Literal["cosine", "l2"]]
    neighbours: int
    relation: int


class _Description(Settings):
    """Schema of ``model.json``."""

    format: Literal[4]
    labels: _Labels
    model: ModelSettings
    graph: _Graph
    calibration: Calibration
    facts: dict[str, JsonValue]
    normalisation: _Normalisation
    encoding: _Encoding | None
    supports: _Memory | None
    weights: str
    """SHA-256 of ``model.safetensors``."""


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
        "weights": _checksum((folder / "model.safetensors").read_bytes()),
    }
    text = json.dumps({**description, "checksum": _own_checksum(description)}, allow_nan=False, indent=1)
    write_text(folder / "model.json", text)


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
    described = _read_description(folder / "model.json", systems)
    tensors = _read_weights(folder / "model.safetensors", described.weights)
    labels = _built(folder, lambda: LabelSpace(**described.labels.model_dump()))
    model = _built(folder, lambda: described.model.build(systems))
    model.calibrate(described.calibration)
    encoding = None
    if described.encoding is not None:
        values = described.encoding.model_dump()
        encoding = _built(folder, lambda: InputEncoding.from_json(values))
    stored = {n.removeprefix(_MEMORY): tensors.pop(n) for n in list(tensors) if n.startswith(_MEMORY)}
    expected = {name: tensor.shape for name, tensor in _weights(model, encoding).items()}
    if {name: tensor.shape for name, tensor in tensors.items()} != expected:
        raise CheckpointError(
            f"{folder}: model.safetensors holds the weights of another model than model.json describes. "
            "Restore both files from the same run."
        )
    model.load_state_dict({name: tensors[name] for name in model.state_dict()})
    if encoding is not None:
        encoding.load_weights({name: tensors[_ENCODER + name] for name in encoding.weights()})
    memory = None
    if described.supports is not None:
        supports = described.supports.model_dump()
        memory = _built(folder, lambda: RetrievalMemory.restored(supports, stored))
    model.retrieval_memory = memory
    graph = described.graph.model_dump(exclude_unset=True)
    return TrainedModel(
        model.eval(),
        described.model,
        labels,
        Standardiser.from_json(described.normalisation.model_dump()),
        GraphBuilder.from_settings(graph, labels, rules),
        described.facts,
        systems[described.model.network.system],
        encoding,
        memory,
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


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _own_checksum(description: Mapping[str, Any]) -> str:
    """Checksum of a description without its own ``checksum``."""
    return _checksum(json.dumps(description, sort_keys=True, allow_nan=False).encode())


def _read_weights(path: Path, checksum: str) -> dict[str, Tensor]:
    if path.is_file() and _checksum(path.read_bytes()) != checksum:
        raise CheckpointError(
            f"{path}: its checksum is not the one in model.json; the file was damaged or replaced. Restore "
            "both files from the same run."
        )
    return load_tensors(path)[0]


def _read_description(path: Path, systems: Mapping[str, System]) -> _Description:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise CheckpointError(
            f"{path}: not there. Name a run folder that `graphmer train` finished."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: not a readable model description ({error}). Train again.") from None
    if not isinstance(content, dict) or "format" not in content:
        raise CheckpointError(f"{path}: not a model description: it has no `format`. Train again.")
    if content["format"] != FORMAT:
        raise CheckpointError(
            f"{path}: format {content['format']!r}, this graphmer reads {FORMAT}. Use the version that wrote "
            "it."
        )
    given = content.pop("checksum", None)
    try:
        if given != _own_checksum(content):
            raise CheckpointError(
                f"{path}: its content does not match its checksum; the file was damaged or edited. Restore "
                "it."
            )
        return _Description.model_validate(content, context={"systems": systems})
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"]))
        raise CheckpointError(
            f"{path}: {field}: {problem['msg'].removeprefix('Value error, ')}. Train again."
        ) from None
    except ValueError as error:  # NaN in a number
        raise CheckpointError(f"{path}: not a readable model description ({error}). Train again.") from None
