"""Rows as a Parquet file; pyarrow is optional."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from graphmer.corpora.parquet.files import load_pyarrow
from graphmer.errors import ConfigError
from graphmer.inference.turn_record import RELIABILITY
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

_ROWS = 8192
"""Rows of a row group."""

Columns = Mapping[str, Sequence[Any]]


@contextmanager
def parquet(out: Path) -> Iterator[Callable[[Columns], None]]:
    """Context manager that yields a function which adds rows, given as columns, to a Parquet file.

    The file is there when all are written, or not at all. Columns are those of the first rows; texts that are
    no valid Unicode have escapes.

    Args:
        out: the file.

    Raises:
        ConfigError: if pyarrow is not installed, or there is no row.
    """
    pyarrow = load_pyarrow()
    writer: Any = None
    waiting: dict[str, list[Any]] = {}
    with replacing(out) as partial:

        def write(columns: Columns) -> None:
            nonlocal writer
            if writer is None:
                types = {name: _type(name, values[0]) for name, values in columns.items()}
                writer = pyarrow.parquet.ParquetWriter(partial, pyarrow.schema(list(types.items())))
            for name, values in columns.items():
                waiting.setdefault(name, []).extend(values)
            if len(waiting["dialogue"]) >= _ROWS:
                flush()

        def flush() -> None:
            arrays = [
                pyarrow.array(
                    map(_valid, waiting[field.name]) if field.type == "string" else waiting[field.name],
                    field.type,
                )
                for field in writer.schema
            ]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=writer.schema))
            waiting.clear()

        try:
            yield write
            if waiting:
                flush()
        finally:
            if writer is not None:
                writer.close()
        if writer is None:
            raise ConfigError("--format parquet: there is no dialogue to write. Name a file with a dialogue.")


def _type(name: str, value: Any) -> str:
    if name in _TYPES:
        return _TYPES[name]
    return "float64" if name.startswith(("p_", RELIABILITY)) or isinstance(value, float) else "string"


def _valid(value: Any) -> Any:
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode()
