"""The progress of training on the terminal."""

from types import TracebackType

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from graphmer.cli.terminal import console
from graphmer.training.trainer import Epoch


class BarListener:
    """One bar over all epochs, the latest validation beside it, and a line for each finished model.

    Args:
        models: how many folds and seeds will be trained.
    """

    def __init__(self, models: int) -> None:
        self.models = models
        self.done = 0
        self.best = float("nan")
        self.best_epoch = 0
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self.bar = self.progress.add_task("training", total=None, state="")

    def __enter__(self) -> "BarListener":
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()

    def fold_begins(self, fold: int, seed: int, epochs: int) -> None:
        self.done += 1
        self.best, self.best_epoch = float("nan"), 0
        self.progress.reset(self.bar, total=epochs, description=f"fold {fold} seed {seed}", state="")

    def epoch_ends(self, epoch: Epoch) -> None:
        loss = " ".join(f"{name} {value:.3f}" for name, value in epoch.losses.items())
        score = ""
        if epoch.score is not None:
            if epoch.best:
                self.best, self.best_epoch = epoch.score, epoch.number
            score = f" | validation {epoch.score:.3f} (best {self.best:.3f})"
        self.progress.update(self.bar, completed=epoch.number, state=f"{epoch.stage}: {loss}{score}")

    def fold_ends(self, fold: int, seed: int) -> None:
        self.progress.print(
            f"fold {fold} seed {seed}: epoch {self.best_epoch} chosen, validation {self.best:.3f} "
            f"[{self.done} of {self.models}]",
            highlight=False,
            markup=False,
        )
