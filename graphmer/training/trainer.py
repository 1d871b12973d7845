"""Trainer: runs the stages, selects on validation, restores the best weights."""

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from torch import Tensor

from graphmer.graph import DialogueGraph
from graphmer.graph.dataset import GraphDataset, bucketed, collated
from graphmer.nn.losses import LossTerms
from graphmer.nn.model import EmotionModel
from graphmer.nn.targets import TrainingTargets
from graphmer.systems.system import Loss
from graphmer.training.distillation import teacher_logits
from graphmer.training.optimization import Optimization
from graphmer.training.stage import Stage
from graphmer.training.state import Selected, TrainingState


@dataclass(frozen=True)
class Epoch:
    """Result of one pass over the training dialogues.

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


def derived_seed(*parts: object) -> int:
    """A seed in [0, 2^63) that depends on all parts and on nothing else, the same in every process."""
    digest = hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


class _Step(torch.nn.Module):
    """Model and loss as one module, so that Fabric's precision and strategy wrap both."""

    def __init__(self, model: EmotionModel) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, graph: DialogueGraph, targets: TrainingTargets, loss: Loss
    ) -> tuple[Tensor, dict[str, Tensor]]:
        terms: LossTerms = loss(self.model, graph, targets)
        return terms.total, terms.parts


