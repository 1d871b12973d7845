"""MoMKE: mixture of modality-knowledge experts (ACM MM 2024)."""

from typing import Literal

from graphmer.nn.network import Signature
from graphmer.systems.experts import OBJECTIVES, STAGES, ExpertNetwork, ExpertNetworkSettings
from graphmer.systems.system import System


class MomkeSettings(ExpertNetworkSettings):
    """Settings of MoMKE; the defaults are those of the released code."""

    system: Literal["momke"] = "momke"
    """Name of the system."""


def network(settings: MomkeSettings, signature: Signature) -> ExpertNetwork:
    """Experts, routers and joint layer, without message passing."""
    return ExpertNetwork(settings, signature)


MOMKE = System(MomkeSettings, network, OBJECTIVES, STAGES, causal=True, streams=True, exports=True)
"""Reads each turn with the attention of its experts over the dialogue; no graph."""
