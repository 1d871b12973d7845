"""Atomic writing of files and folders, by processes that may be killed."""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path
from tempfile import mkdtemp

from filelock import FileLock, Timeout

from graphmer.errors import CorpusError

_PREFIX, _SUFFIX = ".graphmer-", ".part"
PARTIAL = f"{_PREFIX}*{_SUFFIX}"
"""Pattern of the names of temporary folders; each lies where the file that is written in it will be."""

_LOCK = ".graphmer.lock"
"""File in a temporary folder that is locked as long as its process lives."""

_ATTEMPTS = 3


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Context manager for writing a file, or a folder, atomically.

    It yields a path of the same name in a temporary folder, in which nothing is yet. When the block ends
    without an error, what was written there replaces `path`. The temporary folder is removed, also after an
    error; if the process is killed, the next call for a file of the same folder removes it. Several processes
    may write to the same folder.

    Args:
        path: path of the file or folder; its parent must exist. A symbolic link stays, and what it leads to
            is replaced. An existing folder is only replaced by a folder, and if it is empty.

    Raises:
        OSError: naming `path`, if it cannot be written, or is a device or a pipe; what exists is then left
            unchanged.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(Path(folder) / "scores.json") as partial:
        ...         _ = partial.write_text("{}")
        ...     (Path(folder) / "scores.json").read_text()
        '{}'
    """
    try:
        target = Path(os.path.realpath(path))
        if is_stream(target):
            raise OSError(errno.EINVAL, "Not a regular file")
        _remove(target.parent.glob(PARTIAL))
        with _temporary_folder(target.parent) as folder:
            partial = folder / target.name
            yield partial
            partial.replace(target)
    except OSError as error:
        if error.filename is None or fnmatch(str(error.filename), f"*{PARTIAL}*"):
            error.filename, error.filename2 = str(path), None
        raise


def require_new(folder: Path) -> None:
    """Refuse a folder that has something in it.

    Raises:
        CorpusError: if it exists and is no empty folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CorpusError(
            f"{folder}: must not exist or be an empty folder. Remove it or choose another name."
        )


def is_stream(path: Path) -> bool:
    """Whether a path is that of a device, a pipe or a socket, whose content nothing can replace."""
    return path.exists() and not path.is_file() and not path.is_dir()


def remove_partials(folder: Path) -> None:
    """Remove the temporary folders that killed processes left in a folder and those below it.

    Args:
        folder: in which others may be writing.
    """
    _remove(folder.rglob(PARTIAL))


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


def user_cache(name: str) -> Path:
    """Folder for what can be made again: ``$XDG_CACHE_HOME/graphmer/<name>``, by default in ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "graphmer" / name


@contextmanager
def _temporary_folder(parent: Path) -> Iterator[Path]:
    """Context manager that yields a new folder, which is removed at the end, or by `_remove` after a kill."""
    folder, lock = _locked_folder(parent)
    try:
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _locked_folder(parent: Path) -> tuple[Path, FileLock]:
    """A new temporary folder and its lock; not locked where the file system has no locks."""
    attempts = 0
    while True:
        folder = Path(mkdtemp(prefix=_PREFIX, suffix=_SUFFIX, dir=parent))
        lock = FileLock(folder / _LOCK)
        attempts += 1
        if _acquired(lock) or attempts == _ATTEMPTS:
            return folder, lock
        shutil.rmtree(folder, ignore_errors=True)  # another process took it for abandoned


def _remove(folders: Iterable[Path]) -> None:
    """Remove temporary folders whose processes have ended."""
    for folder in list(folders):
        lock = FileLock(folder / _LOCK)
        if _acquired(lock):
            shutil.rmtree(folder, ignore_errors=True)
            lock.release()


def _acquired(lock: FileLock) -> bool:
    """Whether this process now has the lock, and the locked file is still there."""
    with suppress(Timeout, OSError, NotImplementedError):
        lock.acquire(timeout=0)
        return Path(lock.lock_file).exists()
    return False
