"""Systems of the field, assembled from shared parts: one module each, and one dictionary of their names."""

from collections.abc import Mapping

from graphmer.systems.bc_lstm import BC_LSTM
from graphmer.systems.cif_mmin import CIF_MMIN
from graphmer.systems.cogmen import COGMEN
from graphmer.systems.cpm_nets import CPM_NETS
from graphmer.systems.dialoguegcn import DIALOGUEGCN
from graphmer.systems.gcnet import GCNET
from graphmer.systems.graphmer import GRAPHMER
from graphmer.systems.gsdnet_style import GSDNET_STYLE
from graphmer.systems.hardymer import HARDYMER
from graphmer.systems.if_mmin import IF_MMIN
from graphmer.systems.imder import IMDER
from graphmer.systems.logistic import LOGISTIC
from graphmer.systems.m3net import M3NET
from graphmer.systems.mctn import MCTN
from graphmer.systems.mmgcn import MMGCN
from graphmer.systems.mmin import MMIN
from graphmer.systems.momke import MOMKE
from graphmer.systems.mran_style import MRAN_STYLE
from graphmer.systems.sdr_gnn import SDR_GNN
from graphmer.systems.system import Objective, StageSettings, System

__all__ = ["SYSTEMS", "Objective", "StageSettings", "System"]

SYSTEMS: Mapping[str, System] = {
    "graphmer": GRAPHMER,
    "momke": MOMKE,
    "hardymer": HARDYMER,
    "logistic": LOGISTIC,
    "gcnet": GCNET,
    "mmin": MMIN,
    "if_mmin": IF_MMIN,
    "cif_mmin": CIF_MMIN,
    "cpm_nets": CPM_NETS,
    "mctn": MCTN,
    "imder": IMDER,
    "sdr_gnn": SDR_GNN,
    "gsdnet_style": GSDNET_STYLE,
    "mran_style": MRAN_STYLE,
    "dialoguegcn": DIALOGUEGCN,
    "mmgcn": MMGCN,
    "cogmen": COGMEN,
    "m3net": M3NET,
    "bc_lstm": BC_LSTM,
}
"""Systems by name."""
