"""DialogueGCN: graph convolution over relations of speakers and time (EMNLP 2019)."""

from typing import Literal

import torch
from torch import Tensor, nn

from graphmer import pyg
from graphmer.graph import DialogueGraph
from graphmer.nn.attended_relations import AttendedRelations, EdgeAttention
from graphmer.nn.context import ContextRNN
from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
from graphmer.nn.padding import PaddedDialogues
from graphmer.nn.pair_relations import PairRelations
from graphmer.settings import Fraction, Layers, Width
from graphmer.systems.objectives import prediction_loss
from graphmer.systems.system import Objective, StageSettings, System


class DialogueGcnSettings(NetworkSettings):
    """Settings of DialogueGCN; the defaults are those of the released code."""

    system: Literal["dialoguegcn"] = "dialoguegcn"
    """Name of the system."""
    width: Width = 100
    """Width ``W`` of each direction of the context encoder and of the graph states."""
    bases: Layers = 30
    """Bases that the weights of the relations are sums of."""
    dropout: Fraction = 0.4
    """Dropout probability of the context encoder and before the classifier."""


class DialogueAttention(nn.Module):
    """Attention of each turn over its dialogue: ``h'_i = sum_j softmax_j(h_j^T (W h_i + c)) h_j``.

    Args:
        width: ``D`` of the states.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)

    def forward(self, state: Tensor, dialogue: Tensor) -> Tensor:
        """Shapes: state ``[N, D]``; dialogue ``[N]``; returns ``[N, D]``."""
        layout = PaddedDialogues.of(dialogue)
        grid = layout.pad(state)
        score = self.query(grid) @ grid.transpose(1, 2)
        weight = score.masked_fill(~layout.inside[:, None], -torch.inf).softmax(dim=2)
        return layout.rows(weight @ grid)


class DialogueGcnNetwork(Network):
    """Dialogue graph convolutional network (Ghosal et al., EMNLP 2019, https://arxiv.org/abs/1908.11540).

    ``u`` are the states of a bidirectional LSTM over the dialogue, the modalities side by side;
    ``a_ij = softmax_j(u_i^T W_e u_j)`` over the neighbors of a turn;
    ``g_i = W_0 u_i + sum_r sum_{j in N_r(i)} a_ij W_r u_j + c``,
    ``q_i = W_1 g_i + W_2 sum_{j in N(i)} g_j + c'``, where a relation says whether the source is after the
    target and who speaks; ``h = [u; q]``; attention over the dialogue; ``ReLU(W h' + c'')``.

    Differences from the released code:
        - speaker relations are *same speaker* and *another speaker* instead of a relation for each pair of
          speaker numbers, so that there can be any number of speakers and renaming them changes nothing;
        - the attention over neighbors is the one of the paper (eq. 3); the released one has weights for the
          number of a turn, and fails for dialogues longer than those of the corpus;
        - the modalities are read side by side, with zeros where one is missing, and masks are drawn in
          training; the paper reads complete text;
        - layers that are never used are left out; classes are not weighted; the epoch is selected on
          validation, not on the test set.

    Args:
        settings: of the network.
        signature: inputs and outputs.
    """

    def __init__(self, settings: DialogueGcnSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        width = settings.width
        self.width = width
        self.relations = PairRelations(signature.relations)
        self.context = ContextRNN(sum(signature.widths.values()), width, settings.dropout)
        inputs, kinds = self.context.width, len(self.relations.joint)
        self.edge_attention = EdgeAttention(inputs)
        self.relational = AttendedRelations(inputs, width, kinds, settings.bases)
        self.neighbors = pyg.nn.GraphConv(width, width)
        self.dialogue_attention = DialogueAttention(inputs + width)
        self.leave = nn.Linear(inputs + width, width)
        self.dropout = nn.Dropout(settings.dropout)
        self.emotion = nn.Linear(width, signature.outputs)

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        features = torch.cat([*self.filled(graph).values()], dim=1)
        context = self.context(features, graph.dialogue)
        pairs = self.relations(graph.edge_index, graph.edge_type, len(context))
        weight = self.edge_attention(context, pairs.index)
        state = self.relational(context, pairs.index, pairs.joint, weight)
        joined = torch.cat([context, self.neighbors(state, pairs.index)], dim=1)
        state = torch.relu(self.leave(self.dialogue_attention(joined, graph.dialogue)))
        return NetworkOutput(self.emotion(self.dropout(state)), state)


DIALOGUEGCN = System(
    DialogueGcnSettings,
    DialogueGcnNetwork,
    objectives={"emotion": Objective(prediction_loss)},
    stages=(StageSettings(name="emotion", objective="emotion", epochs=60, mask="mixed"),),
    uses_graph=True,
)
"""Recurrence, then relational graph convolution with attention."""
