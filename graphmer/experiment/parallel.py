"""Parallel training of the models of one run, each in a process of its own."""

import logging
import multiprocessing
import pickle
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any, NamedTuple

import torch
from lightning_fabric import Fabric

from graphmer.config.load import load_config
from graphmer.errors import GraphmerError
from graphmer.experiment.components import Components
from graphmer.experiment.fold import Callback, FoldTraining
from graphmer.systems import SYSTEMS, System
from graphmer.training.run_folder import RunFolder
from graphmer.training.trainer import Epoch
from graphmer.workers import start_worker

_PATIENCE = 0.2
"""Seconds between two readings of the processes' events."""


class Event(NamedTuple):
    """Event of a process: a method of the callback, and its arguments."""

    method: str
    arguments: tuple[Any, ...]


class QueueCallback:
    """Callback that sends its calls to another process.

    Args:
        queue: read by that process.
    """

    def __init__(self, queue: "SimpleQueue[Event]") -> None:
        self.queue = queue

    def on_fold_start(self, fold: int, seed: int, epochs: int) -> None:
        self.queue.put(Event("on_fold_start", (fold, seed, epochs)))

    def on_epoch_end(self, fold: int, seed: int, epoch: Epoch) -> None:
        self.queue.put(Event("on_epoch_end", (fold, seed, epoch)))

    def on_fold_end(self, fold: int, seed: int) -> None:
        self.queue.put(Event("on_fold_end", (fold, seed)))


def train_parallel(
    folder: RunFolder,
    models: Sequence[tuple[int, int]],
    fabric: Fabric,
    callback: Callback,
    jobs: int,
    systems: Mapping[str, System] = SYSTEMS,
) -> None:
    """Train, calibrate and test models of a run, several in parallel.

    Small models gain less from a second thread than from a second process. Each process reads the corpus for
    itself, and has its share of the threads. It ends with this one, whatever ends this one.

    Args:
        folder: of the run.
        models: seed and fold of each.
        fabric: of this process, whose device the others use as well.
        callback: follows all models, whose epochs interleave.
        jobs: number of processes.
        systems: systems by name, with custom ones, which processes import.

    Raises:
        GraphmerError: if a process was killed. Errors of a model are raised again here.
    """
    context = multiprocessing.get_context("spawn")  # a fork would copy the locks of torch's threads
    queue: SimpleQueue[Event] = context.SimpleQueue()
    threads = max(1, torch.get_num_threads() // jobs)
    opening = pickle.dumps(partial(_open, folder.path, fabric.device, threads, _custom(systems)))
    with ProcessPoolExecutor(jobs, context, start_worker, (opening, queue)) as pool:
        try:
            pending = {pool.submit(_train, seed, number) for seed, number in models}
            while pending:
                done, pending = wait(pending, _PATIENCE, FIRST_COMPLETED)
                while not queue.empty():
                    event = queue.get()
                    getattr(callback, event.method)(*event.arguments)
                for model in done:
                    model.result()
        except BaseException as error:
            for process in multiprocessing.active_children():
                process.kill()
            if isinstance(error, BrokenProcessPool):
                raise GraphmerError(
                    f"{folder.path}: a process that trained a model was killed, perhaps for want of memory. "
                    f"Continue with `graphmer train --resume {folder.path} --jobs 1`."
                ) from None
            raise


class _Worker(NamedTuple):
    components: Components
    folder: RunFolder
    fabric: Fabric
    callback: Callback


_worker: _Worker
"""State of a process of `train_parallel`."""


def _custom(systems: Mapping[str, System]) -> dict[str, System]:
    """The systems that a new process does not import by itself."""
    return {name: system for name, system in systems.items() if SYSTEMS.get(name) is not system}


def _open(
    path: Path,
    device: torch.device,
    threads: int,
    custom: Mapping[str, System],
    queue: "SimpleQueue[Event]",
) -> None:
    """Prepare a process for training."""
    global _worker
    torch.set_num_threads(threads)
    logging.disable(logging.WARNING)  # the first process has reported the problems of the corpus
    systems = {**SYSTEMS, **custom}
    components = Components(load_config(path / "config.yaml", systems=systems), systems=systems)
    logging.disable(logging.NOTSET)
    devices = [device.index] if device.type == "cuda" else 1
    fabric = Fabric(accelerator=device.type, devices=devices, precision=components.config.training.precision)
    _worker = _Worker(components, RunFolder(path), fabric, QueueCallback(queue))


def _train(seed: int, number: int) -> None:
    FoldTraining(_worker.components, _worker.folder, _worker.fabric, number, seed).train(_worker.callback)
