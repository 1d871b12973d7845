"""Extraction of many clips: each content once, in batches of similar length, resumable."""

from collections.abc import Callable, Sequence

import numpy as np

from graphmer.features.cache import VectorCache
from graphmer.features.extractor import Clip, Extractor, Missing, Vector

BATCH = 64
"""Contents in a batch."""


def extract(
    extractor: Extractor,
    clips: Sequence[Clip],
    cache: VectorCache | None = None,
    *,
    batch: int = BATCH,
    progress: Callable[[int, int], None] | None = None,
) -> list[Vector | Missing]:
    """Vectors ``[D]`` of clips, or the reasons why they are missing, in the order of the clips.

    Args:
        extractor: of one modality.
        clips: any number.
        cache: vectors in it are not computed again; each new batch is stored at once.
        batch: number of contents in a batch.
        progress: called with the number of contents that are done and of all.
    """
    contents = [extractor.content(clip) for clip in clips]
    wanted = list(dict.fromkeys(content for content in contents if isinstance(content, str)))
    found: dict[str, Vector] = {} if cache is None else cache.read(wanted)
    todo = sorted((content for content in wanted if content not in found), key=len, reverse=True)
    if progress is not None:
        progress(len(found), len(wanted))
    for begin in range(0, len(todo), batch):
        some = todo[begin : begin + batch]
        new = dict(zip(some, extractor.vectors(some), strict=True))
        if cache is not None:
            cache.write(new)
        found |= new
        if progress is not None:
            progress(len(found), len(wanted))
    return [content if isinstance(content, Missing) else _finite(found[content]) for content in contents]


def _finite(vector: Vector) -> Vector | Missing:
    return vector if np.isfinite(vector).all() else Missing("features that are not finite")
