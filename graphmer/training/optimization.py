"""How weights are moved."""

import math
from dataclasses import dataclass

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from graphmer.nn.model import EmotionModel

OPTIMIZERS = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}
SCHEDULES = ("cosine", "constant")
DECODER_PACE = 50.0
"""Learning rate of a decoder, as a multiple of that of all other weights. Its potentials are log-odds of a
few units: steps that suit the weights of a layer would take thousands of batches to get there."""


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
        ema: decay per step of the running mean of the weights that is validated and kept, in the stages
            that compete; ``None`` takes the weights themselves.
        nodes: most utterances in a batch.

    Raises:
        ValueError: on an unknown optimizer or schedule.
    """

    learning_rate: float = 5e-4
    weight_decay: float = 0.01
    optimizer: str = "adamw"
    schedule: str = "cosine"
    warmup: float = 2.0
    clip: float | None = 1.0
    ema: float | None = None
    nodes: int = 600

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"`optimizer` must be one of {list(OPTIMIZERS)}; got {self.optimizer!r}.")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"`schedule` must be one of {list(SCHEDULES)}; got {self.schedule!r}.")

    def make(self, model: torch.nn.Module) -> torch.optim.Optimizer:
        """The optimizer over all parameters of a model; those of a decoder form a group of their own."""
        kind = OPTIMIZERS[self.optimizer]
        named = list(model.named_parameters())
        weights = [parameter for name, parameter in named if not name.startswith("decoder.")]
        decoder = [parameter for name, parameter in named if name.startswith("decoder.")]
        groups = [{"params": weights, "pace": 1.0}, {"params": decoder, "pace": DECODER_PACE}]
        return kind(
            groups if decoder else groups[:1],
            lr=self.learning_rate,
            weight_decay=self.weight_decay,
            fused=True,
        )

    def average(self, model: EmotionModel) -> AveragedModel | None:
        """The running mean of a model's weights, which starts with the first update."""
        if self.ema is None:
            return None
        return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(self.ema))  # type: ignore[no-untyped-call]

    def rate(self, epoch: float, epochs: int) -> float:
        """Learning rate after `epoch` (a fraction counts) of `epochs` passes."""
        if self.schedule == "constant":
            return self.learning_rate
        rise = min(1.0, (epoch + 1e-3) / self.warmup) if self.warmup else 1.0
        return self.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
