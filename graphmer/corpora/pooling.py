"""Pooling of frame-level features to one vector per utterance."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Pooling = Literal["mean", "max", "last", "error"]
"""Reduction of the frames of an utterance, or ``error`` to refuse them."""

POOLING_REMEDY = "Set `pooling` to mean, max or last (`data.pooling`, `--pooling`), or store one vector each."
"""Remedy of frames that are refused."""


def pool(frames: NDArray[Any], pooling: Pooling) -> NDArray[Any]:
    """Vector ``[D]`` of the frames of one utterance ``[T, D]``.

    Raises:
        ValueError: if there is no frame, or `pooling` is ``error`` and there are several.

    Example:
        >>> frames = np.array([[1.0, 8.0], [3.0, 4.0]])
        >>> pool(frames, "mean").tolist(), pool(frames, "max").tolist(), pool(frames, "last").tolist()
        ([2.0, 6.0], [3.0, 8.0], [3.0, 4.0])
    """
    if frames.size == 0:
        raise ValueError("has no frame")
    if pooling == "error":
        if len(frames) > 1:
            raise ValueError("has frames, not one vector per utterance")
        return frames[0]
    if pooling == "mean":
        with np.errstate(invalid="ignore", over="ignore"):
            return frames.mean(axis=0, dtype=np.float64)
    return frames.max(axis=0) if pooling == "max" else frames[-1]
