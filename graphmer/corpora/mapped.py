"""Features that stay on disk: rows of ``.npy`` matrices, mapped into memory while they are read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from graphmer.dialogue.dialogue import LazyFeatures
from graphmer.errors import CorpusError
from graphmer.typing import Features

_REFERENCE = re.compile(r"(?P<file>[^#]+\.npy)#(?P<row>\d+)")
_ANEW = "Write the corpus anew with `graphmer data convert`, or read it into memory (data.mapped: false)."


@dataclass(frozen=True)
class Matrix:
    """Where the numbers of a two-dimensional ``.npy`` file begin, and how they are stored.

    Args:
        path: the file.
        offset: bytes before the first number.
        dtype: of the numbers.
        width: numbers in a row.
    """

    path: Path
    offset: int
    dtype: np.dtype[Any]
    width: int

    @classmethod
    def of(cls, path: Path) -> "Matrix":
        """The matrix in a file.

        Raises:
            CorpusError: if it is stored column by column.
        """
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
        if not stored.flags.c_contiguous:
            raise CorpusError(
                f"{path}: is stored column by column, so its rows cannot be mapped. Save it in C order."
            )
        return cls(path, stored.offset, stored.dtype, stored.shape[1])

    def read(self, rows: NDArray[np.int64]) -> Features:
        """Rows as float32 ``[N, D]``, zero where `rows` is -1.

        Only the stretch from the first to the last of them is mapped, and only until it has been copied: the
        pages of a file that is read through do not add up to its size.
        """
        found = torch.zeros(len(rows), self.width)
        there = rows >= 0
        if there.any():
            first, last = int(rows[there].min()), int(rows.max())
            begin = self.offset + first * self.width * self.dtype.itemsize
            shape = (last + 1 - first, self.width)
            stretch = np.memmap(self.path, self.dtype, "r", begin, shape)
            found.numpy()[there] = stretch[rows[there] - first]
        return found


class MappedFiles:
    """Turns the references of a dialogue into features that stay in the files.

    Args:
        folder: that references are relative to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._matrices: dict[str, Matrix] = {}

    def features(
        self,
        widths: Mapping[str, int],
        turns: Sequence[Mapping[str, str]],
        available: torch.Tensor,
        where: str,
    ) -> LazyFeatures:
        """The features of one dialogue.

        Args:
            widths: features per modality.
            turns: reference of each modality that a turn has.
            available: what could be used ``[N, M]``.
            where: file and line, for errors.

        Raises:
            CorpusError: if a vector is no row of a matrix, or a modality of a dialogue is in several files.
        """
        make = {}
        for column, (modality, width) in enumerate(widths.items()):
            rows = np.full(len(turns), -1, dtype=np.int64)
            files = set()
            for turn in available[:, column].nonzero().flatten().tolist():
                file, rows[turn] = _row(turns[turn][modality], f"{where}: utterances[{turn}]: {modality!r}")
                files.add(file)
            if len(files) > 1:
                raise CorpusError(
                    f"{where}: {modality!r} must be in one file; got {sorted(files)[:2]}. {_ANEW}"
                )
            make[modality] = (
                partial(self._matrix(files.pop()).read, rows)
                if files
                else partial(torch.zeros, len(rows), width)
            )
        return LazyFeatures(len(turns), make)

    def _matrix(self, file: str) -> Matrix:
        if file not in self._matrices:
            self._matrices[file] = Matrix.of(self.folder / file)
        return self._matrices[file]


def _row(reference: Any, where: str) -> tuple[str, int]:
    match = _REFERENCE.fullmatch(str(reference))
    if match is None:
        raise CorpusError(f"{where} must be 'matrix.npy#row' to stay on disk. {_ANEW}")
    return match["file"], int(match["row"])
