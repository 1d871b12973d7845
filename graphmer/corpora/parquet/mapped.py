"""Features that stay in Parquet and Arrow files and are read on access."""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import accumulate, groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from graphmer.corpora.parquet.files import TurnFile
from graphmer.corpora.parquet.schema import PREFIX
from graphmer.corpora.parquet.turns import Turns, fill_rows
from graphmer.dialogue.dialogue import LazyFeatures
from graphmer.errors import CorpusError
from graphmer.typing import Features

LARGEST = 2**26
"""Bytes of features of one modality in a row group; larger ones are too slow to read single dialogues of."""

_CACHED = 8
"""Decoded columns of row groups that are kept, for dialogues that follow one another."""


class MappedFile:
    """Random access to the vectors of a file.

    Args:
        file: of turns.
        widths: features per modality.

    Raises:
        CorpusError: if a row group is larger than `LARGEST`.
    """

    def __init__(self, file: TurnFile, widths: Mapping[str, int]) -> None:
        self.file = file
        self.widths = dict(widths)
        self._opened: Any = None
        self._decoded: OrderedDict[tuple[int, str], NDArray[np.float32]] = OrderedDict()
        self._ends = list(accumulate(self._sizes()))
        rows = max(self._sizes(), default=0)
        if file.is_parquet and 4 * rows * max(widths.values(), default=0) > LARGEST:
            raise CorpusError(
                f"{file.path}: has row groups of {rows} turns, too large to stay on disk. Write the corpus "
                "again with `graphmer data convert`, or read it into memory (data.mapped: false)."
            )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None, "_decoded": OrderedDict()}

    def rows(self, modality: str, first: int, count: int) -> NDArray[np.float32]:
        """Vectors of consecutive rows, zeros where there is none.

        Shapes:
            returns ``[count, D]``.

        Raises:
            CorpusError: if the file was damaged.
        """
        found, last = [], first + count
        for group in range(bisect_right(self._ends, first), bisect_right(self._ends, last - 1) + 1):
            begin = self._ends[group - 1] if group else 0
            found.append(self._column(group, modality)[max(first - begin, 0) : last - begin])
        return np.concatenate(found)

    def _source(self) -> Any:
        """The open file, in each process its own."""
        if self._opened is None:
            with self.file.readable():
                self._opened = self.file.open(mapped=True) if self.file.is_parquet else self._batches()
        return self._opened

    def _batches(self) -> list[Any]:
        return list(self.file.table().to_batches())

    def _sizes(self) -> list[int]:
        """Rows of each row group, or of each batch."""
        source = self._source()
        if not self.file.is_parquet:
            return [batch.num_rows for batch in source]
        return [source.metadata.row_group(group).num_rows for group in range(source.num_row_groups)]

    def _column(self, group: int, modality: str) -> NDArray[np.float32]:
        """Vectors of a row group."""
        key = group, modality
        if key not in self._decoded:
            source, name = self._source(), PREFIX + modality
            with self.file.readable():
                if self.file.is_parquet:
                    array = source.read_row_group(group, [name], use_threads=False)[name].combine_chunks()
                else:
                    array = source[group].column(name)
                out = np.zeros((len(array), self.widths[modality]), np.float32)
                fill_rows(array, out)
            self._decoded[key] = out
            while len(self._decoded) > _CACHED:
                self._decoded.popitem(last=False)
        return self._decoded[key]


class MappedTurns:
    """Makes the features of dialogues lazy.

    Args:
        files: of the corpus.
        widths: features per modality.
    """

    def __init__(self, files: Sequence[TurnFile], widths: Mapping[str, int]) -> None:
        self._files = {str(file.path): MappedFile(file, widths) for file in files}
        self._widths = dict(widths)

    def features(self, turns: Turns) -> LazyFeatures:
        """Features of the rows of a dialogue, read on access."""
        pieces = []
        for name, rows in groupby(turns.place, key=lambda place: place[0]):
            numbers = [number for _, number in rows]
            pieces.append((self._files[name], numbers[0], len(numbers)))
        make = {
            modality: partial(_read, tuple(pieces), modality, turns.available[:, column].numpy().copy())
            for column, modality in enumerate(self._widths)
        }
        return LazyFeatures(len(turns), make)


def _read(
    pieces: tuple[tuple[MappedFile, int, int], ...], modality: str, available: NDArray[np.bool_]
) -> Features:
    """Vectors of a dialogue, zeros where the modality is missing, ``[N, D]``."""
    found = np.concatenate([file.rows(modality, first, count) for file, first, count in pieces])
    found[~available] = 0
    return torch.from_numpy(found)
