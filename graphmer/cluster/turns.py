"""Dialogues of Parquet and Arrow files, read by the numbers of their rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from graphmer.cluster.shards import Counted, Shard
from graphmer.corpora.assemble import ZerosPolicy
from graphmer.corpora.parquet.files import TurnFile, read_groups, turn_files
from graphmer.corpora.parquet.read import dialogues_of
from graphmer.corpora.parquet.schema import read_columns
from graphmer.corpora.pooling import Pooling
from graphmer.corpora.problems import Findings
from graphmer.dialogue import Dialogue

_ROWS = 8192


@dataclass(frozen=True)
class TurnRows(TurnFile):
    """Consecutive rows of a file.

    Args:
        last: number after the last row.
    """

    last: int = 0

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[Any]:
        with self.readable():
            place = 0
            for batch in self._around(columns, rows):
                begin, end = max(self.first - place, 0), min(self.last - place, batch.num_rows)
                if begin < end:
                    yield batch.slice(begin, end - begin)
                place += batch.num_rows

    def _around(self, columns: Sequence[str], rows: int) -> Iterator[Any]:
        """Batches from the first row of the file on, of which those far from the rows are not read."""
        if not self.is_parquet:
            yield from self.table().select(list(columns)).to_batches(max_chunksize=rows)
            return
        opened = self.open()
        place, chosen, before = 0, [], 0
        for group in range(opened.num_row_groups):
            count = opened.metadata.row_group(group).num_rows
            if place + count <= self.first:
                before += count
            elif place < self.last:
                chosen.append(group)
            place += count
        yield _Skipped(before)
        yield from read_groups(opened, chosen, columns, rows)


@dataclass(frozen=True)
class _Skipped:
    """Rows that are not read."""

    num_rows: int


@dataclass(frozen=True)
class TurnSource:
    """A file or folder of Parquet or Arrow.

    Args:
        path: of the file or folder.
    """

    path: Path

    @cached_property
    def files(self) -> list[TurnFile]:
        """Files in their order."""
        return turn_files(self.path)

    def pieces(self) -> list[int]:
        return list(range(len(self.files)))

    def count(self, piece: int) -> list[Counted]:
        """Runs of rows of one dialogue; the first one may belong to the last dialogue of the file before."""
        file = self.files[piece]
        read_columns(file, Findings())
        runs: list[Counted] = []
        place = 0
        for batch in file.batches(["dialogue"], _ROWS):
            for name in batch.column("dialogue").to_pylist():
                # a row without a dialogue is reported when it is read
                id = f"row {place} of {file.path} without a dialogue" if name is None else str(name)
                if runs and runs[-1].id == id:
                    runs[-1] = runs[-1]._replace(end=place + 1, turns=place + 1 - runs[-1].begin)
                else:
                    runs.append(Counted(place, place + 1, id, 1))
                place += 1
        return runs

    def dialogues(self, counted: Iterable[list[Counted]]) -> Iterator[Counted]:
        place, waiting = 0, None
        for runs in counted:
            for run in runs:
                if waiting is not None and waiting.id == run.id:
                    waiting = waiting._replace(end=place + run.end, turns=waiting.turns + run.turns)
                    continue
                if waiting is not None:
                    yield waiting
                waiting = run._replace(begin=place + run.begin, end=place + run.end)
            place += runs[-1].end if runs else 0
        if waiting is not None:
            yield waiting

    def read(
        self,
        shard: Shard,
        widths: Mapping[str, int],
        findings: Findings,
        *,
        zeros: ZerosPolicy,
        pooling: Pooling,
    ) -> list[Dialogue]:
        """The dialogues of a shard; features are one vector a turn, so that nothing is pooled."""
        found = []
        for dialogue in dialogues_of(self._rows(shard), widths, findings, zeros=zeros):
            findings.raise_errors()
            if dialogue is not None:
                found.append(dialogue)
        return found

    def _rows(self, shard: Shard) -> list[TurnFile]:
        """The rows of a shard in each file that has some."""
        ends = [0, *accumulate(file.count for file in self.files)]
        return [
            TurnRows(file.path, file.part, max(shard.begin - begin, 0), min(shard.end, end) - begin)
            for file, (begin, end) in zip(self.files, pairwise(ends), strict=True)
            if begin < shard.end and end > shard.begin
        ]
