"""Extractors: from words to vectors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from graphmer.features.provenance import Provenance

Vector = NDArray[np.float32]
"""Features of one clip, ``[D]``."""


@dataclass(frozen=True)
class Clip:
    """What is known of one utterance.

    Args:
        text: its words; ``None`` if there are none.
    """

    text: str | None = None


@dataclass(frozen=True)
class Missing:
    """Absence of the vector of a clip.

    Args:
        reason: why there is none, such as ``no words``.
    """

    reason: str


class Extractor(Protocol):
    """Turns clips into vectors of one modality.

    Attributes:
        modality: name of the modality.
        provenance: name, version, width, settings and weights.
    """

    @property
    def modality(self) -> str: ...

    @property
    def provenance(self) -> Provenance: ...

    def content(self, clip: Clip) -> str | Missing:
        """What the extractor reads of a clip, by which vectors are cached; or why it cannot read it."""
        ...

    def batches(self, contents: Sequence[str]) -> Iterable[Sequence[str]]:
        """The same contents in batches for `vectors`."""
        ...

    def vectors(self, contents: Sequence[str]) -> Sequence[Vector]:
        """Vectors ``[D]`` of a batch of contents."""
        ...

    def notes(self, contents: Sequence[str]) -> Sequence[str]:
        """What else a user should know of the vectors of these contents, such as what was cut off."""
        ...
