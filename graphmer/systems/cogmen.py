"""COGMEN: transformer over the dialogue, then a graph of near turns (NAACL 2022)."""

from typing import Literal

import torch
from pydantic import model_validator
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from graphmer import pyg
from graphmer.graph import DialogueGraph
from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
from graphmer.nn.padding import PaddedDialogues
from graphmer.nn.pair_relations import PairRelations
from graphmer.settings import Fraction, Layers, Width
from graphmer.systems.objectives import prediction_loss
from graphmer.systems.system import Objective, StageSettings, System


class CogmenSettings(NetworkSettings):
    """Settings of COGMEN."""

    system: Literal["cogmen"] = "cogmen"
    """Name of the system."""
    width: Width = 100
    """Width ``W`` of the graph states; the transformer has twice of it."""
    depth: Layers = 2
    """Layers of the transformer."""
    heads: Layers = 4
    """Attention heads of the transformer; must divide twice the `width`."""
    graph_heads: Layers = 7
    """Attention heads of the graph, each of width ``W``."""
    dropout: Fraction = 0.5
    """Dropout probability."""

    @model_validator(mode="after")
    def _divisible(self) -> "CogmenSettings":
        if 2 * self.width % self.heads:
            raise ValueError(
                f"`heads` must divide twice the `width`; got {self.heads} heads for width {self.width}"
            )
        return self


class DialogueTransformer(nn.Module):
    """Transformer encoder over the turns of each dialogue, without turn numbers.

    Args:
        width: ``D`` of the turns.
        heads: attention heads; must divide ``D``.
        depth: layers.
        feedforward: width of the hidden layer of each feed-forward network.
        dropout: dropout probability.
    """

    def __init__(self, width: int, heads: int, depth: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, heads, feedforward, dropout, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)

    def forward(self, state: Tensor, dialogue: Tensor) -> Tensor:
        """Shapes: state ``[N, D]``; dialogue ``[N]``; returns ``[N, D]``."""
        layout = PaddedDialogues.of(dialogue)
        return layout.rows(self.layers(layout.pad(state), src_key_padding_mask=~layout.inside))


class CogmenNetwork(Network):
    """Contextualised graph network (Joshi et al., NAACL 2022, https://arxiv.org/abs/2205.02455).

    The modalities of a turn side by side pass a transformer over the dialogue and a linear layer to ``u``;
    ``g_i = W_0 u_i + sum_r (1 / |N_r(i)|) sum_{j in N_r(i)} W_r u_j + c``, where a relation says whether the
    source is after the target and who speaks; ``q_i = V_1 g_i + sum_j a_ij V_2 g_j``,
    ``a_ij = softmax_j((V_3 g_i)^T (V_4 g_j) / sqrt(W))``, for each of several heads side by side;
    then normalisation, leaky ReLU and a classifier with one hidden layer. Written from these formulas.

    Differences from the released code:
        - a linear layer projects the modalities to the width of the transformer, which there is that of the
          features: at the widths of the shared features it would have 73 million weights;
        - speaker relations are *same speaker* and *another speaker* instead of a relation for each pair of
          speaker numbers, so that there can be any number of speakers and renaming them changes nothing;
        - the transformer does not attend to padding;
        - layer instead of batch normalisation, so that no turn depends on the batch it is trained with;
        - missing modalities are zeros and masks are drawn in training, where the paper has complete ones.

    Args:
        settings: of the network.
        signature: inputs and outputs.
    """

    def __init__(self, settings: CogmenSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        width, dropout = settings.width, settings.dropout
        self.width = width
        self.relations = PairRelations(signature.relations)
        inner, outer = 2 * width, settings.graph_heads * width
        self.enter = nn.Linear(sum(signature.widths.values()), inner)
        self.transformer = DialogueTransformer(inner, settings.heads, settings.depth, 4 * inner, dropout)
        self.project = nn.Linear(inner, width)
        self.relational = pyg.nn.RGCNConv(width, width, len(self.relations.joint))
        self.attention = pyg.nn.TransformerConv(width, width, settings.graph_heads)
        self.norm = nn.LayerNorm(outer)
        self.hidden = nn.Linear(outer, width)
        self.dropout = nn.Dropout(dropout)
        self.emotion = nn.Linear(width, signature.outputs)

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        features = self.enter(torch.cat([*self.filled(graph).values()], dim=1))
        context = self.project(self.transformer(features, graph.dialogue))
        pairs = self.relations(graph.edge_index, graph.edge_type, len(context))
        state = self.attention(self.relational(context, pairs.index, pairs.joint), pairs.index)
        state = torch.relu(self.hidden(leaky_relu(self.norm(state))))
        return NetworkOutput(self.emotion(self.dropout(state)), state)


COGMEN = System(
    CogmenSettings,
    CogmenNetwork,
    objectives={"emotion": Objective(prediction_loss)},
    stages=(StageSettings(name="emotion", objective="emotion", epochs=60, mask="mixed"),),
    uses_graph=True,
)
"""Transformer over the dialogue, relational and attentive graph convolution of near turns."""
