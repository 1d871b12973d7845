"""Training of the models of a run on a Ray cluster."""

from functools import lru_cache, partial
from pathlib import Path

import torch
from lightning_fabric import Fabric

from graphmer.cluster.tasks import results
from graphmer.experiment import Run
from graphmer.experiment.components import Components
from graphmer.experiment.fold import FoldTraining
from graphmer.experiment.holding import held
from graphmer.experiment.parallel import Model, opened
from graphmer.experiment.run import Silent
from graphmer.training.run_folder import RunFolder


def train_on_ray(run: Run) -> int:
    """Train the models of a run that are not finished yet, each by a task of one core; count them.

    A model whose node dies is continued on another one from its last epoch. The run folder and the corpus
    must be on storage that all nodes have. A connection to the cluster must be there; see `connected`.

    Args:
        run: as begun or reopened.

    Raises:
        GraphmerError: if a model cannot be trained, or another process trains the run.
    """
    models = run.unfinished
    work = partial(_train, run.folder.path.absolute(), str(run.fabric.device))
    with held(run.folder, run.models, run.fabric):
        return sum(1 for _ in results(work, models, gpus=int(run.fabric.device.type == "cuda")))


@lru_cache(maxsize=1)
def _opened(path: Path, device: str) -> tuple[Components, Fabric]:
    """What training needs, which a worker process keeps from one model to the next."""
    return opened(path, torch.device(device), {})


def _train(path: Path, device: str, model: Model) -> Model:
    torch.set_num_threads(1)
    seed, number = model
    components, fabric = _opened(path, device)
    FoldTraining(components, RunFolder(path), fabric, number, seed).train(Silent())
    return model
