"""Runs of benchmarks: begun or continued, and several processes in parallel, one thread each."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WORK = Path("runs/benchmarks")
"""Folder of all runs of benchmarks."""


class Quiet:
    """Prints a line for each finished model."""

    def __init__(self, name: str) -> None:
        self.name = name

    def on_fold_start(self, fold: int, seed: int, epochs: int) -> None: ...

    def on_epoch_end(self, fold: int, seed: int, epoch: Any) -> None: ...

    def on_fold_end(self, fold: int, seed: int) -> None:
        print(f"  {self.name}: fold {fold} seed {seed} done", flush=True)


def opened(config: Any, folder: Path) -> Any:
    """The run of a configuration in a folder: continued if it was begun, else begun."""
    from lightning_fabric import Fabric

    from graphmer.experiment import Run

    fabric = Fabric(accelerator="cpu")
    config = config.model_copy(update={"name": folder.name})
    if not (folder / "config.yaml").is_file():
        return Run.begin(config, folder.parent, fabric)
    run = Run.reopen(folder, fabric)
    if run.components.config != config:
        raise SystemExit(f"{folder} was begun with other settings than the claim has now; remove it")
    return run


def parallel(commands: Sequence[Sequence[str]], jobs: int) -> None:
    """Run each command in a process with one thread, at most `jobs` at a time."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    running: list[subprocess.Popen[bytes]] = []
    for command in commands:
        while len(running) >= jobs:
            running[0].wait() if len(running) == 1 else os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            for done in [process for process in running if process.poll() is not None]:
                running.remove(done)
                if done.returncode:
                    raise SystemExit(f"a run failed with exit code {done.returncode}; see above")
        running.append(subprocess.Popen(command, env=environment))
    if any(process.wait() for process in running):
        raise SystemExit("a run failed; see above")
