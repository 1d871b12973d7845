"""Atomic writing of files."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Context manager for writing a file atomically.

    It yields a temporary path in the same folder. When the block ends without an error, the temporary file
    replaces `path`.

    Args:
        path: path of the file; its folder must exist.

    Raises:
        OSError: naming `path`, if the file cannot be written; an existing file is then left unchanged.

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


def remove_partials(folder: Path) -> None:
    """Remove the temporary files that a killed process left in a folder and those below it.

    Args:
        folder: in which nothing is being written.
    """
    for path in folder.rglob(".*.part"):
        if re.fullmatch(r"\..+\.\d+\.part", path.name):
            path.unlink(missing_ok=True)


def write_text(path: Path, content: str) -> None:
    """Write a UTF-8 text file atomically.

    Args:
        path: path of the file; its folder must exist.
        content: text of the file.

    Raises:
        OSError: if the file cannot be written; an existing file is then left unchanged.
    """
    with replacing(path) as partial:
        partial.write_text(content, encoding="utf-8")
