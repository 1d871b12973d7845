"""Small models for tests."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from graphmer.nn.messages import MessagePassingSettings
from graphmer.nn.model import EmotionModel
from graphmer.systems.model import ModelSettings


def model_settings(
    widths: Mapping[str, int],
    outputs: int,
    relations: Sequence[str] = (),
    *,
    causal: bool = False,
    decoder: str = "none",
    change: bool = False,
    cause: bool = False,
    message_passing: MessagePassingSettings | None = None,
    **network: Any,
) -> ModelSettings:
    """Settings of the system graphmer with message passing, of momke without."""
    system: dict[str, Any] = {"system": "momke"}
    if message_passing is not None:
        system = {"system": "graphmer", "message_passing": message_passing}
    values = {
        "network": {**system, **network},
        "signature": {
            "widths": dict(widths),
            "outputs": outputs,
            "relations": tuple(relations),
            "causal": causal,
        },
        "heads": {"decoder": decoder, "change": change, "cause": cause},
    }
    return ModelSettings.model_validate(values)


def make(*args: Any, seed: int = 0, **settings: Any) -> EmotionModel:
    """A model with fresh weights; arguments as `model_settings`."""
    torch.manual_seed(seed)
    return model_settings(*args, **settings).build()
