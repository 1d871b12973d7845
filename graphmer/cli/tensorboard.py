"""Training curves for TensorBoard."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from graphmer.errors import ConfigError
from graphmer.training.trainer import Epoch


class TensorBoardCallback:
    """Callback that writes losses and validation scores of each epoch to ``<run>/tensorboard``.

    Args:
        folder: run folder.

    Raises:
        ConfigError: if TensorBoard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise ConfigError(
                '--tensorboard: tensorboard is not installed. Run: pip install "graphmer[tensorboard]"'
            ) from None
        self.make: Callable[[str], Any] = lambda name: SummaryWriter(str(folder / "tensorboard" / name))
        self.writers: dict[tuple[int, int], Any] = {}

    def on_fold_start(self, fold: int, seed: int, epochs: int) -> None:
        self.writers[fold, seed] = self.make(f"fold{fold}-seed{seed}")

    def on_epoch_end(self, fold: int, seed: int, epoch: Epoch) -> None:
        writer = self.writers[fold, seed]
        for name, loss in epoch.losses.items():
            writer.add_scalar(f"loss/{name}", loss, epoch.number)
        if epoch.score is not None:
            writer.add_scalar("validation", epoch.score, epoch.number)

    def on_fold_end(self, fold: int, seed: int) -> None:
        self.writers.pop((fold, seed)).close()
