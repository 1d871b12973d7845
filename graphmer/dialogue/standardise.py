"""Standardisation of features with statistics of the training set."""

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
    """Standardisation of features to zero mean and unit variance.

    Statistics are computed over the training utterances in which the modality is available.

    Args:
        mean: mean of each feature, ``{m: [D_m]}``.
        deviation: standard deviation of each feature, ``{m: [D_m]}``, positive.
        limit: standardised features are clipped to ``[-limit, limit]``, so that one faulty recording cannot
            dominate a dialogue; infinity disables clipping.
    """

    mean: Mapping[str, Tensor]
    deviation: Mapping[str, Tensor]
    limit: float = 10.0

    @classmethod
    def fit(cls, dialogues: Iterable[Dialogue]) -> "Standardiser":
        """Compute the statistics of the training dialogues.

        A constant feature gets the standard deviation 1, so that it becomes zero.

        Raises:
            ValueError: if a modality is available in no utterance.
        """
        count: dict[str, float] = {}
        total: dict[str, Tensor] = {}
        square: dict[str, Tensor] = {}
        for dialogue in dialogues:
            for column, (modality, rows) in enumerate(dialogue.features.items()):
                values = rows[dialogue.available[:, column]].double()
                count[modality] = count.get(modality, 0.0) + len(values)
                total[modality] = total.get(modality, 0.0) + values.sum(dim=0)
                square[modality] = square.get(modality, 0.0) + values.square().sum(dim=0)
        absent = [modality for modality, number in count.items() if number == 0]
        if absent:
            raise ValueError(
                f"No training utterance has the modality {absent[0]!r}; leave it out or choose others."
            )
        mean = {m: total[m] / count[m] for m in count}
        variance = {m: (square[m] / count[m] - mean[m].square()).clamp_min(0) for m in count}
        deviation = {m: torch.where(v > 1e-12, v.sqrt(), torch.ones_like(v)) for m, v in variance.items()}
        return cls({m: t.float() for m, t in mean.items()}, {m: t.float() for m, t in deviation.items()})

    @classmethod
    def identity(cls, widths: Mapping[str, int]) -> "Standardiser":
        """Standardiser that leaves features unchanged."""
        return cls(
            {m: torch.zeros(d) for m, d in widths.items()},
            {m: torch.ones(d) for m, d in widths.items()},
            limit=float("inf"),
        )

    def without(self, modality: str, columns: int) -> "Standardiser":
        """The same with the first features of a modality left unchanged, but clipped."""
        mean, deviation = self.mean[modality].clone(), self.deviation[modality].clone()
        mean[:columns], deviation[:columns] = 0, 1
        return replace(
            self, mean={**self.mean, modality: mean}, deviation={**self.deviation, modality: deviation}
        )

    def __call__(self, dialogue: Dialogue) -> Dialogue:
        """Copy of the dialogue with standardised features; lazy features stay lazy."""
        features = dialogue.features
        if isinstance(features, LazyFeatures):
            make = {m: partial(self._loaded, m, source) for m, source in features.make.items()}
            return replace(dialogue, features=LazyFeatures(features.turns, make))
        return replace(dialogue, features={m: self._scaled(m, rows) for m, rows in features.items()})

    def _scaled(self, modality: str, rows: Features) -> Features:
        return ((rows - self.mean[modality]) / self.deviation[modality]).clamp(-self.limit, self.limit)

    def _loaded(self, modality: str, source: Callable[[], Features]) -> Features:
        return self._scaled(modality, source())

    def to_json(self) -> dict[str, Any]:
        """Statistics as plain lists and numbers, exact in JSON."""
        return {
            "mean": {m: mean.tolist() for m, mean in self.mean.items()},
            "deviation": {m: deviation.tolist() for m, deviation in self.deviation.items()},
            "limit": self.limit if self.limit != float("inf") else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Standardiser":
        """Standardiser from the result of `to_json`."""
        return cls(
            {m: torch.tensor(mean) for m, mean in values["mean"].items()},
            {m: torch.tensor(deviation) for m, deviation in values["deviation"].items()},
            float("inf") if values["limit"] is None else values["limit"],
        )
