"""Soft targets for distillation from a model that reads complete dialogues."""

import copy

import torch
from torch import Tensor

from graphmer.graph import DialogueGraph
from graphmer.nn.model import EmotionModel


@torch.no_grad()
def teacher_logits(model: EmotionModel, graph: DialogueGraph) -> Tensor:
    """Logits, or the score, of each utterance where every recorded modality is available.

    The teacher reads without dropout and without retrieved supports, and is left in the mode it was in.

    Args:
        model: the teacher.
        graph: a batch of training dialogues, as they are masked for the student.

    Shapes:
        returns ``[N, C]``, or ``[N, 1]`` for a score.
    """
    complete = copy.copy(graph)
    complete.available = graph.present
    training = model.training
    model.eval()
    try:
        logits: Tensor = model.network(complete).logits
        return logits.float()
    finally:
        model.train(training)
