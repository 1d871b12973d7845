"""Lock of a run folder, which one process at a time may train."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from graphmer.errors import GraphmerError
from graphmer.storage import write_text


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Context manager that holds the lock of a run folder.

    The system releases the lock when its holder ends, in whatever way, so that none is stale. The file
    ``run.lock`` stays, empty and unlocked.

    Args:
        path: of the run folder.

    Raises:
        GraphmerError: naming the holder's host and process id, if another process holds it.
    """
    lock = FileLock(path / "run.lock")
    holder = path / "run.lock.json"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise GraphmerError(
            f"{path}: one process at a time may train a run; it is locked by {_described(holder)}. "
            "Wait until that has ended, or end it."
        ) from None
    try:
        write_text(holder, json.dumps({"host": socket.gethostname(), "pid": os.getpid()}))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _described(holder: Path) -> str:
    """Host and process id of the holder."""
    try:
        found = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {found['pid']} on host {found['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "one that has just begun or is about to end"
