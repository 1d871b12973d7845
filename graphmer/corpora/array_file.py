"""Access to an ``.npz`` file of aligned arrays, with consistency checks."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphmer.corpora.pooling import POOLING_REMEDY, Pooling, pool
from graphmer.corpora.problems import did_you_mean
from graphmer.dialogue import Emotion
from graphmer.errors import CorpusError
from graphmer.npy import check_archive

_PART_NAMES = {"train": "train", "val": "val", "valid": "val", "dev": "val", "test": "test"}


class ArrayFile:
    """Aligned arrays of one file; lengths and types are checked on access."""

    def __init__(self, path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.path, self._arrays = path, arrays
        pointer = self._column("dialogue_ptr", "iu")
        if not pointer.size:
            raise CorpusError(f"{path}: 'dialogue_ptr' is empty. Write it again.")
        self.bounds: list[tuple[int, int]] = list(
            zip(pointer[:-1].tolist(), pointer[1:].tolist(), strict=True)
        )
        self.count = int(pointer[-1])
        if int(pointer[0]) != 0 or any(first > last for first, last in self.bounds):
            raise CorpusError(f"{path}: 'dialogue_ptr' must start at 0 and never decrease. Write it again.")
        self.ids = [str(name) for name in self.per_utterance("utt_id")]
        self.dialogue_ids = [str(name) for name in self._sized("dialogue_id", len(self.bounds))]
        self.session = self._per_dialogue("session")
        self.split = self._per_dialogue("split")

    def __contains__(self, key: str) -> bool:
        return key in self._arrays

    def __getitem__(self, key: str) -> NDArray[Any]:
        if key not in self._arrays:
            raise CorpusError(f"{self.path}: no array {key!r}. {did_you_mean(key, self._arrays)}")
        try:
            return self._arrays[key]
        except Exception as error:  # a damaged member can raise anything
            raise CorpusError(
                f"{self.path}: array {key!r} cannot be read ({error}). Save plain arrays."
            ) from None

    def _sized(self, key: str, rows: int) -> NDArray[Any]:
        array = self[key]
        if array.shape[:1] != (rows,):
            raise CorpusError(
                f"{self.path}: {key!r} must have {rows} rows to fit 'dialogue_ptr', got shape {array.shape}."
            )
        return array

    def _column(self, key: str, kinds: str) -> NDArray[Any]:
        """Array with one axis, of a kind of numbers or any kind."""
        array = self[key]
        if array.ndim != 1 or (kinds and array.dtype.kind not in kinds):
            what = {"iu": "whole numbers", "": "entries"}.get(kinds, "numbers")
            raise CorpusError(
                f"{self.path}: {key!r} must be {what} with one axis, got {array.dtype} {array.shape}. "
                "Write it again."
            )
        return array

    def per_utterance(self, key: str) -> NDArray[Any]:
        return self._sized(key, self.count)

    def _per_dialogue(self, key: str) -> list[str] | None:
        """One entry per dialogue, also if the file has one entry per utterance."""
        if key not in self:
            return None
        array = self._column(key, "")
        if len(array) == len(self.bounds):
            return [str(entry) for entry in array]
        array = self.per_utterance(key)
        return [str(array[first]) if first < last else "" for first, last in self.bounds]

    def parts(self) -> dict[str, str]:
        """Official split, ``{dialogue id: train, val or test}``."""
        split = self.split or []
        unknown = sorted(set(split) - set(_PART_NAMES))
        if unknown:
            raise CorpusError(
                f"{self.path}: 'split' holds {unknown[0]!r}. {did_you_mean(unknown[0], _PART_NAMES)}"
            )
        return {id: _PART_NAMES[part] for id, part in zip(self.dialogue_ids, split, strict=True)}

    def labels(self, key: str, aliases: Mapping[str, str]) -> tuple[tuple[str, ...], list[Emotion]]:
        """Class names (empty for a score) and the annotation of every utterance, renamed by `aliases`."""
        if key not in self:
            candidates = [
                name for name in self._arrays if f"{name}_names" in self or name.startswith("label")
            ]
            raise CorpusError(f"{self.path}: no label {key!r}. {did_you_mean(key, candidates)}")
        values = self.per_utterance(key)
        if values.ndim != 1:
            raise CorpusError(
                f"{self.path}: label {key!r} must have shape (N,), got {values.shape}. Choose another array."
            )
        values = self._column(key, "iuf")
        if values.dtype.kind == "f":
            return (), [None if math.isnan(value) else value for value in values.astype(float).tolist()]
        names = tuple(str(name).split("(")[0].strip() for name in self._column(f"{key}_names", ""))
        if values.size and not -1 <= values.min() <= values.max() < len(names):
            raise CorpusError(
                f"{self.path}: {key!r} must lie in -1 (unlabelled) to {len(names) - 1}, got "
                f"{values.min()} to {values.max()}. Correct the array or '{key}_names'."
            )
        unknown = sorted(set(aliases) - set(names))
        if unknown:
            raise CorpusError(
                f"{self.path}: the alias {unknown[0]!r} is no name in '{key}_names'. "
                f"{did_you_mean(unknown[0], names)}"
            )
        named = [aliases.get(name, name) for name in names]
        return tuple(dict.fromkeys(named)), [
            named[number] if number >= 0 else None for number in values.tolist()
        ]

    def features(
        self, keys: Sequence[str], pooling: Pooling
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Concatenated feature arrays ``[N, D]``, and whether all of them are available ``[N]``."""
        available = np.ones(self.count, dtype=bool)
        matrices = []
        for key in keys:
            matrix = self.per_utterance(key)
            if matrix.ndim not in (2, 3) or matrix.dtype.kind not in "fiu":
                raise CorpusError(
                    f"{self.path}: features {key!r} must be numbers of shape (N, D) or (N, T, D), "
                    f"got {matrix.dtype} {matrix.shape}. Choose another array."
                )
            if matrix.ndim == 3:
                matrix, recorded = _pooled(matrix, f"{self.path}: features {key!r}", pooling)
                available &= recorded
            with np.errstate(over="ignore"):
                matrices.append(matrix.astype(np.float32))
            if f"{key}_avail" in self:
                self.per_utterance(f"{key}_avail")  # of the right length
                available &= self._column(f"{key}_avail", "biuf").astype(bool)
        return np.concatenate(matrices, axis=1), available

    def seconds(self, key: str) -> list[float | None]:
        if key not in self:
            return [None] * self.count
        self.per_utterance(key)  # of the right length
        return [None if math.isnan(time) else time for time in self._column(key, "iuf").tolist()]


