"""Losses of the logits and the heads, the same for every system."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from graphmer.dialogue.change import previous_turn, speaker_ids
from graphmer.graph import DialogueGraph
from graphmer.nn.losses import LossTerms, distillation_loss, emotion_loss
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import NetworkOutput
from graphmer.nn.targets import TrainingTargets
from graphmer.typing import UNLABELLED


@dataclass(frozen=True)
class ChangePairs:
    """Pairs of turns of a batch for which a change is defined, as in `change_targets`.

    Attributes:
        previous: the latest earlier annotated turn of the same speaker, -1 where there is none; long ``[N]``.
        eligible: annotated turns that have one; bool ``[N]``.
        changed: whether the emotion of each eligible turn differs from the previous one; bool ``[P]``.
    """

    previous: Tensor
    eligible: Tensor
    changed: Tensor

    @classmethod
    def of(cls, graph: DialogueGraph) -> "ChangePairs":
        """The pairs of a batch with class numbers."""
        emotion, labelled = graph.emotion, graph.emotion != UNLABELLED
        previous = previous_turn(speaker_ids(graph.speaker, graph.dialogue), labelled)
        eligible = labelled & (previous >= 0)
        return cls(previous, eligible, (emotion != emotion[previous])[eligible])


def change_loss(model: EmotionModel, output: NetworkOutput, graph: DialogueGraph) -> Tensor:
    """Binary cross-entropy of the change head, averaged over the turns for which a change is defined.

    Zero, with zero gradient, where there is none.

    Args:
        model: has a change head.
        output: of its network for `graph`.
        graph: a batch with class numbers.
    """
    pairs = ChangePairs.of(graph)
    logits = model.change_logits(output, pairs.previous)[pairs.eligible]
    total = binary_cross_entropy_with_logits(logits, pairs.changed.to(logits.dtype), reduction="sum")
    return total / pairs.eligible.sum().clamp_min(1)


@dataclass(frozen=True)
class CauseTargets:
    """Annotated causes of a batch, within the window of a cause head.

    Attributes:
        turns: turns whose causes are annotated; long ``[T]``.
        caused: whether the turn ``k`` turns before is a cause, in column ``k``; bool ``[T, W + 1]``. False
            where there is no such turn.
    """

    turns: Tensor
    caused: Tensor

    @classmethod
    def of(cls, graph: DialogueGraph, window: int) -> "CauseTargets":
        """The annotated causes of a batch; those after their turn or out of the window are left out."""
        cause, turn = graph.cause_edges
        distance = turn - cause
        within = (distance >= 0) & (distance <= window)
        caused = torch.zeros(graph.num_nodes, window + 1, dtype=torch.bool, device=turn.device)
        caused[turn[within], distance[within]] = True
        return cls(graph.cause_turns, caused[graph.cause_turns])


def cause_loss(model: EmotionModel, output: NetworkOutput, graph: DialogueGraph) -> Tensor:
    """Binary cross-entropy of the cause head, averaged over the pairs of annotated turns within its window.

    Zero, with zero gradient, where no causes are annotated.

    Args:
        model: has a cause head.
        output: of its network for `graph`.
        graph: a batch.
    """
    assert model.cause_head is not None  # callers check
    targets = CauseTargets.of(graph, model.cause_head.window)
    logits = model.cause_logits(output, graph, targets.turns)
    there = ~logits.isnan()
    caused = targets.caused[there].to(logits.dtype)
    total = binary_cross_entropy_with_logits(logits[there], caused, reduction="sum")
    return total / there.sum().clamp_min(1)


def prediction_losses(
    model: EmotionModel, output: NetworkOutput, graph: DialogueGraph, targets: TrainingTargets
) -> dict[str, tuple[float, Tensor]]:
    """(Weight, loss) of the logits and of each head, by name: the terms that all systems have in common.

    ``emotion`` is the cross-entropy of the turns (squared error of a score), weighted by the curriculum;
    ``support`` is that of retrieved supports. ``chain`` is the likelihood of each speaker's emotions under
    the decoder, ``change`` the `change_loss` and ``cause`` the `cause_loss`; they count with weight 1, being
    nats per turn or pair of turns as well. The
    decoder alone would leave open how much of the evidence is in the logits and how much in its potentials;
    the cross-entropy keeps the logits calibrated. ``distillation`` is the `distillation_loss`, weighted by
    hardness.

    Args:
        model: network and heads.
        output: of the network for `graph`.
        graph: a batch of training dialogues.
        targets: what the curriculum adds.
    """
    share = targets.support_share
    own = None if share is None else 1 - share
    terms = {"emotion": (1.0, emotion_loss(output.logits, graph.emotion, targets.weight, own))}
    if targets.support_emotion is not None:
        loss = emotion_loss(output.logits, targets.support_emotion, targets.weight, share)
        terms["support"] = (targets.support_weight, loss)
    if model.decoder is not None:
        terms["chain"] = (
            1.0,
            model.decoder.loss(output.logits, graph.emotion, graph.speaker, graph.dialogue),
        )
    if model.change_head is not None:
        terms["change"] = (1.0, change_loss(model, output, graph))
    if model.cause_head is not None:
        terms["cause"] = (1.0, cause_loss(model, output, graph))
    if targets.teacher_logits is not None and targets.hardness is not None:
        loss = distillation_loss(output.logits, targets.teacher_logits, targets.hardness)
        terms["distillation"] = (targets.distillation_weight, loss)
    return terms


def prediction_loss(model: EmotionModel, graph: DialogueGraph, targets: TrainingTargets) -> LossTerms:
    """Loss of a system that has no terms of its own: `prediction_losses` alone."""
    return LossTerms.weighted(prediction_losses(model, model(graph), graph, targets))
