"""Orderly end of a command on SIGTERM, and on SIGHUP when its terminal closes."""

import os
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(KeyboardInterrupt):
    """A signal asked the command to end.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def terminable() -> Iterator[None]:
    """Context manager in which SIGTERM and SIGHUP raise `Terminated`, as SIGINT raises ``KeyboardInterrupt``.

    Only the first signal counts, so that the end is not disturbed. A signal that is ignored, as by ``nohup``,
    stays so.
    """
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    handled = [number for number in numbers if before[number] != signal.SIG_IGN]

    def end(number: int, frame: FrameType | None) -> None:
        for each in handled:
            signal.signal(each, signal.SIG_IGN)
        _leave_closed_terminal()
        raise Terminated(number)

    for number in handled:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])


def exit_code(interruption: KeyboardInterrupt) -> int:
    """Exit code of a command that a signal ended: 128 and the signal's number, as shells have it."""
    return 128 + (interruption.number if isinstance(interruption, Terminated) else signal.SIGINT)


def _leave_closed_terminal() -> None:
    """Write to nowhere instead of a terminal that is closed, which would be an error."""
    for descriptor in (1, 2):
        if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)
