"""Time and memory of training, measured by torch's profiler."""

import resource
import sys
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text
from torch.autograd.profiler_util import EventList, FunctionEventAvg
from torch.profiler import profile, supported_activities

from graphmer.cli.terminal import console
from graphmer.storage import replacing
from graphmer.training.stage import Stage
from graphmer.training.trainer import Epoch

ROWS = 25
"""Number of operations in a table; the others are summed in one row."""


class ProfileCallback:
    """Callback that profiles the first epoch of each stage of the first model, including validation.

    Args:
        path: text file of the tables.
        stages: stages of the training.
    """

    def __init__(self, path: Path, stages: Sequence[Stage]) -> None:
        self.path = path
        self.before = {0, *accumulate(stage.epochs for stage in stages[:-1])}
        self.running: profile | None = None
        self.tables: list[Table] = []
        self.enabled = True

    def on_fold_start(self, fold: int, seed: int, epochs: int) -> None:
        if self.enabled:
            self._start()

    def on_epoch_end(self, fold: int, seed: int, epoch: Epoch) -> None:
        if self.running is not None:
            self.running.stop()
            self.tables.append(_table(self.running.key_averages(), epoch))
            self.running = None
        if self.enabled and epoch.number in self.before:
            self._start()

    def on_fold_end(self, fold: int, seed: int) -> None:
        if self.tables:
            with replacing(self.path) as partial, partial.open("w", encoding="utf-8") as file:
                for table in self.tables:
                    Console(file=file, width=110).print(table)
            for table in self.tables:
                console.print(table)
            console.print(f"Written: {self.path}", highlight=False)
        self.tables, self.enabled = [], False

    def _start(self) -> None:
        self.running = profile(activities=supported_activities(), profile_memory=True)  # type: ignore[no-untyped-call]
        self.running.start()


def _table(events: EventList, epoch: Epoch) -> Table:
    """Table of the operations by their own time, which excludes the operations that they call."""
    rows = sorted(events, key=_own_time, reverse=True)
    total = sum(map(_own_time, rows)) or 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    table = Table(
        title=f"Stage {epoch.stage}, epoch {epoch.number}: {epoch.seconds:.1f} s including the profiler"
    )
    table.caption = f"Peak memory of the process: {peak / 2**20:.0f} MiB"
    for header in ("operation", "calls", "own ms", "share", "allocated MiB"):
        table.add_column(header, justify="left" if header == "operation" else "right")
    for event in rows[:ROWS]:
        memory = max(event.self_cpu_memory_usage, event.self_device_memory_usage)
        share = f"{_own_time(event) / total:.1%}"
        table.add_row(
            Text(event.key), str(event.count), f"{_own_time(event) / 1e3:.1f}", share, f"{memory / 2**20:.1f}"
        )
    rest = rows[ROWS:]
    own, calls = sum(map(_own_time, rest)), sum(event.count for event in rest)
    table.add_row(f"{len(rest)} others", str(calls), f"{own / 1e3:.1f}", f"{own / total:.1%}", "")
    return table


def _own_time(event: FunctionEventAvg) -> float:
    """Own time on the CPU and the device, in microseconds."""
    return float(event.self_cpu_time_total + event.self_device_time_total)
