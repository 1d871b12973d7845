"""Axis letters and tensor aliases.

``N`` utterances, ``E`` edges, ``M`` modalities, ``D`` features, ``C`` classes, ``R`` relations, ``B``
dialogues in a batch. One node axis: no public tensor is padded.
"""

from typing import TypeAlias

from torch import Tensor

UNLABELLED = -1
"""Class number of an utterance without an annotation: context in the graph, never in a loss or a metric."""

Features: TypeAlias = Tensor
"""Float ``[N, D]``: one row an utterance."""

Available: TypeAlias = Tensor
"""Bool ``[N, M]``: whether utterance ``n`` has modality ``m``; columns in the order of the modality names."""

EdgeIndex: TypeAlias = Tensor
"""Long ``[2, E]``: row 0 is heard, row 1 listens."""
