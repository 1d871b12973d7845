"""Frozen teachers, which read in training what is masked for their students."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from graphmer.graph import DialogueGraph


@contextmanager
def frozen(teacher: nn.Module) -> Iterator[None]:
    """Within the context, the teacher has no dropout and nothing has a gradient."""
    training = teacher.training
    teacher.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        teacher.train(training)


def recorded(graph: DialogueGraph, modalities: Sequence[str]) -> dict[str, Tensor]:
    """All recorded features, masked or not, with zeros elsewhere, ``{m: [N, D_m]}``; for losses only."""
    return _where(graph, modalities, graph.present)


def complement(graph: DialogueGraph, modalities: Sequence[str]) -> dict[str, Tensor]:
    """Features that were recorded but masked, with zeros elsewhere, ``{m: [N, D_m]}``; for losses only."""
    return _where(graph, modalities, graph.present & ~graph.available)


def _where(graph: DialogueGraph, modalities: Sequence[str], chosen: Tensor) -> dict[str, Tensor]:
    # selected, not multiplied by zero: rows that were never recorded may hold NaN
    columns = chosen[:, :, None].unbind(1)
    return {m: graph[m].where(column, 0.0) for m, column in zip(modalities, columns, strict=True)}
