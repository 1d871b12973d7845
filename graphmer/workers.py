"""Worker processes that end with the process that started them."""

import multiprocessing
import os
import pickle
import signal
import threading
from multiprocessing.connection import wait
from typing import Any


def start_worker(opening: bytes, *arguments: Any) -> None:
    """Initialise a worker process.

    From its first moment it ends when its parent does, whatever ended that. The imports that it needs take
    seconds and come later: what is to be called is given pickled, and read here.

    Args:
        opening: a pickled function, which prepares the worker.
        arguments: of that function.
    """
    for name in ("SIGINT", "SIGHUP"):  # they reach all processes of a terminal; the parent ends its workers
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pickle.loads(opening)(*arguments)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
