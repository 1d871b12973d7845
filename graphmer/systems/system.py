"""Definition of a system: settings, network, training, and what it can do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from graphmer.curriculum.settings import CurriculumSettings
from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.graph import DialogueGraph
from graphmer.nn.losses import LossTerms
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Network, NetworkSettings, Signature
from graphmer.nn.targets import TrainingTargets
from graphmer.retrieval.settings import RetrievalSettings
from graphmer.settings import Positive, Settings

HEADS = ("decoder", "change_head")
"""Beginnings of the names of the parameters of the heads, for the `Objective.trains` of a last stage."""

Loss = Callable[[EmotionModel, DialogueGraph, TrainingTargets], LossTerms]
"""Model, batch of training dialogues and what the curriculum adds, to the loss."""

Fit = Callable[[Any, Sequence[Dialogue], Sequence[Dialogue], LabelSpace], None]
"""Fits a network without the trainer: network, training dialogues, validation dialogues, labels."""


@dataclass(frozen=True)
class Objective:
    """Training objective of a stage.

    Args:
        loss: what is minimised.
        trains: beginnings of the names of the model's parameters that move, such as ``network.encoder``; all
            others are frozen. Empty for all parameters.
        start: hand-over, called with the model before the first epoch of the stage, for instance to copy a
            teacher. It may change the values of weights, not which modules there are: a run that is continued
            within the stage restores them from its checkpoint.
        uses_targets: whether the loss reads `TrainingTargets`, so that a curriculum can act on it.
    """

    loss: Loss
    trains: tuple[str, ...] = ()
    start: Callable[[EmotionModel], None] | None = None
    uses_targets: bool = True


class StageSettings(Settings):
    """One stage of training."""

    name: str
    """Name of the stage in logs."""
    objective: str
    """Objective; one of the chosen system's."""
    epochs: Positive
    """Passes over the training dialogues."""
    updates: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Fewest updates of the weights: a small corpus is passed more often than `epochs`."""
    mask: str = "mixed"
    """Missing-modality protocol, sampled each epoch: `complete`, `sets`, `partial`, `rates`, `drops`,
    `mixed`, `varied`, `fixed:at`."""


@dataclass(frozen=True)
class System:
    """A system of the field: everything that is particular to it.

    Args:
        settings: its settings, a subclass of `NetworkSettings` whose ``system`` is the ``Literal`` of its
            name.
        network: builds the network from settings and signature; as a rule its class.
        objectives: training objectives by name.
        stages: stages of training where the configuration names none; the epochs of the last one compete on
            validation.
        fit: fits the network by itself, in place of stages.
        uses_graph: whether the network reads edges.
        causal: whether the network can be built so that no output depends on a later turn.
        streams: whether a causal network is a `StreamingNetwork`.
        what_if: whether predictions without some modalities are meaningful.
        classes: whether it predicts classes.
        scores: whether it predicts scores.
        curriculum: training by hardness that belongs to the system: what the configuration's section leaves
            out is taken from here.
        retrieval: retrieval of supports that belongs to the system, likewise.
        encoder: `encoder` of a configuration that leaves it out.
    """

    settings: type[NetworkSettings]
    network: Callable[[Any, Signature], Network]
    objectives: Mapping[str, Objective] = field(default_factory=dict)
    stages: tuple[StageSettings, ...] = ()
    fit: Fit | None = None
    uses_graph: bool = False
    causal: bool = False
    streams: bool = False
    what_if: bool = True
    classes: bool = True
    scores: bool = True
    curriculum: CurriculumSettings | None = None
    retrieval: RetrievalSettings | None = None
    encoder: Literal["none", "retrieval", "input", "both"] = "none"

    @property
    def name(self) -> str:
        """Name of the system, the default of its settings' ``system``."""
        return str(self.settings.model_fields["system"].default)
