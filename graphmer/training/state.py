"""State of a training run, so that it can be interrupted and continued."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from graphmer.errors import CheckpointError
from graphmer.nn.model import EmotionModel
from graphmer.training.checkpoint import flatten_optimizer, load_tensors, restore_optimizer, save_tensors


@dataclass(frozen=True)
class Selected:
    """Epoch whose weights were selected.

    Attributes:
        epoch: its number, counted over all stages from 1.
        score: its validation score.
    """

    epoch: int
    score: float


@dataclass
class TrainingState:
    """The model, its optimizer, and the best weights so far.

    Attributes:
        model: the one that is trained.
        optimizer: of its parameters.
        average: exponential moving average of its weights, if there is one.
        epoch: epochs done.
        selected: best epoch so far.
        best: its weights.
    """

    model: EmotionModel
    optimizer: torch.optim.Optimizer
    average: AveragedModel | None
    epoch: int = 0
    selected: Selected | None = None
    best: dict[str, Tensor] = field(default_factory=dict)

    @property
    def evaluated(self) -> EmotionModel:
        """The model that is validated and kept: the average where there is one and it has begun."""
        if self.average is None or not int(self.average.n_averaged):
            return self.model
        return cast(EmotionModel, self.average.module)

    def keep(self, score: float) -> None:
        """Keep the weights of `evaluated` as the best."""
        self.selected = Selected(self.epoch, score)
        self.best = {name: tensor.clone() for name, tensor in self.evaluated.state_dict().items()}

    def _modules(self) -> dict[str, torch.nn.Module]:
        return {"model": self.model} | ({} if self.average is None else {"average": self.average})

    def save(self, path: Path, seed: int) -> None:
        """Write everything to one file, whole or not at all."""
        tensors = {f"best.{name}": tensor for name, tensor in self.best.items()}
        for prefix, module in self._modules().items():
            tensors |= {f"{prefix}.{name}": tensor for name, tensor in module.state_dict().items()}
        chosen = None if self.selected is None else vars(self.selected)
        header = {"epoch": self.epoch, "seed": seed, "selected": chosen}
        save_tensors(path, tensors | flatten_optimizer(self.optimizer), header)

    def load(self, path: Path) -> None:
        """Continue from a file.

        Raises:
            CheckpointError: if it cannot be read, or belongs to another model.
        """
        tensors, header = load_tensors(path)
        for prefix, module in self._modules().items():
            weights = _below(prefix, tensors)
            expected = {name: tensor.shape for name, tensor in module.state_dict().items()}
            if {name: tensor.shape for name, tensor in weights.items()} != expected:
                raise CheckpointError(
                    f"{path}: holds the state of another model. Resume with the run's own configuration."
                )
            module.load_state_dict(weights)
        restore_optimizer(self.optimizer, tensors)
        self.epoch = header["epoch"]
        self.selected = None if header["selected"] is None else Selected(**header["selected"])
        self.best = _below("best", tensors)


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    start = len(prefix) + 1
    return {name[start:]: tensor for name, tensor in tensors.items() if name.startswith(f"{prefix}.")}
