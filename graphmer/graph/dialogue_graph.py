"""A dialogue as a PyG graph: the contract between corpora, builders and models."""

from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

RESERVED = (
    "available", "present", "speaker", "position", "emotion", "edge_index", "edge_type", "num_nodes",
    "dialogue_id", "dialogue", "batch", "ptr", "copy_number",
)  # fmt: skip
"""Attribute names that no modality may have."""


class DialogueGraph(Data):  # type: ignore[misc]
    """One node an utterance, one typed edge for each pair in which one hears the other.

    Attributes:
        <modality>: features, float ``[N, D_m]``; one attribute per modality. Rows where `available` is false
            are read by nothing but the reconstruction loss, and only where `present` is true.
        available: bool ``[N, M]``, what the model may read; columns in the order of the builder's modalities.
        present: bool ``[N, M]``, what was recorded, before a protocol hid anything.
        speaker: long ``[N]``, number of the speaker within the dialogue.
        position: long ``[N]``, number of the turn within the dialogue.
        emotion: the encoded annotation ``[N]``; absent if the builder knows no label space.
        edge_index: long ``[2, E]``, row 0 is heard, row 1 listens.
        edge_type: long ``[E]``, number of the relation in the builder's `relations`.
        dialogue_id: the dialogue's id.
        copy_number: in training with supports, 0 in the dialogue and 1 in its copy, which is a dialogue of
            its own, long ``[N]``; absent elsewhere.

    Differences from `Data`: only ``edge_index`` is shifted when graphs are batched, so that a modality may be
    called ``face`` or ``index`` without its features being changed.
    """

    def __inc__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        return self.num_nodes if key == "edge_index" else 0

    def __cat_dim__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> int:
        return 1 if key == "edge_index" else 0

    @property
    def dialogue(self) -> Tensor:
        """Dialogue of each node of a batch, or of a graph on its own, long ``[N]``, ascending."""
        batch = self.batch if self.get("batch") is not None else torch.zeros_like(self.speaker)
        return batch if self.get("copy_number") is None else 2 * batch + self.copy_number
