"""Holding a run folder while its models are trained."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lightning_fabric import Fabric

from graphmer.experiment.fold import STATE
from graphmer.storage import remove_partials
from graphmer.training.checkpoint import load_header
from graphmer.training.run_folder import RESULT, RunFolder
from graphmer.training.run_lock import locked


@contextmanager
def held(folder: RunFolder, models: Sequence[tuple[int, int]], fabric: Fabric) -> Iterator[None]:
    """Context manager that holds the lock of a run folder, cleared of what a killed process left.

    Args:
        folder: of the run.
        models: seed and fold of each model of the run.
        fabric: of this process; the first one of several holds the lock for all.

    Raises:
        GraphmerError: if another process holds the lock.
        CheckpointError: if a stored state or the log is damaged.
    """
    if not fabric.is_global_zero:
        fabric.barrier()  # until the first process has cleared the folder
        yield
        return
    with locked(folder.path):
        _clear(folder, models)
        fabric.barrier()
        try:
            yield
        finally:
            remove_partials(folder.path)


def _clear(folder: RunFolder, models: Sequence[tuple[int, int]]) -> None:
    """Remove temporary files and states of finished models, and make the log that of the other states."""
    remove_partials(folder.path)
    epochs = {}
    for seed, number in models:
        path = folder.fold(number, seed)
        if (path / RESULT).is_file():
            (path / STATE).unlink(missing_ok=True)
        else:
            epochs[number, seed] = load_header(path / STATE)["epoch"] if (path / STATE).is_file() else 0
    folder.truncate_log(epochs)
