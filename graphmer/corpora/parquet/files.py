"""Files of turns: Parquet and Arrow, opened and read in batches; pyarrow is optional."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from graphmer.corpora.assemble import PARTS
from graphmer.errors import ConfigError, CorpusError

PARQUET, ARROW = ".parquet", ".arrow"
_MAGIC = b"PAR1"
_SHARD = re.compile(r"(?P<name>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})")
_PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val", "test": "test"}
_BUFFER = 2**20
_REMEDY = "Restore it from a copy, or write it again."


def load_pyarrow() -> Any:
    """The package pyarrow.

    Raises:
        ConfigError: if it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError:
        raise ConfigError(
            'Parquet needs pyarrow, which is not installed. Run: pip install "graphmer[parquet]"'
        ) from None
    return pyarrow


def is_columnar(source: Path) -> bool:
    """Whether a source is a Parquet or Arrow file by its beginning or ending, or a folder of such files."""
    if source.is_dir():
        return bool(_files_in(source))
    if not source.is_file():
        return False
    with source.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC or source.suffix.lower() in (PARQUET, ARROW)


@dataclass(frozen=True)
class TurnFile:
    """One file with a row per turn.

    Args:
        path: of the file.
        part: set of the official split that its name says; ``None`` if it says none.
        first: number of the first row that `batches` gives.
    """

    path: Path
    part: str | None = None
    first: int = 0

    @property
    def is_parquet(self) -> bool:
        """Whether it is Parquet, rather than Arrow."""
        with self.path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC or self.path.suffix.lower() == PARQUET

    @cached_property
    def schema(self) -> Any:
        """Arrow schema.

        Raises:
            CorpusError: if the file is damaged.
        """
        with self.readable():
            return self.open().schema_arrow if self.is_parquet else self.table().schema

    @property
    def count(self) -> int:
        """Number of rows.

        Raises:
            CorpusError: if the file is damaged.
        """
        with self.readable():
            return int(self.open().metadata.num_rows if self.is_parquet else self.table().num_rows)

    def open(self, *, mapped: bool = False) -> Any:
        """The Parquet file; checksums of its pages are verified as they are read.

        Args:
            mapped: memory-map it, for rows in any order; else it is read through a buffer.
        """
        buffer = 0 if mapped else _BUFFER
        return load_pyarrow().parquet.ParquetFile(
            self.path, memory_map=mapped, buffer_size=buffer, page_checksum_verification=True
        )

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[Any]:
        """Record batches of these columns, each of at most as many rows.

        Raises:
            CorpusError: if the file is damaged.
        """
        with self.readable():
            if self.is_parquet:
                opened = self.open()
                yield from read_groups(opened, range(opened.num_row_groups), columns, rows)
            else:
                yield from self.table().select(list(columns)).to_batches(max_chunksize=rows)

    def table(self) -> Any:
        """All of an Arrow file, memory-mapped; the stream format as well as the one with a footer."""
        arrow = load_pyarrow()
        source = arrow.memory_map(str(self.path))
        try:
            table = arrow.ipc.open_stream(source).read_all()
        except arrow.ArrowInvalid:
            source.seek(0)
            table = arrow.ipc.open_file(source).read_all()
        table.validate(full=True)
        return table

    @contextmanager
    def readable(self) -> Iterator[None]:
        """Context manager in which an error of pyarrow becomes a `CorpusError` that names the file."""
        arrow = load_pyarrow()
        try:
            yield
        except (arrow.ArrowException, OSError, ValueError, OverflowError) as error:
            kind = "Parquet" if self.path.suffix.lower() != ARROW else "Arrow"
            what = " ".join(str(error).split()) or type(error).__name__
            raise CorpusError(f"{self.path}: no readable {kind} file ({what[:200]}). {_REMEDY}") from None


def read_groups(opened: Any, groups: Sequence[int], columns: Sequence[str], rows: int) -> Iterator[Any]:
    """Record batches of some row groups of a Parquet file, each of at most as many rows.

    A few row groups are read at a time: pyarrow 26 frees what it has read of a file only when all that was
    asked for is read.
    """
    counts = [opened.metadata.row_group(group).num_rows for group in groups]
    begin = size = 0
    for end, count in enumerate(counts, start=1):
        size += count
        if size >= rows or end == len(counts):
            some = list(groups[begin:end])
            yield from opened.iter_batches(rows, row_groups=some, columns=list(columns), use_threads=False)
            begin, size = end, 0


def turn_files(source: Path) -> list[TurnFile]:
    """Files of a source in their order: itself, or those of a folder, by part of the split and by name.

    Raises:
        CorpusError: if there are none, or a shard is missing.
    """
    if not source.is_dir():
        if not source.is_file():
            raise CorpusError(f"{source}: no such file or folder of Parquet. Correct the path.")
        return [TurnFile(source)]
    files = [TurnFile(path, _part(path.relative_to(source))) for path in _files_in(source)]
    if not files:
        raise CorpusError(f"{source}: there is no Parquet or Arrow file in it. Name a folder with some.")
    _require_all_shards([file.path for file in files])
    order = (*PARTS, None)
    return sorted(files, key=lambda file: (order.index(file.part), file.path))


def _files_in(folder: Path) -> list[Path]:
    """Parquet files of a folder and the folders in it, else Arrow files, without caches of ``datasets``."""
    for ending in (PARQUET, ARROW):
        found = [*folder.glob(f"*{ending}"), *folder.glob(f"*/*{ending}")]
        kept = sorted(path for path in found if not path.name.startswith((".", "cache-")))
        if kept:
            return kept
    return []


def _part(path: Path) -> str | None:
    """Set of the split that the name of a file, or else of its folder, begins with."""
    for name in (path.name, *(each.name for each in path.parents)):
        begin = re.match("[a-z]*", name.lower())
        if begin and begin[0] in _PARTS:
            return _PARTS[begin[0]]
    return None


def _require_all_shards(paths: Sequence[Path]) -> None:
    names = {path.with_suffix("") for path in paths}
    for path in paths:
        shard = _SHARD.fullmatch(path.stem)
        for number in range(int(shard["count"])) if shard else ():
            other = path.with_name(f"{shard['name']}-{number:05d}-of-{shard['count']}")  # type: ignore[index]
            if other not in names:
                raise CorpusError(f"{other.with_suffix(path.suffix)}: this shard is missing. Restore it.")
