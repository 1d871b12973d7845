"""Runs the stages, selects on validation, restores the best weights."""

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from graphmer.errors import CheckpointError
from graphmer.graph import DialogueGraph
from graphmer.graph.part import GraphPart, batches
from graphmer.nn.model import EmotionModel
from graphmer.training.checkpoint import flatten_optimizer, load_tensors, restore_optimizer, save_tensors
from graphmer.training.objective import Objective
from graphmer.training.stage import Stage


@dataclass(frozen=True)
class Optimization:
    """How weights are moved.

    Args:
        learning_rate: its highest value.
        weight_decay: decoupled with ``adamw``, coupled (an L2 term) with ``adam`` as in MoMKE's code.
        optimizer: ``adamw`` or ``adam``.
        schedule: ``cosine`` rises over the first `warmup` epochs, then falls to zero; ``constant`` stays.
        warmup: epochs of linear rise, with ``cosine``.
        clip: largest gradient norm; ``None`` for no limit.
        nodes: most utterances in a batch.
    """

    learning_rate: float = 5e-4
    weight_decay: float = 0.01
    optimizer: str = "adamw"
    schedule: str = "cosine"
    warmup: float = 2.0
    clip: float | None = 1.0
    nodes: int = 600

    def make(self, model: torch.nn.Module) -> torch.optim.Optimizer:
        """The optimizer over all parameters of a model."""
        kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[self.optimizer]
        return kind(model.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)

    def rate(self, epoch: float, epochs: int) -> float:
        """Learning rate after `epoch` (a fraction counts) of `epochs` passes."""
        if self.schedule == "constant":
            return self.learning_rate
        rise = min(1.0, (epoch + 1e-3) / self.warmup) if self.warmup else 1.0
        return self.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * epoch / epochs))


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training dialogues came to.

    Attributes:
        stage: name of the stage.
        number: counted over all stages, from 1.
        losses: mean of each loss term over the batches.
        score: validation score, higher is better; ``None`` where the stage does not compete.
        best: whether it is the best score so far.
        seconds: wall time, validation included.
    """

    stage: str
    number: int
    losses: dict[str, float]
    score: float | None
    best: bool
    seconds: float


@dataclass(frozen=True)
class Selected:
    """Which epoch's weights the model was left with.

    Attributes:
        epoch: its number.
        score: its validation score.
    """

    epoch: int
    score: float


def derived_seed(*parts: object) -> int:
    """A seed in [0, 2^63) that depends on all parts and on nothing else, the same in every process."""
    digest = hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


class _Step(torch.nn.Module):
    """Model and loss as one module, so that precision and processes wrap both."""

    def __init__(self, model: EmotionModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, graph: DialogueGraph, objective: Objective) -> tuple[Tensor, dict[str, Tensor]]:
        terms = objective(self.model, graph)
        return terms.total, terms.parts


class Trainer:
    """Trains one model on one fold.

    Every epoch starts from a seed derived from (seed, epoch), so a run continued after an interruption equals
    one that was never interrupted, bit for bit on a CPU.

    Args:
        fabric: device, precision and processes.
        optimization: how weights are moved.
        seed: of the order of dialogues, of what is hidden, and of dropout.
        state: file that is rewritten after each epoch and continued from if it is there; ``None`` for none.
    """

    def __init__(
        self, fabric: Fabric, optimization: Optimization, *, seed: int, state: Path | None = None
    ) -> None:
        self.fabric = fabric
        self.optimization = optimization
        self.seed = seed
        self.state = state

    def fit(
        self,
        model: EmotionModel,
        stages: Sequence[Stage],
        train: GraphPart,
        validate: Callable[[EmotionModel], float],
        on_epoch: Callable[[Epoch], None],
        *,
        keep_last: bool = False,
    ) -> Selected:
        """Train through all stages and leave the model with its best weights.

        Args:
            model: changed in place.
            stages: in their order; the last one must compete.
            train: the training part.
            validate: score of the model on the validation part, higher is better.
            on_epoch: told of each epoch.
            keep_last: take the last epoch instead of the best one.

        Raises:
            CheckpointError: if the state file belongs to another model.
            FloatingPointError: if a loss is not finite.
        """
        optimizer = self.optimization.make(model)
        step, optimizer = self.fabric.setup(_Step(model), optimizer)
        plan = [stage for stage in stages for _ in range(stage.epochs)]
        done, selected, best = self._resume(model, optimizer)
        for number, stage in enumerate(plan[done:], start=done + 1):
            begin = time.perf_counter()
            losses = self._epoch(step, optimizer, stage, train, number, len(plan))
            score = validate(model) if stage.select else None
            improved = score is not None and (keep_last or selected is None or score > selected.score)
            if score is not None and improved:
                selected = Selected(number, score)
                best = {name: tensor.clone() for name, tensor in model.state_dict().items()}
            self._save(model, optimizer, number, selected, best)
            on_epoch(Epoch(stage.name, number, losses, score, improved, time.perf_counter() - begin))
        if selected is None:
            raise ValueError("No stage competes for the best validation score; let the last one `select`.")
        model.load_state_dict(best)
        return selected

    def _epoch(
        self,
        step: Any,
        optimizer: torch.optim.Optimizer,
        stage: Stage,
        train: GraphPart,
        number: int,
        epochs: int,
    ) -> dict[str, float]:
        step.train()
        seed = derived_seed("epoch", self.seed, number)
        order = torch.Generator().manual_seed(seed)
        totals: dict[str, Tensor] = {}
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            graphs = train.seen_through(stage.mask, seed)
            planned = list(batches(graphs, self.optimization.nodes, order))
            for taken, (_, batch) in enumerate(planned):
                for group in optimizer.param_groups:
                    group["lr"] = self.optimization.rate(number - 1 + taken / len(planned), epochs)
                loss, parts = step(batch.to(self.fabric.device), stage.objective)
                optimizer.zero_grad()
                self.fabric.backward(loss)
                if self.optimization.clip is not None:
                    torch.nn.utils.clip_grad_norm_(step.parameters(), self.optimization.clip)
                optimizer.step()
                for name, part in parts.items():
                    totals[name] = totals.get(name, torch.zeros((), device=part.device)) + part
        losses = {name: float(total) / len(planned) for name, total in totals.items()}
        diverged = [name for name, loss in losses.items() if not math.isfinite(loss)]
        if diverged:
            raise FloatingPointError(
                f"The {diverged[0]} loss of epoch {number} is not finite. Lower `learning_rate` "
                f"(now {self.optimization.learning_rate})."
            )
        return losses

    def _save(
        self,
        model: EmotionModel,
        optimizer: torch.optim.Optimizer,
        number: int,
        selected: Selected | None,
        best: dict[str, Tensor],
    ) -> None:
        if self.state is None or not self.fabric.is_global_zero:
            return
        tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in best.items()}
        tensors |= flatten_optimizer(optimizer)
        chosen = None if selected is None else {"epoch": selected.epoch, "score": selected.score}
        save_tensors(self.state, tensors, {"epoch": number, "seed": self.seed, "selected": chosen})

    def _resume(
        self, model: EmotionModel, optimizer: torch.optim.Optimizer
    ) -> tuple[int, Selected | None, dict[str, Tensor]]:
        if self.state is None or not self.state.is_file():
            return 0, None, {}
        tensors, header = load_tensors(self.state)
        weights = {name[6:]: tensor for name, tensor in tensors.items() if name.startswith("model.")}
        if {n: t.shape for n, t in weights.items()} != {n: t.shape for n, t in model.state_dict().items()}:
            raise CheckpointError(
                f"{self.state}: holds the state of another model. Resume with the run's own configuration."
            )
        model.load_state_dict(weights)
        restore_optimizer(optimizer, tensors)
        selected = None if header["selected"] is None else Selected(**header["selected"])
        best = {name[5:]: tensor for name, tensor in tensors.items() if name.startswith("best.")}
        return header["epoch"], selected, best
