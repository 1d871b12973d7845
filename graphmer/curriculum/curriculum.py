"""Training by hardness: which utterances count when and how much, and which others support them."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from graphmer.curriculum.hardness import Hardness
from graphmer.curriculum.mixup import MOST, with_mixture
from graphmer.curriculum.supports import Form, context, slots, with_copy
from graphmer.curriculum.views import ranks
from graphmer.graph import DialogueGraph
from graphmer.graph.dataset import GraphDataset
from graphmer.typing import UNLABELLED, Available

Neighbours = Callable[[Available, Tensor], Tensor]
"""What is available ``[N, M]`` and the hardness ``[N]`` of all training utterances to their supports
``[N, k]``: rows on the same axis, -1 after the last."""


@dataclass(frozen=True)
class Pacing:
    """Which utterances count, from easy to hard, and how much.

    Args:
        initial_fraction: fraction of the utterances, the easiest ones, that count in the first epoch of the stage.
        full_at: fraction of the stage's epochs after which all count; the fraction that counts grows evenly.
        hardness_weighting: an utterance of hardness ``h`` weighs ``1 + hardness_weighting (2 h - 1)``; above 0 hard ones count
            more, below 0 less.

    Raises:
        ValueError: if a number is out of its range.
    """

    initial_fraction: float = 1.0
    full_at: float = 0.5
    hardness_weighting: float = 0.0

    def __post_init__(self) -> None:
        if not (0 < self.initial_fraction <= 1 and 0 < self.full_at <= 1):
            raise ValueError(
                f"`initial_fraction` and `full_at` must be fractions in (0, 1]; got {self.initial_fraction} and {self.full_at}."
            )
        if not -1 <= self.hardness_weighting <= 1:
            raise ValueError(f"`hardness_weighting` must be in [-1, 1]; got {self.hardness_weighting}.")

    def weights(self, hardness: Tensor, progress: float) -> Tensor:
        """Weight of each utterance in the loss, ``[N]``; zero for those that do not count yet.

        Args:
            hardness: ``[N]``.
            progress: fraction of the stage's epochs that are done.
        """
        share = self.initial_fraction + (1 - self.initial_fraction) * min(1.0, progress / self.full_at)
        open_now = ranks(hardness) <= share
        return (1 + self.hardness_weighting * (2 * hardness - 1)) * open_now


class Curriculum:
    """What an epoch of training sees of the training part.

    Each epoch, with probability `SUPPORT_RATE`, each utterance asks for one of its supports, which is then trained
    on with what may be seen of the asking one, mixed into it or in a copy of a dialogue. It is drawn evenly
    from the ``k'`` that the neighbours give, so that the mean over the drawn ones estimates without bias
    ``L_sup = mean_i (1 / k'_i) sum_j l(y_ij)`` (HARDY-MER, section "curriculum"), at the price of at
    most one copy.

    Differences from the released code: supports keep their own labels; one forward, one backward and one
    step instead of ``k + 1`` steps; and supports stand in a true context. In the code every utterance of a
    dialogue is replaced by a neighbour at once; here the larger part of each remains (``mixup``), about half
    of a copy is as it was (``slots``), or all of it (``context``).

    Args:
        train: the training part.
        hardness: of its utterances; ``None`` takes all of them as hard as can be, 1.
        neighbours: their supports; ``None`` for pacing alone.
        pacing: which utterances count.
        form: where supports stand, see `Form`.
        relation: number of the relation by which an utterance hears its support; ``None`` if it does not.

    Raises:
        ValueError: if the hardness is that of other utterances, or supports are to be heard that do not stand
            in slots.
    """

    SUPPORT_RATE = 0.5

    def __init__(
        self,
        train: GraphDataset,
        hardness: Hardness | None,
        neighbours: Neighbours | None,
        pacing: Pacing,
        *,
        form: Form = "slots",
        relation: int | None = None,
    ) -> None:
        ids = tuple(name for dialogue in train.dialogues for name in dialogue.utterance_ids)
        if hardness is not None and ids != hardness.utterances:
            raise ValueError("The hardness is that of other utterances than those to be trained on.")
        if relation is not None and form != "slots":
            raise ValueError("Only supports in slots can be heard by the utterances that they support.")
        self.hardness = hardness
        self.form = form
        self.neighbours = neighbours
        self.pacing = pacing
        self.relation = relation
        self.lengths = train.lengths
        self.features = {
            modality: torch.cat([dialogue.features[modality] for dialogue in train.dialogues])
            for modality in train.dialogues[0].modalities
        }
        self.present = torch.cat([dialogue.available for dialogue in train.dialogues])
        emotion = torch.cat([graph.emotion for graph in train.graphs])
        nobody = emotion.new_full((1,), torch.nan if emotion.is_floating_point() else UNLABELLED)
        self.emotion = torch.cat([emotion, nobody])

    def epoch(
        self, graphs: Sequence[DialogueGraph], progress: float, generator: torch.Generator
    ) -> list[DialogueGraph]:
        """The graphs of the training part as one epoch learns from them, with ``weight`` and ``hardness``.

        Args:
            graphs: all dialogues of the training part in their order, as far as they may be seen.
            progress: fraction of the stage's epochs that are done.
            generator: draws the supports.
        """
        weighted = [copy.copy(graph) for graph in graphs]
        available = torch.cat([graph.available for graph in weighted])
        hardness = torch.ones(len(available))
        if self.hardness is not None:
            hardness = self.hardness.under(available, torch.arange(len(available)))
        weight = torch.split(self.pacing.weights(hardness, progress), self.lengths)
        hard = torch.split(hardness, self.lengths)
        for graph, weights, values in zip(weighted, weight, hard, strict=True):
            graph.weight, graph.hardness = weights, values
        if self.neighbours is None:
            return weighted
        drawn = self._drawn(self.neighbours(available, hardness), generator)
        places = [
            slice(end - length, end)
            for length, end in zip(self.lengths, accumulate(self.lengths), strict=True)
        ]
        if self.form == "mixup":
            share = MOST * torch.rand(len(drawn), generator=generator)
            others = (drawn, share, self.features, self.present, self.emotion)
            return [with_mixture(graph, rows, *others) for graph, rows in zip(weighted, places, strict=True)]
        place = slots if self.form == "slots" else context
        copies = place(drawn, available, self.present)
        return [
            with_copy(graph, rows, copies, self.features, self.emotion, relation=self.relation)
            for graph, rows in zip(weighted, places, strict=True)
        ]

    def _drawn(self, supports: Tensor, generator: torch.Generator) -> Tensor:
        """One support of each utterance that asks, -1 for the others, ``[N]``."""
        chance = torch.rand(2, len(supports), generator=generator)
        count = (supports >= 0).sum(dim=1)
        place = (chance[0] * count).long().clamp_max(supports.shape[1] - 1)
        drawn = supports.gather(1, place[:, None])[:, 0]
        return drawn.where((count > 0) & (chance[1] < self.SUPPORT_RATE), -1)
