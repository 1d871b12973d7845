"""Zero mean and unit deviation, measured on the training part and nowhere else."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from graphmer.dialogue.dialogue import Dialogue, LazyFeatures
from graphmer.typing import Features


@dataclass(frozen=True, eq=False)
class Standardiser:
    """Mean and standard deviation of each feature over the training utterances that have the modality.

    Args:
        mean: ``{m: [D_m]}``.
        deviation: ``{m: [D_m]}``, positive.
        limit: standardised features are clipped to ``[-limit, limit]``, so that one broken recording cannot
            dominate a dialogue; infinite for no limit.
    """

    mean: Mapping[str, Tensor]
    deviation: Mapping[str, Tensor]
    limit: float = 10.0

    @classmethod
    def fit(cls, dialogues: Iterable[Dialogue]) -> "Standardiser":
        """Measure the training dialogues; a constant feature gets the deviation 1, so it becomes zero.

        Raises:
            ValueError: if no utterance has some modality.
        """
        count: dict[str, float] = {}
        total: dict[str, Tensor] = {}
        square: dict[str, Tensor] = {}
        for dialogue in dialogues:
            for column, (modality, rows) in enumerate(dialogue.features.items()):
                there = rows[dialogue.available[:, column]].double()
                count[modality] = count.get(modality, 0.0) + len(there)
                total[modality] = total.get(modality, 0.0) + there.sum(dim=0)
                square[modality] = square.get(modality, 0.0) + there.square().sum(dim=0)
        never = [modality for modality, number in count.items() if number == 0]
        if never:
            raise ValueError(
                f"No training utterance has the modality {never[0]!r}; leave it out or choose others."
            )
        mean = {m: total[m] / count[m] for m in count}
        variance = {m: (square[m] / count[m] - mean[m].square()).clamp_min(0) for m in count}
        spread = {m: torch.where(v > 1e-12, v.sqrt(), torch.ones_like(v)) for m, v in variance.items()}
        return cls({m: t.float() for m, t in mean.items()}, {m: t.float() for m, t in spread.items()})

    @classmethod
    def identity(cls, widths: Mapping[str, int]) -> "Standardiser":
        """Changes nothing: features as they are on disk."""
        return cls(
            {m: torch.zeros(d) for m, d in widths.items()},
            {m: torch.ones(d) for m, d in widths.items()},
            limit=float("inf"),
        )

    def __call__(self, dialogue: Dialogue) -> Dialogue:
        """The dialogue with standardised features; those that stay on disk do so."""
        features = dialogue.features
        if isinstance(features, LazyFeatures):
            make = {m: partial(self._made, m, source) for m, source in features.make.items()}
            return replace(dialogue, features=LazyFeatures(features.turns, make))
        return replace(dialogue, features={m: self._scaled(m, rows) for m, rows in features.items()})

    def _scaled(self, modality: str, rows: Features) -> Features:
        return ((rows - self.mean[modality]) / self.deviation[modality]).clamp(-self.limit, self.limit)

    def _made(self, modality: str, source: Callable[[], Features]) -> Features:
        return self._scaled(modality, source())

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers that JSON can hold without loss."""
        return {
            "mean": {m: mean.tolist() for m, mean in self.mean.items()},
            "deviation": {m: deviation.tolist() for m, deviation in self.deviation.items()},
            "limit": self.limit if self.limit != float("inf") else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Standardiser":
        """The inverse of `to_json`."""
        return cls(
            {m: torch.tensor(mean) for m, mean in values["mean"].items()},
            {m: torch.tensor(deviation) for m, deviation in values["deviation"].items()},
            float("inf") if values["limit"] is None else values["limit"],
        )
