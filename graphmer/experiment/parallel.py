"""Parallel training of the models of one run, each in a process of its own.

A process gets its models and sends its events through a pipe. A pipe ends with its processes, while the named
semaphores of the standard library's queues and pools would stay if all of them were killed at once.
"""

import logging
import multiprocessing
import pickle
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple, cast

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

Model = tuple[int, int]
"""Seed and fold."""


class Event(NamedTuple):
    """Event of a process: a method of the callback, and its arguments."""

    method: str
    arguments: tuple[Any, ...]


class Done(NamedTuple):
    """Event of a process: it has trained its model, or could not.

    Attributes:
        error: that was raised.
        trace: where it was raised.
    """

    error: Exception | None = None
    trace: str = ""


class PipeCallback:
    """Callback that sends its calls to another process.

    Args:
        connection: to that process.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def on_fold_start(self, fold: int, seed: int, epochs: int) -> None:
        self.connection.send(Event("on_fold_start", (fold, seed, epochs)))

    def on_epoch_end(self, fold: int, seed: int, epoch: Epoch) -> None:
        self.connection.send(Event("on_epoch_end", (fold, seed, epoch)))

    def on_fold_end(self, fold: int, seed: int) -> None:
        self.connection.send(Event("on_fold_end", (fold, seed)))


def train_parallel(
    folder: RunFolder,
    models: Sequence[Model],
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
    threads = max(1, torch.get_num_threads() // jobs)
    opening = pickle.dumps(partial(_work, folder.path, fabric.device, threads, _custom(systems)))
    processes: list[BaseProcess] = []
    try:
        busy = [_started(opening, processes) for _ in range(min(jobs, len(models)))]
        todo = iter(models)
        for connection in list(busy):
            _assign(connection, todo, busy)
        while busy:
            for connection in cast("list[Connection]", wait(list(busy))):
                event = _received(connection, folder)
                if isinstance(event, Event):
                    getattr(callback, event.method)(*event.arguments)
                elif event.error is not None:
                    raise event.error from RuntimeError(event.trace)
                else:
                    _assign(connection, todo, busy)
    except BaseException:
        for process in processes:
            process.kill()
        raise
    finally:
        for process in processes:
            process.join()


def _started(opening: bytes, processes: list[BaseProcess]) -> Connection:
    """Connection to a new process, which is added to the others."""
    context = multiprocessing.get_context("spawn")  # a fork would copy the locks of torch's threads
    ours, theirs = context.Pipe()
    process = context.Process(target=start_worker, args=(opening, theirs))
    process.start()
    processes.append(process)
    theirs.close()  # so that the pipe ends with the process
    return ours


def _assign(connection: Connection, todo: Iterator[Model], busy: list[Connection]) -> None:
    """Give a process its next model, or let it end."""
    model = next(todo, None)
    with suppress(BrokenPipeError):  # it was killed; the next event says so
        connection.send(model)
    if model is None:
        busy.remove(connection)


def _received(connection: Connection, folder: RunFolder) -> Event | Done:
    try:
        return connection.recv()
    except (EOFError, OSError):
        raise GraphmerError(
            f"{folder.path}: a process that trained a model was killed, perhaps for want of memory. "
            f"Continue with `graphmer train --resume {folder.path} --jobs 1`."
        ) from None


def _custom(systems: Mapping[str, System]) -> dict[str, System]:
    """The systems that a new process does not import by itself."""
    return {name: system for name, system in systems.items() if SYSTEMS.get(name) is not system}


def _work(
    path: Path, device: torch.device, threads: int, custom: Mapping[str, System], connection: Connection
) -> None:
    """Train one model after the other, as they come, in a process of its own."""
    torch.set_num_threads(threads)
    try:
        components, fabric = opened(path, device, custom)
        while (model := connection.recv()) is not None:
            seed, number = model
            training = FoldTraining(components, RunFolder(path), fabric, number, seed)
            training.train(PipeCallback(connection))
            connection.send(Done())
    except Exception as error:
        with suppress(BrokenPipeError):  # the first process has ended
            connection.send(Done(_portable(error), traceback.format_exc()))


def opened(path: Path, device: torch.device, custom: Mapping[str, System]) -> tuple[Components, Fabric]:
    """What training needs, in a new process.

    Args:
        path: run folder.
        device: that it trains on.
        custom: systems that are not graphmer's.
    """
    logging.disable(logging.WARNING)  # the first process has reported the problems of the corpus
    systems = {**SYSTEMS, **custom}
    components = Components(load_config(path / "config.yaml", systems=systems), systems=systems)
    logging.disable(logging.NOTSET)
    devices = [device.index] if device.type == "cuda" else 1
    precision = components.config.training.precision
    return components, Fabric(accelerator=device.type, devices=devices, precision=precision)


def _portable(error: Exception) -> Exception:
    """The error, or what can be sent of it."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
