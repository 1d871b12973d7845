"""Axis letters and tensor aliases.

``N`` utterances, ``E`` edges, ``M`` modalities, ``D`` features, ``C`` classes, ``R`` relations, ``B``
dialogues in a batch. All utterances share one node axis; no public tensor is padded.
"""

from typing import TypeAlias

from torch import Tensor

UNLABELLED = -1
"""Class number of an utterance without an annotation; losses and metrics ignore the utterance."""

Features: TypeAlias = Tensor
"""Float ``[N, D]``: one row per utterance."""

Available: TypeAlias = Tensor
"""Bool ``[N, M]``: whether utterance ``n`` has modality ``m``; columns in the order of the modality names."""

EdgeIndex: TypeAlias = Tensor
"""Long ``[2, E]``: row 0 holds source nodes, row 1 target nodes (PyG's ``source_to_target``)."""
