"""What a model that sees all of a dialogue teaches one that sees a part of it."""

import copy

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from graphmer.graph import DialogueGraph
from graphmer.nn.model import EmotionModel


@torch.no_grad()
def complete_view(model: EmotionModel, graph: DialogueGraph) -> Tensor:
    """What a model says of each utterance where all that was recorded may be seen: logits, or the score.

    It reads without dropout and without supports of its own, and is left in the mode it was in.

    Args:
        model: the teacher.
        graph: a batch of training dialogues, as far as the student sees them.

    Shapes:
        returns ``[N, C]``, or ``[N, 1]`` for a score.
    """
    whole = copy.copy(graph)
    whole.available = graph.present
    training = model.training
    model.eval()
    try:
        return model.heads(*model.encode(whole)).emotion_logits.float()
    finally:
        model.train(training)


def distillation_loss(output: Tensor, told: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy to what the teacher says, or squared error to its score; the weighted mean.

    Every utterance learns, whether it is annotated or not. The mean of the weights of past steps as the
    teacher of the present ones is Mean Teacher (Tarvainen & Valpola, NeurIPS 2017); that it sees what is
    hidden from its student, and that students learn from it by their hardness, is ours. It is not in
    HARDY-MER.

    Args:
        output: logits or score of the student.
        told: those of the teacher, without gradient.
        weight: of each utterance, >= 0.

    Shapes:
        output, told ``[N, C]``, or ``[N, 1]`` for a score; weight ``[N]``.
    """
    if output.shape[1] == 1:
        loss = (output - told).square().squeeze(1)
    else:
        loss = cross_entropy(output, told.softmax(dim=1), reduction="none")
    return (weight * loss).sum() / weight.sum().clamp_min(1e-6)
