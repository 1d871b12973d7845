"""Losses of single utterances."""

from torch import Tensor
from torch.nn.functional import cross_entropy

from graphmer.dialogue.labels import annotated
from graphmer.typing import UNLABELLED


def emotion_loss(
    output: Tensor, target: Tensor, weight: Tensor | None = None, share: Tensor | None = None
) -> Tensor:
    """Cross-entropy over classes, or squared error of a score, averaged over the labelled utterances.

    Zero, with zero gradient, where nothing is labelled.

    Args:
        output: logits of the classes, or a score.
        target: `UNLABELLED`, or NaN for scores, where nobody annotated.
        weight: of each utterance in the average, >= 0; all alike if left out.
        share: of this annotation in what the utterance counts for, where another has the rest; 1 if left out.

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
