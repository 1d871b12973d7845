"""Systems of the field, assembled from shared parts: one module each, and one dictionary of their names."""

from collections.abc import Mapping

from graphmer.systems.cogmen import COGMEN
from graphmer.systems.dialoguegcn import DIALOGUEGCN
from graphmer.systems.gcnet import GCNET
from graphmer.systems.graphmer import GRAPHMER
from graphmer.systems.logistic import LOGISTIC
from graphmer.systems.mmgcn import MMGCN
from graphmer.systems.momke import MOMKE
from graphmer.systems.mran_style import MRAN_STYLE
from graphmer.systems.system import Objective, StageSettings, System

__all__ = ["SYSTEMS", "Objective", "StageSettings", "System"]

SYSTEMS: Mapping[str, System] = {
    "graphmer": GRAPHMER,
    "momke": MOMKE,
    "logistic": LOGISTIC,
    "gcnet": GCNET,
    "mran_style": MRAN_STYLE,
    "dialoguegcn": DIALOGUEGCN,
    "mmgcn": MMGCN,
    "cogmen": COGMEN,
}
"""Systems by name."""