class Trainer:
    """Trains one model on one fold.

    Every epoch starts from a seed derived from (seed, epoch), so a run continued after an interruption equals
    one that was never interrupted, bit for bit on a CPU. Several processes divide the dialogues of each
    batch between them.

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
        train: GraphDataset,
        validate: Callable[[EmotionModel], float],
        on_epoch: Callable[[Epoch], None],
        *,
        log: Callable[[Epoch], None] | None = None,
        keep_last: bool = False,
    ) -> Selected:
        """Train through all stages and leave the model with its best weights.

        Args:
            model: changed in place.
            stages: in their order; the last one must compete.
            train: the training part.
            validate: score of the model on the validation part, higher is better.
            on_epoch: called with the result of each epoch, after the state is stored.
            log: called with the same before the state is stored, so that no stored epoch lacks its record.
            keep_last: take the last epoch instead of the best one.

        Raises:
            CheckpointError: if the state file belongs to another model.
            FloatingPointError: if a loss is not finite.
            ValueError: if no stage competes, or a stage trains parameters that the model does not have.
        """
        trainable = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
        optimizer = self.optimization.make(model)
        step, optimizer = self.fabric.setup(_Step(model), optimizer)
        state = TrainingState(model, optimizer, self.optimization.average(model))
        if self.state is not None and self.state.is_file():
            state.load(self.state)
        plan = [stage for stage in stages for _ in range(stage.epochs)]
        for stage in plan[state.epoch :]:
            begin = time.perf_counter()
            progress = (state.epoch - plan.index(stage)) / stage.epochs
            _begin(stage, model, trainable, hand_over=progress == 0)
            losses = self._epoch(step, state, stage, train, progress, len(plan))
            score = validate(state.evaluated) if stage.select else None
            best = state.selected
            improved = score is not None and (keep_last or best is None or score > best.score)
            if score is not None and improved:
                state.keep(score)
            epoch = Epoch(stage.name, state.epoch, losses, score, improved, time.perf_counter() - begin)
            if log is not None:
                log(epoch)
            if self.state is not None and self.fabric.is_global_zero:
                state.save(self.state, self.seed)
            on_epoch(epoch)
        if state.selected is None:
            raise ValueError("No stage competes for the best validation score; let the last one `select`.")
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name in trainable)
        model.load_state_dict(state.best)
        return state.selected

    def _epoch(
        self, step: Any, state: TrainingState, stage: Stage, train: GraphDataset, progress: float, epochs: int
    ) -> dict[str, float]:
        step.train()
        seed = derived_seed("epoch", self.seed, state.epoch + 1)
        order = torch.Generator().manual_seed(seed)
        totals: dict[str, Tensor] = {}
        with torch.random.fork_rng():
            torch.manual_seed(seed + self.fabric.global_rank)
            graphs: Sequence[DialogueGraph] = train.masked(stage.mask, seed)
            planned = bucketed(train.lengths, self.optimization.batch_nodes, order)
            targets: Sequence[TrainingTargets] = [TrainingTargets()] * len(graphs)
            if stage.curriculum is not None:
                graphs, targets = stage.curriculum.epoch(graphs, progress, order)
            sizes = [_size(each, turns) for each, turns in zip(targets, train.lengths, strict=True)]
            for taken, chosen in enumerate(planned):
                for group in state.optimizer.param_groups:
                    rate = self.optimization.rate(state.epoch + taken / len(planned), epochs)
                    group["lr"] = rate * group["pace"]
                own, weight = self._share(chosen, sizes)
                batch = collated(graphs, own).to(self.fabric.device)
                added = self._targets([targets[i] for i in own], state, batch)
                loss, parts = step(batch, added, stage.objective.loss)
                state.optimizer.zero_grad()
                self.fabric.backward(loss * weight)
                if self.optimization.clip is not None:
                    torch.nn.utils.clip_grad_norm_(step.parameters(), self.optimization.clip)
                state.optimizer.step()
                if state.average is not None and stage.select:
                    state.average.update_parameters(state.model)
                for name, part in parts.items():
                    totals[name] = totals.get(name, torch.zeros((), device=part.device)) + part * weight
        state.epoch += 1
        together = cast(dict[str, Tensor], self.fabric.all_reduce(totals))  # the mean over the processes
        losses = {name: float(total) / len(planned) for name, total in together.items()}
        diverged = [name for name, loss in losses.items() if not math.isfinite(loss)]
        if diverged:
            raise FloatingPointError(
                f"The {diverged[0]} loss of epoch {state.epoch} is not finite. Lower `learning_rate` "
                f"(now {self.optimization.learning_rate})."
            )
        return losses

    def _targets(
        self, targets: Sequence[TrainingTargets], state: TrainingState, batch: DialogueGraph
    ) -> TrainingTargets:
        """Training targets of a batch, with the soft targets of the teacher where there is distillation."""
        joined = TrainingTargets.collate(targets).to(self.fabric.device)
        if not joined.distillation_weight:
            return joined
        with self.fabric.autocast():
            return replace(joined, teacher_logits=teacher_logits(state.evaluated, batch))

    def _share(self, chosen: list[int], sizes: Sequence[float]) -> tuple[list[int], float]:
        """This process's dialogues of a batch, and the weight of its loss in the mean over the processes.

        The weight is proportional to the utterances, or with a curriculum to their weights, so that the mean
        is that of the whole batch. A process that has no dialogue left reads the first one with weight zero:
        all must take every step together.
        """
        rank, count = self.fabric.global_rank, self.fabric.world_size
        own = chosen[rank::count]
        total = sum(sizes[i] for i in chosen)
        share = sum(sizes[i] for i in own) / total if total else 1 / count
        return own or chosen[:1], count * share


def _size(targets: TrainingTargets, turns: int) -> float:
    """Turns of a dialogue that count in the loss, by their weights."""
    return turns if targets.weight is None else float(targets.weight.sum())


def _begin(stage: Stage, model: EmotionModel, trainable: Sequence[str], *, hand_over: bool) -> None:
    """Freeze what a stage does not train, and hand over before its first epoch."""
    trains = stage.objective.trains
    moving = [name for name in trainable if not trains or name.startswith(trains)]
    if not moving:
        raise ValueError(
            f"Stage {stage.name!r} trains parameters whose names begin with {' or '.join(trains)}; the model "
            "has none."
        )
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in moving)
    if hand_over and stage.objective.start is not None:
        with torch.no_grad():
            stage.objective.start(model)
