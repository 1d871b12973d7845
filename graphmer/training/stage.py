"""A stretch of training with one objective and one way of hiding modalities."""

from dataclasses import dataclass

from graphmer.curriculum.curriculum import Curriculum
from graphmer.dialogue.missing import MissingProtocol
from graphmer.training.objective import Objective


@dataclass(frozen=True)
class Stage:
    """One stage.

    Args:
        name: what it is called in logs, e.g. ``experts`` or ``mixing``.
        epochs: passes over the training dialogues.
        objective: what is minimised.
        mask: what is hidden from the model; drawn anew each epoch.
        select: whether its epochs compete for the best validation score.
        curriculum: what hardness makes of each epoch; ``None`` to take all utterances alike.
        distil: whether batches also hold what the model says of them where nothing is hidden.
    """

    name: str
    epochs: int
    objective: Objective
    mask: MissingProtocol
    select: bool = True
    curriculum: Curriculum | None = None
    distil: bool = False
