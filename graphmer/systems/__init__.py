"""Systems of the field, assembled from shared parts: one module each, and one dictionary of their names."""

from collections.abc import Mapping

from graphmer.systems.gcnet import GCNET
from graphmer.systems.graphmer import GRAPHMER
from graphmer.systems.gsdnet_style import GSDNET_STYLE
from graphmer.systems.imder import IMDER
from graphmer.systems.logistic import LOGISTIC
from graphmer.systems.momke import MOMKE
from graphmer.systems.system import Objective, StageSettings, System

__all__ = ["SYSTEMS", "Objective", "StageSettings", "System"]

SYSTEMS: Mapping[str, System] = {
    "graphmer": GRAPHMER,
    "momke": MOMKE,
    "logistic": LOGISTIC,
    "gcnet": GCNET,
    "imder": IMDER,
    "gsdnet_style": GSDNET_STYLE,
}
"""Systems by name."""
