"""What a stage minimises."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from graphmer.dialogue.change import previous_turn, speaker_ids
from graphmer.graph import DialogueGraph
from graphmer.nn.losses import emotion_loss
from graphmer.nn.model import EmotionModel
from graphmer.nn.output import ModelOutput, dialogue_numbers
from graphmer.training.distillation import distillation_loss
from graphmer.typing import UNLABELLED


@dataclass(frozen=True)
class LossTerms:
    """A loss and what it is made of.

    Attributes:
        total: what is minimised, a scalar with gradient.
        parts: its unweighted terms by name, detached.
    """

    total: Tensor
    parts: dict[str, Tensor]


Objective = Callable[[EmotionModel, DialogueGraph], LossTerms]
"""A model and a batch of graphs to the loss."""


@dataclass(frozen=True)
class ChangePairs:
    """The turns of a batch for which a change is defined, as `change_targets` has it.

    Attributes:
        previous: the latest earlier annotated turn of the same speaker, -1 where there is none; long ``[N]``.
        eligible: turns that are annotated and have one; bool ``[N]``.
        changed: whether the emotion of each eligible turn differs from the previous one; bool ``[P]``.
    """

    previous: Tensor
    eligible: Tensor
    changed: Tensor

    @classmethod
    def of(cls, graph: DialogueGraph) -> "ChangePairs":
        """The pairs of a batch with class numbers."""
        emotion, labelled = graph.emotion, graph.emotion != UNLABELLED
        previous = previous_turn(speaker_ids(graph.speaker, dialogue_numbers(graph)), labelled)
        eligible = labelled & (previous >= 0)
        return cls(previous, eligible, (emotion != emotion[previous])[eligible])


def change_loss(model: EmotionModel, output: ModelOutput, graph: DialogueGraph) -> Tensor:
    """Binary cross-entropy of the change head over the turns for which a change is defined, their mean.

    Zero, with zero gradient, where there is none.

    Args:
        model: has a change head.
        output: what it said of `graph`.
        graph: a batch with class numbers.
    """
    pairs = ChangePairs.of(graph)
    said = model.change_logits(output, pairs.previous)[pairs.eligible]
    total = binary_cross_entropy_with_logits(said, pairs.changed.to(said.dtype), reduction="sum")
    return total / pairs.eligible.sum().clamp_min(1)


def reconstruction_loss(
    reconstruction: dict[str, Tensor], features: dict[str, Tensor], available: Tensor, present: Tensor
) -> Tensor:
    """Squared error per feature on what was hidden but recorded, averaged over those entries.

    The term ``L_rec`` of HARDY-MER. Differences from the released code: the target is the true feature
    vector, and nothing but recorded and hidden entries count.

    Shapes:
        reconstruction, features ``{m: [N, D_m]}``; available, present ``[N, M]``, columns in the order of
        `reconstruction`.
    """
    hidden = present & ~available
    total = torch.zeros((), device=available.device)
    for m, (modality, rebuilt) in enumerate(reconstruction.items()):
        # picked, not multiplied by zero: rows that were never recorded may hold NaN
        error = rebuilt[hidden[:, m]] - features[modality][hidden[:, m]]
        total = total + error.square().mean(dim=1).sum()
    return total / hidden.sum().clamp_min(1)


def unimodal_objective(model: EmotionModel, graph: DialogueGraph) -> LossTerms:
    """Stage 1: every expert learns its own modality; the sum of the losses."""
    output = model.unimodal(graph)
    parts = {
        modality: emotion_loss(logits, graph.emotion[output.node[modality]])
        for modality, logits in output.logits.items()
    }
    return LossTerms(torch.stack(list(parts.values())).sum(), {m: part.detach() for m, part in parts.items()})


def mixing_objective(
    reconstruction: float = 0.0, support: float = 0.0, distillation: float = 0.0
) -> Objective:
    """Stage 2: emotions from whatever is available, ``L_cls + support * L_sup + reconstruction * L_rec``.

    A curriculum weighs the utterances in the cross-entropy of ``L_cls``, and provides the supports whose own
    emotions make ``L_sup``; without one both are plain and ``L_sup`` is not there.

    ``L_cls`` is the cross-entropy of the turns, to which a model with a decoder adds the likelihood of each
    speaker's emotions as a whole. Both count alike, with weight 1: both are nats per labelled turn, and equal
    until the decoder has learnt something. The decoder alone would leave open how much of the evidence is in
    the logits and how much in its potentials; the cross-entropy keeps the logits calibrated, and it is their
    softmax that the decoder takes for the emotion of the other party. A change head
    adds its `change_loss`, with weight 1 too: nats per turn that can be a change. With `distillation` the
    `distillation_loss` is added, by the hardness that a curriculum gives.
    """

    def objective(model: EmotionModel, graph: DialogueGraph) -> LossTerms:
        output = model(graph)
        weight, lent = graph.get("weight"), graph.get("share")
        own = None if lent is None else 1 - lent
        loss = emotion_loss(output.emotion_logits, graph.emotion, weight, own)
        parts = {"emotion": loss.detach()}
        if graph.get("support_emotion") is not None:
            supported = emotion_loss(output.emotion_logits, graph.support_emotion, weight, lent)
            parts["support"] = supported.detach()
            loss = loss + support * supported
        if model.decoder is not None:
            turns = (graph.speaker, dialogue_numbers(graph))
            chain = model.decoder.loss(output.emotion_logits, graph.emotion, *turns)
            parts["chain"] = chain.detach()
            loss = loss + chain
        if model.change_head is not None:
            change = change_loss(model, output, graph)
            parts["change"] = change.detach()
            loss = loss + change
        if distillation:
            learnt = distillation_loss(output.emotion_logits, graph.teacher_logits, graph.hardness)
            parts["distillation"] = learnt.detach()
            loss = loss + distillation * learnt
        if reconstruction:
            features = {modality: graph[modality] for modality in model.modalities}
            rebuilt = reconstruction_loss(output.reconstruction, features, graph.available, graph.present)
            parts["reconstruction"] = rebuilt.detach()
            loss = loss + reconstruction * rebuilt
        return LossTerms(loss, parts)

    return objective
