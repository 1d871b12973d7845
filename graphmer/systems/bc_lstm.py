"""bc-LSTM: bidirectional contextual LSTM (ACL 2017)."""

from typing import Literal

import torch
from torch import nn

from graphmer.graph import DialogueGraph
from graphmer.nn.context import ContextRNN
from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
from graphmer.settings import Fraction, Width
from graphmer.systems.objectives import prediction_loss
from graphmer.systems.system import Objective, StageSettings, System


class BcLstmSettings(NetworkSettings):
    """Settings of bc-LSTM."""

    system: Literal["bc_lstm"] = "bc_lstm"
    """Name of the system."""
    width: Width = 100
    """Width of each direction of the LSTM, and of the layer behind it."""
    dropout: Fraction = 0.5
    """Dropout probability between the layers of the LSTM and before the last layer."""


class BcLstmNetwork(Network):
    """Bidirectional contextual LSTM (Poria et al., ACL 2017, https://aclanthology.org/P17-1081).

    ``h_1..L = BiLSTM(x_1..L)``, ``z_i = ReLU(W h_i + b)``, logits ``V z_i + c``. ``x_i`` are the concatenated
    features of a turn, zero where a modality is missing.

    Differences from the paper: early fusion in one network instead of a first LSTM for each modality; two
    layers instead of one; masks in training.

    Args:
        settings: of the network.
        signature: inputs and outputs.
    """

    def __init__(self, settings: BcLstmSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        self.width = settings.width
        self.context = ContextRNN(sum(signature.widths.values()), settings.width, settings.dropout)
        self.leave = nn.Linear(self.context.width, settings.width)
        self.emotion = nn.Sequential(
            nn.Dropout(settings.dropout), nn.Linear(settings.width, signature.outputs)
        )

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        features = torch.cat([*self.filled(graph).values()], dim=1)
        state = torch.relu(self.leave(self.context(features, graph.dialogue)))
        return NetworkOutput(self.emotion(state), state)


BC_LSTM = System(
    BcLstmSettings,
    BcLstmNetwork,
    objectives={"emotion": Objective(prediction_loss)},
    stages=(StageSettings(name="context", objective="emotion", epochs=50, mask="mixed"),),
)
"""A recurrent network over the turns, without speakers and without a graph."""
