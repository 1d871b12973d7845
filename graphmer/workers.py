"""Worker processes that end with the process that started them."""

import ctypes
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from multiprocessing.connection import wait
from typing import Any

_PR_SET_PDEATHSIG = 1
"""Option of Linux's ``prctl``: the signal that the process gets when the thread that started it ends."""


def start_worker(opening: bytes, *arguments: Any) -> None:
    """Begin a worker process.

    From its first moment it ends when its parent does, whatever ended that. Signals that ask for an end are
    left to the parent. The imports that it needs take seconds and come later: what is to be called is given
    pickled, and read here.

    Args:
        opening: a pickled function, which does the work.
        arguments: of that function.
    """
    for name in ("SIGINT", "SIGHUP", "SIGTERM"):  # they may reach all processes; the parent ends its workers
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        if sys.platform == "linux":  # at once, whatever the process is doing
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if wait([parent.sentinel], timeout=0):
            os._exit(1)
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    pickle.loads(opening)(*arguments)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
