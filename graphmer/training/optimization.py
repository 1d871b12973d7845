"""Optimizer, learning rate schedule and averaging of the weights."""

import math
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from graphmer.nn.model import EmotionModel
from graphmer.settings import Positive, Settings

OPTIMIZERS = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}
"""Optimizers by name."""
WARMUP = 2.0
"""Epochs in which the learning rate of the cosine schedule rises linearly."""
DECODER_PACE = 50.0
"""Learning rate of a decoder, as a multiple of that of all other weights. Its potentials are log-odds of a
few units: steps that suit the weights of a layer would take thousands of batches to get there."""

HEAD_PACE = 10.0
"""The same for the estimate of reliability, which has to be good before the routers can use it."""


class Optimization(Settings):
    """How weights are updated."""

    learning_rate: Annotated[float, Field(gt=0)] = 5e-4
    """Highest learning rate; MoMKE has 1e-4."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Decoupled with `adamw`, an L2 term with `adam` (MoMKE: 1e-5)."""
    optimizer: Literal["adamw", "adam"] = "adamw"
    """Adam with decoupled or coupled weight decay."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """`cosine` rises over the first two epochs, then falls to zero; `constant` as in MoMKE."""
    clip: Annotated[float, Field(gt=0)] | None = 1.0
    """Largest gradient norm; null for no limit."""
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Decay per step of the exponential moving average of the weights, which is validated and kept, in the
    stages that compete; null takes the weights themselves."""
    batch_nodes: Positive = 600
    """Most utterances in a batch; 600 is about 16 IEMOCAP-4 dialogues."""

    def make(self, model: torch.nn.Module) -> torch.optim.Optimizer:
        """The optimizer over all parameters of a model, which form groups by their pace."""
        kind = OPTIMIZERS[self.optimizer]
        groups: dict[float, list[torch.nn.Parameter]] = {1.0: []}
        for name, parameter in model.named_parameters():
            groups.setdefault(_pace(name), []).append(parameter)
        return kind(
            [{"params": groups[pace], "pace": pace} for pace in sorted(groups)],
            lr=self.learning_rate,
            weight_decay=self.weight_decay,
            fused=True,
        )

    def average(self, model: EmotionModel) -> AveragedModel | None:
        """Exponential moving average of a model's weights, which starts with the first update."""
        if self.ema is None:
            return None
        return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(self.ema))  # type: ignore[no-untyped-call]

    def rate(self, epoch: float, epochs: int) -> float:
        """Learning rate after `epoch` (fractions count) of `epochs` passes."""
        if self.schedule == "constant":
            return self.learning_rate
        rise = min(1.0, (epoch + 1e-3) / WARMUP)
        return self.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * epoch / epochs))


def _pace(name: str) -> float:
    """Learning rate of a parameter, as a multiple of that of most others."""
    if name.startswith("decoder.") or name.endswith(".absence"):
        return DECODER_PACE
    return HEAD_PACE if name.startswith("network.reliability.") else 1.0
