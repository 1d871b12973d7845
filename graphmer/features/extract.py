"""Extraction of many clips: each content once, in the batches of the extractor, resumable."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from graphmer.features.cache import VectorCache
from graphmer.features.extractor import Clip, Extractor, Missing, Vector


@dataclass(frozen=True)
class Extracted:
    """Vectors of clips.

    Attributes:
        vectors: of each clip, ``[D]``, or the reason why there is none.
        notes: what else a user should know of them.
    """

    vectors: Sequence[Vector | Missing]
    notes: Sequence[str] = ()


def extract(
    extractor: Extractor,
    clips: Sequence[Clip],
    cache: VectorCache | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Extracted:
    """Vectors ``[D]`` of clips, or the reasons why they are missing, in the order of the clips.

    Args:
        extractor: of one modality.
        clips: any number.
        cache: vectors in it are not computed again; each new batch is stored at once.
        progress: called with the number of contents that are done and of all.
    """
    contents = [extractor.content(clip) for clip in clips]
    known = [content for content in contents if isinstance(content, str)]
    wanted = list(dict.fromkeys(known))
    found: dict[str, Vector] = {} if cache is None else cache.read(wanted)
    if progress is not None:
        progress(len(found), len(wanted))
    for batch in extractor.batches([content for content in wanted if content not in found]):
        new = dict(zip(batch, extractor.vectors(batch), strict=True))
        if cache is not None:
            cache.write(new)
        found |= new
        if progress is not None:
            progress(len(found), len(wanted))
    vectors = [content if isinstance(content, Missing) else _finite(found[content]) for content in contents]
    return Extracted(vectors, extractor.notes(known))


def _finite(vector: Vector) -> Vector | Missing:
    return vector if np.isfinite(vector).all() else Missing("features that are not finite")
