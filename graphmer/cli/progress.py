"""Progress bars of training on the terminal."""

from collections.abc import Sequence
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column

from graphmer.cli.terminal import console
from graphmer.experiment import Callback
from graphmer.training.run_folder import RunFolder
from graphmer.training.trainer import Epoch


class BarCallback:
    """Callback with a progress bar per model, which shows the epoch, the loss and the validation score.

    A bar fits on one line of 80 columns; longer text is truncated. When a model is finished, its bar is
    replaced by a line with the chosen epoch. Models that are trained in parallel have a bar each.

    Args:
        folder: run folder, from which the chosen epochs are read.
        models: number of models that are still to be trained.
    """

    def __init__(self, folder: RunFolder, models: int) -> None:
        self.folder = folder
        self.models = models
        self.done = 0
        self.bars: dict[tuple[int, int], TaskID] = {}
        self.best: dict[tuple[int, int], float | None] = {}
        self.progress = Progress(
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            BarColumn(bar_width=10),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TextColumn(
                "{task.fields[state]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)
            ),
            TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True)),
            console=console,
            expand=True,
        )

    def __enter__(self) -> "BarCallback":
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()

    def on_fold_start(self, fold: int, seed: int, epochs: int) -> None:
        bar = self.progress.add_task(f"fold {fold} seed {seed}", total=epochs, state="")
        self.bars[fold, seed] = bar

    def on_epoch_end(self, fold: int, seed: int, epoch: Epoch) -> None:
        if epoch.best:
            self.best[fold, seed] = epoch.score
        best = self.best.get((fold, seed))
        score = "" if epoch.score is None else f" valid. {epoch.score:.3f}"
        suffix = "" if best is None else f" (best {best:.3f})"
        state = f"{epoch.stage} {sum(epoch.losses.values()):.3f}{score}{suffix}"
        self.progress.update(self.bars[fold, seed], completed=epoch.number, state=state)

    def on_fold_end(self, fold: int, seed: int) -> None:
        self.done += 1
        self.progress.remove_task(self.bars.pop((fold, seed)))
        result = self.folder.result(fold, seed)
        self.progress.print(
            f"fold {fold} seed {seed}: epoch {result['epoch']} chosen, validation {result['validation']:.3f} "
            f"[{self.done} of {self.models}]",
            highlight=False,
            markup=False,
        )


class CallbackList:
    """List of callbacks that are called in order.

    Args:
        callbacks: the callbacks.
    """

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self.callbacks = callbacks

    def on_fold_start(self, fold: int, seed: int, epochs: int) -> None:
        for callback in self.callbacks:
            callback.on_fold_start(fold, seed, epochs)

    def on_epoch_end(self, fold: int, seed: int, epoch: Epoch) -> None:
        for callback in self.callbacks:
            callback.on_epoch_end(fold, seed, epoch)

    def on_fold_end(self, fold: int, seed: int) -> None:
        for callback in self.callbacks:
            callback.on_fold_end(fold, seed)
