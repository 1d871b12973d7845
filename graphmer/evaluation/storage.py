"""Files that are the old ones or the new ones, never half written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` only once everything has been written to it.

    Args:
        path: where the file shall be; its folder must exist.

    Raises:
        OSError: if the folder cannot be written to; `path` is then left as it was.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(Path(folder) / "scores.json") as file:
        ...         _ = file.write(b"{}")
        ...     (Path(folder) / "scores.json").read_text()
        '{}'
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
