"""Exported programs in memory and on disk."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import Dim, ExportedProgram

from graphmer.export.dialogue_model import DECISION, GRAPH, SCORE, DialogueModel
from graphmer.export.support import require_exportable
from graphmer.storage import replacing
from graphmer.training.model_file import TrainedModel

DESCRIPTION = "graphmer.json"
"""Name of the description in a file of `torch.export`; in an ONNX file it is the property ``graphmer``."""

_TURNS, _EDGES = 5, 7
"""Sizes of the traced example; any do, but 0 and 1, which `torch.export` would take for constants."""


def export(trained: TrainedModel, path: Path, form: str) -> None:
    """Write a trained model as one file that runs without graphmer.

    Args:
        trained: the model, on the CPU.
        path: file to write.
        form: one of `FORMATS`.

    Raises:
        ConfigError: if the model cannot be exported in this format, or an extra is missing. Nothing is
            written then.
    """
    require_exportable(trained, form)
    FORMATS[form](program(trained), description(trained), path)


def program(trained: TrainedModel) -> ExportedProgram:
    """The model as a program of torch's operators, for any number of turns and edges.

    Args:
        trained: the model, on the CPU.
    """
    inputs = _example(trained)
    turns, edges = Dim("turns", min=1), Dim("edges", min=0)
    shapes = {name: {0: turns} for name in inputs}
    shapes |= {name: {axis: edges} for name, axis in zip(GRAPH, (1, 0), strict=True) if name in inputs}
    with torch.no_grad():
        return torch.export.export(DialogueModel(trained).eval(), (inputs,), dynamic_shapes=(shapes,))


def description(trained: TrainedModel) -> dict[str, Any]:
    """What a program's inputs and outputs mean, as JSON values."""
    return {
        "modalities": dict(trained.widths),
        "outputs": list(SCORE if trained.labels.is_score else DECISION),
        "classes": list(trained.labels.names),
        "graph": trained.build.settings() if trained.system.uses_graph else None,
        "system": trained.system.name,
        "simulated": bool(trained.facts.get("simulated", False)),
    }


def _example(trained: TrainedModel) -> dict[str, Tensor]:
    widths = trained.widths
    features = {modality: torch.zeros(_TURNS, width) for modality, width in widths.items()}
    turn = torch.arange(_TURNS)
    inputs = {**features, "available": torch.ones(_TURNS, len(widths), dtype=torch.bool), "speaker": turn % 2}
    if trained.system.uses_graph:
        edges = torch.arange(_EDGES) % _TURNS
        inputs |= {"edge_index": torch.stack([edges, edges]), "edge_type": torch.zeros_like(edges)}
    return inputs


def _write_torch(found: ExportedProgram, described: Mapping[str, Any], path: Path) -> None:
    with replacing(path) as partial, partial.open("wb") as file:
        torch.export.save(found, file, extra_files={DESCRIPTION: json.dumps(described)})


def _write_onnx(found: ExportedProgram, described: Mapping[str, Any], path: Path) -> None:
    made = torch.onnx.export(
        found,
        (),
        input_names=list(found.example_inputs[0][0]),
        output_names=described["outputs"],
        dynamo=True,
        optimize=False,  # runtimes do it when they load a file; here it takes a minute
        verbose=False,
    )
    assert made is not None  # of an exported program
    made.model.metadata_props["graphmer"] = json.dumps(described)
    with replacing(path) as partial:
        made.save(partial)


FORMATS: dict[str, Callable[[ExportedProgram, Mapping[str, Any], Path], None]] = {
    "torch": _write_torch,
    "onnx": _write_onnx,
}
"""Writers of programs by the name of their format."""
