"""A dialogue as a PyG graph: the data format shared by corpora, graph builders and models."""

from typing import Any

import torch
from torch import Tensor

from graphmer.pyg import Data

RESERVED = (
    "available", "present", "speaker", "position", "emotion", "edge_index", "edge_type", "num_nodes",
    "dialogue_id", "dialogue", "batch", "ptr", "copy_number", "cause_turns", "cause_edges",
    "damaged",
)  # fmt: skip
"""Attribute names that a modality must not have."""

_POSITIONS = ("edge_index", "cause_turns", "cause_edges")
"""Attributes that hold positions of nodes, which batching increments."""


class DialogueGraph(Data):  # type: ignore[misc]
    """Graph of a dialogue with one node per utterance and typed, directed edges.

    Attributes:
        <modality>: features, float ``[N, D_m]``; one attribute per modality. Only the reconstruction loss
            reads rows where `available` is false, and only where `present` is true.
        available: bool ``[N, M]``, modalities that the model may read; columns in the order of the
            modalities.
        present: bool ``[N, M]``, modalities that were recorded, before masking.
        speaker: long ``[N]``, number of the speaker within the dialogue.
        position: long ``[N]``, number of the turn within the dialogue.
        emotion: encoded annotation ``[N]``; absent if the builder has no label space.
        edge_index: long ``[2, E]``, row 0 is the source, row 1 the target.
        edge_type: long ``[E]``, number of the relation in the `relations` of the builder.
        cause_turns: long ``[T]``, turns whose causes are annotated.
        cause_edges: long ``[2, P]``, annotated causes; row 0 is the cause, row 1 the turn of `cause_turns`.
        dialogue_id: id of the dialogue.
        damaged: bool ``[N, M]``, available modalities whose features are damaged; absent unless all dialogues
            are seen under protocols that damage features.
        copy_number: in training with supports, 0 in the dialogue and 1 in its copy, which is a dialogue of
            its own, long ``[N]``; otherwise absent.

    Differences from `Data`: batching increments only positions of nodes, so that a modality may be called
    ``face`` or ``index`` without a change to its features.
    """

    def __inc__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        return self.num_nodes if key in _POSITIONS else 0

    def __cat_dim__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> int:
        return 1 if key in ("edge_index", "cause_edges") else 0

    @property
    def dialogue(self) -> Tensor:
        """Dialogue of each node of a batch, or of a graph on its own, long ``[N]``, ascending."""
        batch = self.batch if self.get("batch") is not None else torch.zeros_like(self.speaker)
        return batch if self.get("copy_number") is None else 2 * batch + self.copy_number
