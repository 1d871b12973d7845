"""Memory-mapped features: rows of ``.npy`` matrices that are read on access."""

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
_REMEDY = "Write the corpus again with `graphmer data convert`, or read it into memory (data.mapped: false)."


@dataclass(frozen=True)
class Matrix:
    """Location and format of the matrix in an ``.npy`` file.

    Args:
        path: path of the file.
        offset: offset of the first number, in bytes.
        dtype: data type of the numbers.
        width: number of columns.
    """

    path: Path
    offset: int
    dtype: np.dtype[Any]
    width: int

    @classmethod
    def of(cls, path: Path) -> "Matrix":
        """Matrix of a file.

        Raises:
            CorpusError: if it is stored in Fortran order (column by column).
        """
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
        if not stored.flags.c_contiguous:
            raise CorpusError(
                f"{path}: is stored column by column, so its rows cannot be mapped. Save it in C order."
            )
        return cls(path, stored.offset, stored.dtype, stored.shape[1])

    def read(self, rows: NDArray[np.int64]) -> Features:
        """Rows as float32 ``[N, D]``; zeros where `rows` is -1.

        Only the range from the first to the last row is mapped, and only until it is copied. Reading a whole
        file in this way therefore does not keep the whole file in memory.
        """
        found = torch.zeros(len(rows), self.width)
        present = rows >= 0
        if present.any():
            first, last = int(rows[present].min()), int(rows.max())
            begin = self.offset + first * self.width * self.dtype.itemsize
            shape = (last + 1 - first, self.width)
            mapped = np.memmap(self.path, self.dtype, "r", begin, shape)
            found.numpy()[present] = mapped[rows[present] - first]
        return found


class MappedFiles:
    """Resolves the references of a dialogue to features that are read on access.

    Args:
        folder: base folder of the references.
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
        """Lazy features of one dialogue.

        Args:
            widths: features per modality.
            turns: reference of each modality of a turn.
            available: modalities with valid features ``[N, M]``.
            where: file and line, for messages.

        Raises:
            CorpusError: if a vector is not a row of a matrix, or a modality of a dialogue is in several
                files.
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
                    f"{where}: {modality!r} must be in one file; got {sorted(files)[:2]}. {_REMEDY}"
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
        raise CorpusError(f"{where} must be 'matrix.npy#row' to stay on disk. {_REMEDY}")
    return match["file"], int(match["row"])
