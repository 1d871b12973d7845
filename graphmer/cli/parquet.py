"""Rows as a Parquet file; pyarrow is optional."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from graphmer.corpora.parquet.files import load_pyarrow
from graphmer.errors import ConfigError
from graphmer.storage import replacing

_TYPES = {
    "turn": "int64",
    "changed": "bool",
    "change_called": "bool",
    "change_probability": "float64",
    "entropy_drop_bits": "float64",
    "simulated": "bool",
}
"""Types of columns that are no text; a column of probabilities or scores has numbers."""

Rows = Iterable[Mapping[str, Any]]


@contextmanager
def parquet(out: Path) -> Iterator[Callable[[Rows], None]]:
    """Context manager that yields a function which adds rows to a Parquet file.

    The file is there when all are written, or not at all. Columns are those of the first row; texts that are
    no valid Unicode have escapes.

    Args:
        out: the file.

    Raises:
        ConfigError: if pyarrow is not installed, or there is no row.
    """
    pyarrow = load_pyarrow()
    writer: Any = None
    with replacing(out) as partial:

        def write(rows: Rows) -> None:
            nonlocal writer
            records = [{name: _valid(value) for name, value in row.items()} for row in rows]
            if writer is None:
                types = {name: _type(name, value) for name, value in records[0].items()}
                writer = pyarrow.parquet.ParquetWriter(partial, pyarrow.schema(list(types.items())))
            writer.write_table(pyarrow.Table.from_pylist(records, schema=writer.schema))

        try:
            yield write
        finally:
            if writer is not None:
                writer.close()
        if writer is None:
            raise ConfigError("--format parquet: there is no dialogue to write. Name a file with a dialogue.")


def _type(name: str, value: Any) -> str:
    if name in _TYPES:
        return _TYPES[name]
    return "float64" if name.startswith("p_") or isinstance(value, float) else "string"


def _valid(value: Any) -> Any:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
