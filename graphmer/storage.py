"""Files that are the old ones or the new ones, never half written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of `path` only once everything has been written to it.

    Args:
        path: where the file shall be; its folder must exist.

    Raises:
        OSError: naming `path`, if it cannot be written; it is then left as it was.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(Path(folder) / "scores.json") as partial:
        ...         _ = partial.write_text("{}")
        ...     (Path(folder) / "scores.json").read_text()
        '{}'
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, content: str) -> None:
    """Write a UTF-8 text file whole or not at all."""
    with replacing(path) as partial:
        partial.write_text(content, encoding="utf-8")
