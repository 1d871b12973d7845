"""HARDY-MER: MoMKE with training by hardness and supports from the training part (ACM MM 2025)."""

from typing import Annotated, Literal

from pydantic import Field

from graphmer.curriculum.hardness import HardnessSettings
from graphmer.curriculum.settings import CurriculumSettings
from graphmer.curriculum.teacher import TeacherSettings
from graphmer.nn.network import Signature
from graphmer.retrieval.settings import RetrievalSettings
from graphmer.systems.experts import OBJECTIVES, ExpertNetwork, ExpertNetworkSettings
from graphmer.systems.system import StageSettings, System


class HardymerSettings(ExpertNetworkSettings):
    """Settings of the network of HARDY-MER; the defaults are those of the released code."""

    system: Literal["hardymer"] = "hardymer"
    """Name of the system."""
    reconstruction: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the loss of heads that reconstruct masked modalities; 0 for no such heads."""


def network(settings: HardymerSettings, signature: Signature) -> ExpertNetwork:
    """Experts, routers, joint layer and reconstruction heads: MoMKE's network, without message passing.

    HARDY-MER is the way in which this network is trained. A teacher measures how hard each utterance is when
    modalities are missing; the harder it is, the more similar training utterances (supports) are learned in
    its place. `Teacher`, `HardnessSettings` and `RetrievalSettings` have the equations.

    Differences from the released code:
        - the method is the paper's: real features are reconstructed, an utterance has its own hardness, and
          neighbors are found by all available modalities;
        - hardness is ranked over the training part, not scaled by the extremes of a batch;
        - a router mixes the experts; the released student has none;
        - fine-tuned features come from networks that are fitted on the training part of the fold, each on
          other dialogues than it reads, and are added to the features instead of replacing them.

    Args:
        settings: of the network.
        signature: inputs and outputs.
    """
    return ExpertNetwork(settings, signature)


HARDYMER = System(
    HardymerSettings,
    network,
    OBJECTIVES,
    stages=(
        StageSettings(name="experts", objective="unimodal", epochs=25, mask="complete"),
        StageSettings(name="mixing", objective="mixing", epochs=25, mask="sets"),
    ),
    causal=True,
    streams=True,
    curriculum=CurriculumSettings(
        hardness=HardnessSettings(consistency="entropy", sign=1, tau=0.0),
        teacher=TeacherSettings(width=256, depth=4, dropout=0.5, epochs=200, learning_rate=1e-4),
    ),
    retrieval=RetrievalSettings(k=5, form="slots"),
    encoder="both",
    exports=True,
)
"""MoMKE's network; hard utterances are learned with supports from the training part."""
