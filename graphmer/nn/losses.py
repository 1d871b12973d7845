"""Losses of single utterances, and their sum."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from graphmer.dialogue.labels import annotated
from graphmer.typing import UNLABELLED


@dataclass(frozen=True)
class LossTerms:
    """Loss of a batch and its terms.

    Attributes:
        total: scalar that is minimised, with gradient.
        parts: its unweighted terms by name, detached.
    """

    total: Tensor
    parts: dict[str, Tensor]

    @classmethod
    def weighted(cls, terms: Mapping[str, tuple[float, Tensor]]) -> "LossTerms":
        """Weighted sum of (weight, loss) pairs, one or more."""
        weighted = [weight * loss for weight, loss in terms.values()]
        return cls(sum(weighted[1:], weighted[0]), {name: loss.detach() for name, (_, loss) in terms.items()})


def emotion_loss(
    output: Tensor, target: Tensor, weight: Tensor | None = None, share: Tensor | None = None
) -> Tensor:
    """Cross-entropy over classes, or squared error of a score, averaged over the labelled utterances.

    Zero, with zero gradient, where no utterance is labelled.

    Args:
        output: logits of the classes, or a score.
        target: encoded annotation; `UNLABELLED`, or NaN for scores, where there is none.
        weight: weight of each utterance in the mean, >= 0; equal weights when left out.
        share: share of this annotation in the loss of the utterance, where another one has the rest; 1 when
            left out.

    Shapes:
        output ``[N, C]`` with target long ``[N]``, or output ``[N, 1]`` with target float ``[N]``; weight
        and share ``[N]``.
    """
    labelled = annotated(target)
    if target.is_floating_point():
        loss = (output.squeeze(1) - target.nan_to_num()).square() * labelled
    else:
        loss = cross_entropy(output, target, ignore_index=UNLABELLED, reduction="none")
    if share is not None:
        loss = share * loss
    if weight is None:
        return loss.sum() / labelled.sum().clamp_min(1)
    return (weight * loss).sum() / (weight * labelled).sum().clamp_min(1e-6)


def distillation_loss(output: Tensor, teacher_logits: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy to the soft targets of a teacher, or squared error to its score; the weighted mean.

    Every utterance counts, whether it is annotated or not. With the moving average of the weights as the
    teacher this is Mean Teacher (Tarvainen & Valpola, NeurIPS 2017); that the teacher reads what is masked
    for its student, and that utterances are weighted by their hardness, is ours. It is not in HARDY-MER.

    Args:
        output: logits or score of the student.
        teacher_logits: those of the teacher, without gradient.
        weight: weight of each utterance, >= 0.

    Shapes:
        output, teacher_logits ``[N, C]``, or ``[N, 1]`` for a score; weight ``[N]``.
    """
    if output.shape[1] == 1:
        loss = (output - teacher_logits).square().squeeze(1)
    else:
        loss = cross_entropy(output, teacher_logits.softmax(dim=1), reduction="none")
    return (weight * loss).sum() / weight.sum().clamp_min(1e-6)


def reconstruction_loss(
    reconstruction: Mapping[str, Tensor], features: Mapping[str, Tensor], available: Tensor, present: Tensor
) -> Tensor:
    """Mean squared error per feature of what was recorded but masked, averaged over these entries.

    The term ``L_rec`` of HARDY-MER. Differences from the released code: the target is the true feature
    vector, and only recorded and masked entries count.

    Args:
        reconstruction: by modality.
        features: by modality, standardised.
        available: what the network could read.
        present: what was recorded.

    Shapes:
        reconstruction, features ``{m: [N, D_m]}``; available, present bool ``[N, M]``, columns in the order
        of `reconstruction`.
    """
    masked = present & ~available
    total = torch.zeros((), device=available.device)
    for m, (modality, rebuilt) in enumerate(reconstruction.items()):
        # selected, not multiplied by zero: rows that were never recorded may hold NaN
        error = rebuilt[masked[:, m]] - features[modality][masked[:, m]]
        total = total + error.square().mean(dim=1).sum()
    return total / masked.sum().clamp_min(1)
