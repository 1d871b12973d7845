"""Folders with one feature file, or one folder of face features, per utterance."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from os import DirEntry, scandir
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphmer.corpora.pooling import POOLING_REMEDY, Pooling, pool
from graphmer.corpora.problems import Findings, did_you_mean
from graphmer.npy import load_npy

_FACE = re.compile(r"_([FM])(?![a-z])")


class FeatureFolder:
    """Feature files of one modality; the folder is listed once.

    Args:
        path: folder of the files.
        modality: modality of the features.
        findings: collector of problems.
        pooling: reduction of files of shape ``[T, D]``; several faces are always averaged.
    """

    def __init__(self, path: Path, modality: str, findings: Findings, pooling: Pooling = "mean") -> None:
        self.path, self.modality, self.findings, self.pooling = path, modality, findings, pooling
        self._entries: dict[str, DirEntry[str]] = {}
        if path.is_dir():
            with scandir(path) as entries:
                self._list(entries)

    def vectors(self, speakers: Mapping[str, str]) -> dict[str, tuple[NDArray[Any], str]]:
        """Features of each available utterance, one vector each, with their file name.

        Args:
            speakers: ``{utterance id: speaker}``; the speaker selects the face.
        """
        if not self._found_any(speakers):
            return {}
        for extra in sorted(self._entries.keys() - speakers.keys()):
            self.findings.note(f"{self.modality!r} of an utterance without a label", extra, "Not read.")
        vectors = {}
        for id, speaker in speakers.items():
            vector = self._vector(id, speaker)
            if vector is not None:
                vectors[id] = vector, str(self._entries[id].path)
        return vectors

    def _list(self, entries: Iterable[DirEntry[str]]) -> None:
        for entry in entries:
            if not entry.name.endswith(".npy") and not entry.is_dir():
                continue
            id = entry.name.removesuffix(".npy")
            if id in self._entries:
                self.findings.error(
                    f"{self.modality!r} has both a file and a folder", id, f"Remove one from {self.path}."
                )
            self._entries[id] = entry

    def _found_any(self, ids: Collection[str]) -> bool:
        if any(id in self._entries for id in ids):
            return True
        example = next(iter(ids), "<utterance>")
        siblings = sorted(p.name for p in self.path.parent.glob("*") if p.is_dir())
        if not self.path.is_dir():
            what, remedy = "there is no such folder", did_you_mean(self.path.name, siblings)
        else:
            what = f"no file of any utterance; looked for {example}.npy or a folder {example}"
            remedy = "Choose the folder whose files are named by utterance."
        remedy += f" Folders there: {', '.join(siblings) or 'none'}."
        self.findings.error(f"modality {self.modality!r}: {what}", str(self.path), remedy)
        return False

    def _vector(self, id: str, speaker: str) -> NDArray[Any] | None:
        entry = self._entries.get(id)
        if entry is None:
            self.findings.warning(f"{self.modality!r} has no file", id, "Treated as missing.")
            return None
        files = self._faces(entry, speaker) if entry.is_dir() else [entry.path]
        pooled = [vector for vector in map(self._pool, files) if vector is not None]
        if not files:
            self.findings.warning(f"{self.modality!r} has no face of the speaker", id, "Treated as missing.")
        if not pooled:
            return None
        if len({vector.shape for vector in pooled}) > 1:
            self.findings.error(
                f"{self.modality!r}: widths of the faces differ", entry.path, "Extract them again."
            )
            return None
        return np.mean(pooled, axis=0) if len(pooled) > 1 else pooled[0]

    @staticmethod
    def _faces(folder: DirEntry[str], speaker: str) -> list[str]:
        """Face files of the speaker (``compress_F.npy``); all files if the speaker is not ``F`` or ``M``."""
        with scandir(folder) as entries:
            files = sorted((e.name, e.path) for e in entries if e.name.endswith(".npy"))
        if speaker not in ("F", "M"):
            return [path for _, path in files]
        return [path for name, path in files if _FACE.findall(name)[-1:] == [speaker]]

    def _pool(self, file: str) -> NDArray[Any] | None:
        """Vector ``(D,)`` of a file of shape ``(D,)``, ``(1, D)`` or ``(T, D)``."""
        try:
            array = load_npy(file)
        except (ValueError, OSError) as error:
            self.findings.error(
                f"{self.modality!r}: damaged feature file ({error})", file, "Extract it again."
            )
            return None
        if array.dtype.kind not in "fiu" or array.ndim > 2:
            self.findings.error(
                f"{self.modality!r} must be numbers of shape (D,) or (time, D)", file, "Extract it again."
            )
            return None
        if array.size == 0:
            self.findings.warning(f"{self.modality!r} has an empty file", file, "Treated as missing.")
            return None
        if array.ndim != 2:
            return array
        try:
            return pool(array, self.pooling)
        except ValueError as error:
            self.findings.error(f"{self.modality!r} {error}", file, POOLING_REMEDY)
            return None


def usual_width(vectors: Sequence[NDArray[Any]]) -> int:
    """Most frequent number of features; the first one in case of ties."""
    return Counter(vector.size for vector in vectors).most_common(1)[0][0]
