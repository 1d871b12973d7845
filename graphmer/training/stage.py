"""Stages of training."""

from dataclasses import dataclass

from graphmer.curriculum.curriculum import Curriculum
from graphmer.dialogue.missing import MissingProtocol
from graphmer.systems.system import Objective


@dataclass(frozen=True)
class Stage:
    """One stage of training, with one objective and one missing-modality protocol.

    Args:
        name: name in logs, e.g. ``experts`` or ``mixing``.
        epochs: passes over the training dialogues.
        objective: loss, and the parameters that move.
        mask: protocol of the training masks; sampled anew each epoch.
        select: whether its epochs compete for the best validation score.
        curriculum: training by hardness; ``None`` weighs all utterances alike.
    """

    name: str
    epochs: int
    objective: Objective
    mask: MissingProtocol
    select: bool = True
    curriculum: Curriculum | None = None
