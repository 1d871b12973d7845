"""Frames of the utterances in MMSA's pickles."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphmer.corpora.pooling import POOLING_REMEDY, Pooling, pool
from graphmer.corpora.problems import Findings
from graphmer.errors import CorpusError

MODALITIES = {"audio": "audio", "text": "text", "vision": "video"}
"""Modality of each field with features."""


def rows_of(values: Any) -> Sequence[Any]:
    """Rows of a list or an array; anything else has none."""
    is_array = isinstance(values, np.ndarray) and values.ndim > 0
    return list(values) if isinstance(values, list | tuple) or is_array else []


def array_of(values: Any) -> NDArray[Any]:
    """Array of nested lists; of lists that do not fit, an empty one of objects."""
    try:
        return np.asarray(values)
    except ValueError:
        return np.empty(0, dtype=object)


class Frames:
    """Frames of the utterances of a part, and which of them are padding."""

    def __init__(
        self, part: str, table: Mapping[str, Any], findings: Findings, pooling: Pooling, path: Path
    ) -> None:
        self.findings, self.pooling, self.where = findings, pooling, f"{path.name}: {part}"
        self.arrays: dict[str, NDArray[Any]] = {}
        self._lengths = {field: rows_of(table.get(f"{field}_lengths", [])) for field in MODALITIES}
        for field in (*MODALITIES, "text_bert"):
            if field not in table:
                continue
            array = array_of(table[field])
            if array.dtype.kind not in "fiu" or array.ndim != 3 or len(array) != len(rows_of(table["id"])):
                raise CorpusError(
                    f"{path}: {part}: {field!r} must be numbers of shape (N, T, D), one row for each id; got "
                    f"{array.dtype} {array.shape}. Extract it again."
                )
            self.arrays[field] = array

    def vector(self, field: str, row: int, id: str) -> NDArray[Any] | None:
        """Pooled frames ``[D]`` of an utterance; ``None`` if it has none."""
        with np.errstate(invalid="ignore"):  # a signalling NaN
            frames = self.arrays[field][row].astype(np.float64)
        if field == "audio" and np.isneginf(frames).any():
            self.findings.note("minus infinity in 'audio'", id, "Read as 0, as MMSA does.")
            frames[np.isneginf(frames)] = 0
        frames = frames[: self._length(field, row, len(frames))]
        is_frame = ((frames != 0) & ~np.isnan(frames)).any(axis=1)
        mask = self.arrays.get("text_bert")
        if field == "text" and mask is not None and mask.shape[1] == 3:
            is_frame &= mask[row, 1, : len(frames)] > 0 if mask.shape[2] >= len(frames) else True
        if not is_frame.any():
            self.findings.warning(f"{MODALITIES[field]!r} has no frame", id, "Treated as missing.")
            return None
        try:
            return pool(frames[is_frame], self.pooling)
        except ValueError as error:
            self.findings.error(f"{MODALITIES[field]!r} {error}", id, POOLING_REMEDY)
            return None

    def _length(self, field: str, row: int, longest: int) -> int:
        lengths = self._lengths[field]
        length = lengths[row] if row < len(lengths) else longest
        found = int(float(length)) if isinstance(length, Real) and math.isfinite(length) else longest
        return found if 0 < found <= longest else longest