def _pooled(frames: NDArray[Any], what: str, pooling: Pooling) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Pooled frames ``[N, D]`` of ``[N, T, D]``, and whether an utterance has any, bool ``[N]``.

    Frames that are zeros or NaN as a whole are padding.
    """
    is_frame = ((frames != 0) & ~np.isnan(frames)).any(axis=2)
    rows = np.zeros((frames.shape[0], frames.shape[2]), dtype=np.float64)
    try:
        for number in is_frame.any(axis=1).nonzero()[0]:
            rows[number] = pool(frames[number][is_frame[number]], pooling)
    except ValueError as error:
        raise CorpusError(f"{what} {error}. {POOLING_REMEDY}") from None
    return rows, is_frame.any(axis=1)


@contextmanager
def open_arrays(path: Path) -> Iterator[Mapping[str, NDArray[Any]]]:
    """Open the arrays of a file, as a context manager.

    Raises:
        CorpusError: if the file is missing, damaged, or contains a single array.
    """
    if not path.is_file():
        raise CorpusError(f"{path}: no such file. Give the .npz that holds the arrays of the corpus.")
    with path.open("rb") as file:
        if file.read(6) == b"\x93NUMPY":
            raise CorpusError(f"{path}: must be an .npz with several named arrays, got a single array.")
        file.seek(0)
        try:
            arrays = np.load(file, allow_pickle=False)
            check_archive(arrays)
        except Exception as error:  # a damaged archive can raise anything
            raise CorpusError(f"{path}: not a readable .npz ({error}). Copy it again.") from None
        yield arrays
