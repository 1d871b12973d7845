"""graphmer's own system: MoMKE's experts with message passing over the dialogue graph."""

from typing import Literal

from graphmer.nn.messages import MessagePassingSettings
from graphmer.nn.network import Signature
from graphmer.systems.experts import OBJECTIVES, STAGES, ExpertNetwork, ExpertNetworkSettings
from graphmer.systems.system import System


class GraphmerSettings(ExpertNetworkSettings):
    """Settings of the experts, with message passing."""

    system: Literal["graphmer"] = "graphmer"
    """Name of the system."""
    message_passing: MessagePassingSettings = MessagePassingSettings()
    """Message passing between the turns."""


def network(settings: GraphmerSettings, signature: Signature) -> ExpertNetwork:
    """Experts, routers, joint layer and message passing."""
    return ExpertNetwork(settings, signature, settings.message_passing)


GRAPHMER = System(
    GraphmerSettings, network, OBJECTIVES, STAGES, uses_graph=True, causal=True, streams=True, exports=True
)
"""Message passing over speaker and temporal relations carries what neighbors know to turns that lack it."""
