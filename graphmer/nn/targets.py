"""What training adds to a batch of dialogue graphs."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor


@dataclass(eq=False)  # not frozen: Fabric converts the fields of what a module is given
class TrainingTargets:
    """Weights and further targets of the utterances of a batch, in addition to their annotated emotions.

    A curriculum provides them; the default ones weigh all utterances alike and add nothing.

    Attributes:
        weight: weight of each utterance in the emotion loss, >= 0, ``[N]``; ``None`` for equal weights.
        hardness: hardness of each utterance under what is available of it, in [0, 1], ``[N]``.
        support_emotion: encoded annotation of the support of each utterance, ``[N]``; unlabelled elsewhere.
        support_share: share of the support in each utterance's emotion loss, in [0, 1], ``[N]``; ``None``
            where supports are utterances of their own.
        teacher_logits: soft targets: logits of the teacher ``[N, C]``, or its score ``[N, 1]``.
        support_weight: weight of the loss of the supports.
        distillation_weight: weight of the distillation loss; 0 needs no teacher.
    """

    weight: Tensor | None = None
    hardness: Tensor | None = None
    support_emotion: Tensor | None = None
    support_share: Tensor | None = None
    teacher_logits: Tensor | None = None
    support_weight: float = 0.0
    distillation_weight: float = 0.0

    @classmethod
    def collate(cls, targets: Sequence["TrainingTargets"]) -> "TrainingTargets":
        """Targets of several graphs as those of one batch.

        Raises:
            ValueError: if some graphs have a target that others lack.
        """
        first = targets[0]
        joined: dict[str, Any] = {
            name: torch.cat([_there(each, name) for each in targets]) for name in first._tensors()
        }
        return replace(first, **joined)

    def to(self, device: torch.device) -> "TrainingTargets":
        """The same targets on a device."""
        moved: dict[str, Any] = {name: getattr(self, name).to(device) for name in self._tensors()}
        return replace(self, **moved)

    def _tensors(self) -> list[str]:
        return [each.name for each in fields(self) if isinstance(getattr(self, each.name), Tensor)]


def _there(targets: TrainingTargets, name: str) -> Tensor:
    rows: Tensor | None = getattr(targets, name)
    if rows is None:
        raise ValueError(f"All graphs of a batch must have the training target {name!r}, or none.")
    return rows
