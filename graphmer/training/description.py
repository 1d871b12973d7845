"""Description of a trained model, ``model.json``: its schema, its checksum, and how it is read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, ValidationError, model_validator

from graphmer.checksums import KEY, read_sealed
from graphmer.errors import CheckpointError
from graphmer.graph.settings import RuleSettings
from graphmer.nn.calibration import Calibration
from graphmer.nn.network import Signature
from graphmer.settings import Positive, Settings, Width
from graphmer.systems import System
from graphmer.systems.model import ModelSettings

FORMAT = 5
"""Version of the description; raised when older readers cannot read it."""


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
    deviation: dict[str, tuple[Annotated[float, Field(gt=0)], ...]]
    limit: Annotated[float, Field(gt=0)] | None

    def check(self, widths: Mapping[str, int]) -> None:
        """Raise ValueError where the statistics are not those of these features."""
        for name, values in (("mean", self.mean), ("deviation", self.deviation)):
            found = {modality: len(row) for modality, row in values.items()}
            if found != dict(widths):
                raise ValueError(f"`normalisation.{name}` must have the widths {dict(widths)}; got {found}")


class _Encoding(Settings):
    widths: dict[str, Positive]
    outputs: Positive
    parts: Positive
    hidden: Width
    normalisation: _Normalisation


class _Memory(Settings):
    dialogues: tuple[str, ...]
    metric: dict[str, Literal["cosine", "l2"]]
    neighbours: Positive
    relation: Annotated[int, Field(ge=0)]

    def check(self, signature: Signature) -> None:
        """Raise ValueError where supports are not for a network of this signature."""
        if self.metric.keys() != signature.widths.keys():
            raise ValueError(
                f"`supports.metric` must have the modalities {list(signature.widths)}; got "
                f"{list(self.metric)}"
            )
        if self.relation >= len(signature.relations):
            raise ValueError(
                f"`supports.relation` must be one of the {len(signature.relations)} relations of the "
                f"network, from 0; got {self.relation}"
            )


class Description(Settings):
    """Schema of ``model.json``."""

    format: Literal[5]
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

    @model_validator(mode="after")
    def _of_the_same_sizes(self) -> "Description":
        widths: Mapping[str, int] = self.model.signature.widths
        if self.encoding is not None:
            self.encoding.normalisation.check(widths)
            widths = self.encoding.widths
        self.normalisation.check(widths)
        outputs = self.model.signature.outputs
        sizes = {
            "labels": 1 if self.labels.interval is not None else len(self.labels.names),
            "calibration.bias": len(self.calibration.bias) or outputs,
            "encoding.outputs": outputs if self.encoding is None else self.encoding.outputs,
        }
        for name, size in sizes.items():
            if size != outputs:
                raise ValueError(f"`{name}` must be of the {outputs} outputs of the network; got {size}")
        if self.supports is not None:
            self.supports.check(self.model.signature)
        return self


def read_description(path: Path, systems: Mapping[str, System]) -> Description:
    """Read ``model.json`` and check it by its checksum and its schema.

    Args:
        path: of the file.
        systems: systems by name, with custom ones.

    Raises:
        CheckpointError: if it is missing, damaged, edited or of another format.
    """
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
    try:
        read_sealed(path, required=True)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: {error}. Restore it.") from None
    content.pop(KEY, None)
    try:
        return Description.model_validate(content, context={"systems": systems})
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"]))
        message = ": ".join(filter(None, (field, problem["msg"].removeprefix("Value error, "))))
        raise CheckpointError(f"{path}: {message}. Train again.") from None
