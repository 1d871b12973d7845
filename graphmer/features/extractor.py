"""Extractors: from words and recordings to vectors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
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
        audio: file with its sound, of one utterance or of many; ``None`` if there is none.
        start: when it begins in the recordings, in seconds; ``None`` if that is unknown.
        end: when it ends, in seconds; infinity for the end of the file.
        video: file with its pictures, as `audio`.
    """

    text: str | None = None
    audio: Path | None = None
    start: float | None = None
    end: float | None = None
    video: Path | None = None

    def recording(self, modality: str) -> Path | None:
        """File of a modality; ``None`` if there is none."""
        return {"audio": self.audio, "video": self.video}.get(modality)


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

    def vectors(self, contents: Sequence[str]) -> Sequence[Vector | Missing]:
        """Vectors ``[D]`` of a batch of contents, or why one of them has none, such as silence."""
        ...

    def notes(self, contents: Sequence[str]) -> Sequence[str]:
        """What else a user should know of the vectors of these contents, such as what was cut off."""
        ...
