"""SDR-GNN: spectral domain reconstruction graph neural network (KBS 2025)."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from graphmer import pyg
from graphmer.graph import DialogueGraph
from graphmer.nn.context import ContextRNN
from graphmer.nn.high_pass import HighPassConv, Neighbors
from graphmer.nn.hypergraph import Hypergraph, MeanIncidenceConv
from graphmer.nn.losses import LossTerms
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
from graphmer.nn.padding import PaddedDialogues
from graphmer.nn.pair_relations import PairRelations
from graphmer.nn.targets import TrainingTargets
from graphmer.settings import Fraction, Width
from graphmer.systems.completion import completion_loss
from graphmer.systems.objectives import prediction_losses
from graphmer.systems.system import Objective, StageSettings, System


class SdrGnnSettings(NetworkSettings):
    """Settings of SDR-GNN; the defaults are those of the released command, but for its width of 200."""

    system: Literal["sdr_gnn"] = "sdr_gnn"
    """Name of the system."""
    width: Annotated[int, Field(ge=2, le=16_384)] = 100
    """Width ``W`` of each direction of the context encoder; graph states have half of it. The paper searches
    100 to 250; 200 trains three times as long."""
    dropout: Fraction = 0.5
    """Dropout probability between the layers of the recurrent encoders, and on attention weights."""
    reconstruction: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Share ``e`` of the reconstruction of masked modalities in the loss, ``1 - e`` is that of the task; 0
    for no such heads."""
    head_width: Width = 10
    """Least width of the attention heads of the reconstruction, which divide the width of all features
    together: 256 heads for the released 2560."""


class SpectralBranch(nn.Module):
    """Relational, low-pass and high-pass convolution over one kind of relation, and a recurrent encoder.

    ``g_i = W_0 u_i + sum_r (1 / |N_r(i)|) sum_{j in N_r(i)} W_r u_j + c``,
    ``l = LeakyReLU(D^-1 H B^-1 H^T g + b)`` with a hyperedge for each turn that holds its neighbors,
    ``f_i = sum_{j in N(i)} tanh(w^T [l_i; l_j] + b') l_j / sqrt(d_i d_j)``,
    ``z = ReLU(W GRU([u; f]) + c')``.

    Args:
        inputs: width of the context ``u``.
        width: width of the graph states ``g``, ``l`` and ``f``.
        relations: number of relations.
        dropout: dropout probability of the recurrent encoder.

    Attributes:
        width: ``D`` of the states ``z``, that of ``[u; f]``.
    """

    def __init__(self, inputs: int, width: int, relations: int, dropout: float) -> None:
        super().__init__()
        self.width = inputs + width
        self.relational = pyg.nn.RGCNConv(inputs, width, relations)
        self.low_pass = MeanIncidenceConv(width)
        self.high_pass = HighPassConv(width)
        self.encoder = ContextRNN(self.width, self.width, dropout, "gru")
        self.leave = nn.Linear(self.encoder.width, self.width)

    def forward(self, context: Tensor, neighbors: Neighbors, kind: Tensor, dialogue: Tensor) -> Tensor:
        """States ``z``, ``[N, D]``.

        Shapes:
            context ``[N, inputs]``; edges of `neighbors` ``[2, P]``; kind ``[P]``; dialogue ``[N]``.
        """
        index = neighbors.index
        windows = Hypergraph(index[0], index[1], neighbors.nodes, torch.ones_like(kind, dtype=torch.bool))
        low = self.low_pass(self.relational(context, index, kind), windows)
        graph = self.high_pass(low, neighbors)
        return torch.relu(self.leave(self.encoder(torch.cat([context, graph], dim=1), dialogue)))


