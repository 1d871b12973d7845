"""Training by hardness: weights and supports of the training utterances in each epoch."""

from collections.abc import Callable, Sequence
from itertools import accumulate

import torch
from torch import Tensor

from graphmer.curriculum.hardness import Hardness
from graphmer.curriculum.mixup import MOST, mixed_with
from graphmer.curriculum.pacing import Pacing
from graphmer.curriculum.supports import Form, context, slots, with_copy
from graphmer.graph import DialogueGraph
from graphmer.graph.dataset import GraphDataset
from graphmer.nn.targets import TrainingTargets
from graphmer.typing import UNLABELLED, Available

Neighbors = Callable[[Available, Tensor], Tensor]
"""From the available modalities ``[N, M]`` and the hardness ``[N]`` of all training utterances to their
supports ``[N, k]``: rows of the same utterances, -1 after the last."""


class Curriculum:
    """Training by hardness: graphs and targets of the training part, epoch by epoch.

    Each epoch, with probability `SUPPORT_RATE`, each utterance gets one of its supports, which is then
    trained on with the modalities that are available of the utterance, mixed into it or in a copy of a
    dialogue. It is sampled uniformly from the ``k'`` supports that the neighbors give, so that the mean over
    the samples is an unbiased estimate of ``L_sup = mean_i (1 / k'_i) sum_j l(y_ij)`` (HARDY-MER, section
    "curriculum"), at the cost of at most one copy.

    Differences from the released code: supports keep their own labels; one forward, one backward and one
    step instead of ``k + 1`` steps; and supports have a real context. In the code every utterance of a
    dialogue is replaced by a neighbor at once; here the larger part of each remains (``mixup``), about half
    of a copy is unchanged (``slots``), or all of it (``context``).

    Args:
        train: the training part.
        hardness: of its utterances; ``None`` gives all of them the hardness 1.
        neighbors: their supports; ``None`` for pacing alone.
        pacing: which utterances count, and with which weight.
        support_weight: weight of the loss of the supports.
        distillation_weight: weight of the distillation loss.
        form: where supports enter, see `Form`.
        relation: number of the relation from a support to the utterance; ``None`` for no such edges.

    Raises:
        ValueError: if the hardness is that of other utterances, or supports that are not in slots are to be
            linked.
    """

    SUPPORT_RATE = 0.5

    def __init__(
        self,
        train: GraphDataset,
        hardness: Hardness | None,
        neighbors: Neighbors | None,
        pacing: Pacing,
        *,
        support_weight: float = 0.0,
        distillation_weight: float = 0.0,
        form: Form = "slots",
        relation: int | None = None,
    ) -> None:
        ids = tuple(name for dialogue in train.dialogues for name in dialogue.utterance_ids)
        if hardness is not None and ids != hardness.utterances:
            raise ValueError("The hardness is that of other utterances than those to be trained on.")
        if relation is not None and form != "slots":
            raise ValueError("Only supports in slots can be linked to the utterances that they support.")
        self.hardness = hardness
        self.form = form
        self.neighbors = neighbors
        self.pacing = pacing
        self.relation = relation
        self.support_weight = support_weight
        self.distillation_weight = distillation_weight
        self.lengths = train.lengths
        self.features = {
            modality: torch.cat([dialogue.features[modality] for dialogue in train.dialogues])
            for modality in train.dialogues[0].modalities
        }
        self.present = torch.cat([dialogue.available for dialogue in train.dialogues])
        emotion = torch.cat([graph.emotion for graph in train.graphs])
        unlabelled = emotion.new_full((1,), torch.nan if emotion.is_floating_point() else UNLABELLED)
        self.emotion = torch.cat([emotion, unlabelled])

    def epoch(
        self, graphs: Sequence[DialogueGraph], progress: float, generator: torch.Generator
    ) -> tuple[list[DialogueGraph], list[TrainingTargets]]:
        """Graphs and targets of the training part for one epoch.

        Args:
            graphs: all dialogues of the training part in their order, masked.
            progress: fraction of the stage's epochs that are done.
            generator: samples the supports.
        """
        masked = list(graphs)
        available = torch.cat([graph.available for graph in masked])
        hardness = torch.ones(len(available))
        if self.hardness is not None:
            hardness = self.hardness.under(available, torch.arange(len(available)))
        weight = torch.split(self.pacing.weights(hardness, progress), self.lengths)
        targets = [
            TrainingTargets(
                weight=weights,
                hardness=values,
                support_weight=self.support_weight,
                distillation_weight=self.distillation_weight,
            )
            for weights, values in zip(weight, torch.split(hardness, self.lengths), strict=True)
        ]
        if self.neighbors is None:
            return masked, targets
        supports = self._sampled(self.neighbors(available, hardness), generator)
        pairs = self._supported(masked, targets, supports, available, generator)
        return [graph for graph, _ in pairs], [added for _, added in pairs]

    def _supported(
        self,
        graphs: Sequence[DialogueGraph],
        targets: Sequence[TrainingTargets],
        supports: Tensor,
        available: Available,
        generator: torch.Generator,
    ) -> list[tuple[DialogueGraph, TrainingTargets]]:
        """Graphs and targets with the sampled supports in them."""
        places = [
            slice(end - length, end)
            for length, end in zip(self.lengths, accumulate(self.lengths), strict=True)
        ]
        each = zip(graphs, targets, places, strict=True)
        if self.form == "mixup":
            share = MOST * torch.rand(len(supports), generator=generator)
            mixture = (supports, share, self.features, self.present, self.emotion)
            return [mixed_with(graph, added, rows, *mixture) for graph, added, rows in each]
        place = slots if self.form == "slots" else context
        copies = place(supports, available, self.present)
        return [
            with_copy(graph, added, rows, copies, self.features, self.emotion, relation=self.relation)
            for graph, added, rows in each
        ]

    def _sampled(self, supports: Tensor, generator: torch.Generator) -> Tensor:
        """One support of each sampled utterance, -1 for the others, ``[N]``."""
        chance = torch.rand(2, len(supports), generator=generator)
        count = (supports >= 0).sum(dim=1)
        place = (chance[0] * count).long().clamp_max(supports.shape[1] - 1)
        sampled = supports.gather(1, place[:, None])[:, 0]
        return sampled.where((count > 0) & (chance[1] < self.SUPPORT_RATE), -1)
