"""GCNet: graph completion network (TPAMI 2023)."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from graphmer import pyg
from graphmer.graph import DialogueGraph
from graphmer.nn.averages import NeighborhoodAverages
from graphmer.nn.context import ContextRNN
from graphmer.nn.losses import LossTerms
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
from graphmer.nn.pair_relations import PairRelations
from graphmer.nn.reconstruction import ReconstructionHeads
from graphmer.nn.targets import TrainingTargets
from graphmer.settings import Fraction
from graphmer.systems.completion import completion_loss
from graphmer.systems.objectives import prediction_losses
from graphmer.systems.system import Objective, StageSettings, System


class GcnetSettings(NetworkSettings):
    """Settings of GCNet; the defaults are those of the released commands."""

    system: Literal["gcnet"] = "gcnet"
    """Name of the system."""
    width: Annotated[int, Field(ge=2, le=16_384)] = 200
    """Width ``W`` of each direction of the context encoder; graph states have half of it. The released
    scripts search 50, 100 and 200."""
    dropout: Fraction = 0.5
    """Dropout probability between the layers of the recurrent encoders."""
    reconstruction: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the reconstruction of masked modalities; 0 for no such heads."""
    neighborhood_averages: tuple[Annotated[float, Field(gt=0)] | None, ...] = ()
    """Decay lengths, in turns, of averages of the features over the dialogue, which are read with the
    features; null is the plain average. Not in GCNet; empty for none."""


class GraphBranch(nn.Module):
    """Graph convolutions over one kind of relation, and a recurrent encoder of what they add.

    ``g_i = W_0 u_i + sum_r (1 / |N_r(i)|) sum_{j in N_r(i)} W_r u_j + c``,
    ``q_i = W_1 g_i + W_2 sum_{j in N(i)} g_j + c'``,
    ``z = ReLU(W LSTM([u; q]) + c'')``, without an activation between the convolutions.

    Args:
        inputs: width of the context ``u``.
        width: width of the graph states ``g`` and ``q``.
        relations: number of relations.
        dropout: dropout probability of the recurrent encoder.

    Attributes:
        width: ``D`` of the states ``z``, that of ``[u; q]``.
    """

    def __init__(self, inputs: int, width: int, relations: int, dropout: float) -> None:
        super().__init__()
        self.width = inputs + width
        self.relational = pyg.nn.RGCNConv(inputs, width, relations)
        self.neighbors = pyg.nn.GraphConv(width, width)
        self.encoder = ContextRNN(self.width, self.width, dropout)
        self.leave = nn.Linear(self.encoder.width, self.width)

    def forward(self, context: Tensor, index: Tensor, kind: Tensor, dialogue: Tensor) -> Tensor:
        """States ``z``, ``[N, D]``.

        Shapes:
            context ``[N, inputs]``; index ``[2, P]``; kind ``[P]``; dialogue ``[N]``.
        """
        graph = self.neighbors(self.relational(context, index, kind), index)
        return torch.relu(self.leave(self.encoder(torch.cat([context, graph], dim=1), dialogue)))


class GcnetNetwork(Network):
    """Graph completion network (Lian et al., TPAMI 2023, https://arxiv.org/abs/2203.02177).

    The features of a dialogue, zero where a modality is missing, pass a recurrent encoder, then two branches
    of graph convolutions over the same edges: one over temporal relations (the source is before, equal to or
    after the target), one over speaker relations. Emotions and missing features are predicted from the sum of
    both branches, so that the context of a turn completes what it lacks.

    Differences from the released code:
        - speaker relations are *same speaker* and *another speaker* instead of a relation for each pair of
          speaker numbers, so that there can be any number of speakers and renaming them changes nothing;
        - neighbors are counted from the target, by the edge rules of the graph, and several rules can be
          combined; there, the window is around the source;
        - relations are numbered by declaration, not by the hash order of a set;
        - dialogues are packed: the backward direction does not start in padding;
        - the attention over time, off in some of the released commands, and unused layers are left out;
        - masks are drawn by the trainer and one model can serve all rates; epochs are selected on validation.

    Args:
        settings: of the network.
        signature: inputs and outputs.
    """

    def __init__(self, settings: GcnetSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        widths, dropout = signature.widths, settings.dropout
        self.relations = PairRelations(signature.relations)
        self.averages: NeighborhoodAverages | None = None
        inputs = sum(widths.values())
        if settings.neighborhood_averages:
            self.averages = NeighborhoodAverages(widths, settings.width, settings.neighborhood_averages)
            inputs += len(widths) * settings.width
        self.context = ContextRNN(inputs, settings.width, dropout)
        size = (self.context.width, settings.width // 2)
        self.temporal = GraphBranch(*size, len(self.relations.orders), dropout)
        self.speaker = GraphBranch(*size, len(self.relations.speakers), dropout)
        self.width = self.temporal.width
        self.emotion = nn.Linear(self.width, signature.outputs)
        self.reconstruction = ReconstructionHeads(self.width, widths if settings.reconstruction > 0 else {})

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        features = self.filled(graph)
        inputs = [*features.values()]
        if self.averages is not None:
            averages = self.averages(features, graph.available, graph.speaker, graph.dialogue)
            inputs.append(averages.flatten(1))
        context = self.context(torch.cat(inputs, dim=1), graph.dialogue)
        pairs = self.relations(graph.edge_index, graph.edge_type, len(context))
        temporal = self.temporal(context, pairs.index, pairs.order, graph.dialogue)
        state = temporal + self.speaker(context, pairs.index, pairs.speaker, graph.dialogue)
        return NetworkOutput(self.emotion(state), state, self.reconstruction(state))


def loss(model: EmotionModel, graph: DialogueGraph, targets: TrainingTargets) -> LossTerms:
    """Losses of the logits and the heads, and of the completion of missing modalities."""
    output = model(graph)
    terms = prediction_losses(model, output, graph, targets)
    settings: GcnetSettings = model.network.settings  # type: ignore[assignment]
    if settings.reconstruction:
        terms["reconstruction"] = (settings.reconstruction, completion_loss(output, graph))
    return LossTerms.weighted(terms)


GCNET = System(
    GcnetSettings,
    GcnetNetwork,
    objectives={"completion": Objective(loss)},
    stages=(StageSettings(name="completion", objective="completion", epochs=100, mask="mixed"),),
    uses_graph=True,
)
"""Recurrence and message passing over temporal and speaker relations complete what a turn lacks."""