class ContextAttention(nn.Module):
    """Multi-head self-attention of the turns of each dialogue.

    Args:
        width: ``D`` in and out.
        head_width: least width of a head; there are as many heads as divide `width` and are this wide.
        dropout: dropout probability of the attention weights.
    """

    def __init__(self, width: int, head_width: int, dropout: float) -> None:
        super().__init__()
        most = max(width // head_width, 1)
        heads = max(number for number in range(1, most + 1) if width % number == 0)
        self.attention = nn.MultiheadAttention(width, heads, dropout, batch_first=True)

    def forward(self, state: Tensor, dialogue: Tensor) -> Tensor:
        """States that attended to their dialogue.

        Shapes:
            state ``[N, D]``; dialogue ``[N]``, ascending; returns ``[N, D]``.
        """
        layout = PaddedDialogues.of(dialogue)
        grid = layout.pad(state)
        attended, _ = self.attention(grid, grid, grid, key_padding_mask=~layout.inside, need_weights=False)
        return layout.rows(attended)


class SdrGnnNetwork(Network):
    """Spectral domain reconstruction graph neural network (Fu et al., KBS 2025, arXiv 2411.19822).

    The frame is that of GCNet: the features of a dialogue, zero where a modality is missing, pass a recurrent
    encoder, then one branch over temporal and one over speaker relations of the same edges. Each branch
    passes low frequencies by averages over the windows of the turns and high frequencies by signed
    differences. Emotions are predicted from the sum ``z`` of both branches, missing features by a linear map
    of ``z`` and self-attention over the turns of the dialogue.

    Differences from the released code:
        - both branches are used; there, a trailing comma makes each branch a tuple, and the sum of two tuples
          takes the temporal branch alone, so that who speaks has no influence;
        - attention is over the turns of a dialogue; there, it is over the dialogues of a batch, padding
          included, because the axes are swapped;
        - speaker relations are *same speaker* and *another speaker*, neighbors are counted from the target by
          the edge rules of the graph, and dialogues are packed, as in `GcnetNetwork`;
        - modules that no output reads (an LSTM, weights of the hypergraph convolution, attention over time, a
          last linear map) are left out;
        - masks are drawn by the trainer and one model can serve all rates; epochs are selected on validation.

    Args:
        settings: of the network.
        signature: inputs and outputs.
    """

    def __init__(self, settings: SdrGnnSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        widths, dropout = signature.widths, settings.dropout
        features = sum(widths.values())
        self.relations = PairRelations(signature.relations)
        self.context = ContextRNN(features, settings.width, dropout, "gru")
        size = (self.context.width, settings.width // 2)
        self.temporal = SpectralBranch(*size, len(self.relations.orders), dropout)
        self.speaker = SpectralBranch(*size, len(self.relations.speakers), dropout)
        self.width = self.temporal.width
        self.emotion = nn.Linear(self.width, signature.outputs)
        self.reconstruction: nn.Linear | None = None
        if settings.reconstruction > 0:
            self.reconstruction = nn.Linear(self.width, features)
            self.attention = ContextAttention(features, settings.head_width, dropout)

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        features = torch.cat([*self.filled(graph).values()], dim=1)
        context = self.context(features, graph.dialogue)
        pairs = self.relations(graph.edge_index, graph.edge_type, len(context))
        neighbors = Neighbors(pairs.index, len(context))
        temporal = self.temporal(context, neighbors, pairs.order, graph.dialogue)
        state = temporal + self.speaker(context, neighbors, pairs.speaker, graph.dialogue)
        return NetworkOutput(self.emotion(state), state, self._reconstructed(state, graph.dialogue))

    def _reconstructed(self, state: Tensor, dialogue: Tensor) -> dict[str, Tensor]:
        if self.reconstruction is None:
            return {}
        rebuilt = self.attention(self.reconstruction(state), dialogue)
        widths = self.signature.widths
        return dict(zip(widths, rebuilt.split([*widths.values()], dim=1), strict=True))


def loss(model: EmotionModel, graph: DialogueGraph, targets: TrainingTargets) -> LossTerms:
    """``(1 - e) L_task + e L_rec``: losses of logits and heads, and of the completion of what is missing."""
    output = model(graph)
    settings: SdrGnnSettings = model.network.settings  # type: ignore[assignment]
    share = settings.reconstruction
    task = prediction_losses(model, output, graph, targets)
    terms = {name: ((1 - share) * weight, value) for name, (weight, value) in task.items()}
    if share:
        terms["reconstruction"] = (share, completion_loss(output, graph))
    return LossTerms.weighted(terms)


SDR_GNN = System(
    SdrGnnSettings,
    SdrGnnNetwork,
    objectives={"completion": Objective(loss)},
    stages=(StageSettings(name="completion", objective="completion", epochs=30, mask="mixed"),),
    uses_graph=True,
)
"""GCNet with low-pass and high-pass graph filters, and with attention in the reconstruction."""
