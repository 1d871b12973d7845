"""M3NET: multivariate, multi-frequency and multimodal graph network (CVPR 2023)."""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from graphmer.graph import DialogueGraph
from graphmer.nn.context import ContextRNN
from graphmer.nn.high_pass import HighPassConv, Neighbors
from graphmer.nn.hypergraph import Hypergraph, MeanIncidenceConv
from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
from graphmer.settings import Fraction, Layers
from graphmer.systems.objectives import prediction_loss
from graphmer.systems.system import Objective, StageSettings, System


class M3netSettings(NetworkSettings):
    """Settings of M3NET; the defaults are those of the released code."""

    system: Literal["m3net"] = "m3net"
    """Name of the system."""
    width: Annotated[int, Field(ge=2, le=16_384, multiple_of=2)] = 512
    """Width ``W`` of the states of a modality; each direction of the recurrent encoders has half of it."""
    recurrent: tuple[str, ...] = ("text",)
    """Modalities whose turns pass a bidirectional GRU; names that the data lack do nothing."""
    low_pass: Layers = 3
    """Convolutions over hyperedges."""
    high_pass: Layers = 4
    """Convolutions with signed weights over pairs."""
    dropout: Fraction = 0.5
    """Dropout probability of the GRU and before the classifier."""


@dataclass(frozen=True)
class ModalityNodes:
    """Graph whose nodes are the modalities of the turns, number ``i M + m`` for modality ``m`` of turn ``i``.

    Args:
        hypergraph: a hyperedge for each modality of each dialogue, then one for each turn.
        kind: type of each hyperedge: the modality, or ``M`` for that of a turn.
        pairs: pairs of nodes that a hyperedge joins, from available ones.

    Shapes:
        kind ``[H]``; edges of `pairs` ``[2, P]``.
    """

    hypergraph: Hypergraph
    kind: Tensor
    pairs: Neighbors

    @classmethod
    def of(cls, available: Tensor, dialogue: Tensor) -> "ModalityNodes":
        """The graph of a batch.

        Args:
            available: whether each node may be read.
            dialogue: dialogue of each turn, ascending.

        Shapes:
            available ``[N, M]``; dialogue ``[N]``.
        """
        turns, modalities = available.shape
        number, count = torch.unique_consecutive(dialogue, return_inverse=True, return_counts=True)[1:]
        modality = torch.arange(modalities, device=dialogue.device)
        turn = torch.arange(turns, device=dialogue.device)[:, None].expand_as(available)
        contexts = len(count) * modalities
        context = number[:, None] * modalities + modality
        node = torch.arange(available.numel(), device=dialogue.device)
        hyperedge = torch.cat([context.flatten(), contexts + turn.flatten()])
        hypergraph = Hypergraph(node.repeat(2), hyperedge, contexts + turns, available.flatten().repeat(2))
        kind = torch.cat([modality.repeat(len(count)), modality.new_full((turns,), modalities)])
        within = [
            torch.cartesian_prod(rows[:, m], rows[:, m])
            for rows in torch.split(node.view(available.shape), count.tolist())
            for m in range(modalities)
        ]
        across = [torch.cartesian_prod(modality, modality) + turn[:, :1, None] * modalities]
        pairs = torch.cat([pair.reshape(-1, 2) for pair in within + across]).T
        joined = available.flatten()[pairs[0]] & (pairs[0] != pairs[1])
        return cls(hypergraph, kind, Neighbors(pairs[:, joined], available.numel()))


class M3netNetwork(Network):
    """Multivariate multi-frequency graph network (Chen et al., CVPR 2023).

    Each modality of each turn is a node, encoded by a linear map, text also by a bidirectional GRU over the
    turns. Hyperedges join all turns of a dialogue in one modality, and all modalities of one turn.

    Low frequencies: ``l <- LeakyReLU(D^-1 H W B^-1 H^T l + b)``, with one learned weight for each type of
    hyperedge. High frequencies, over the pairs that a hyperedge joins:
    ``h_i <- h_i + sum_j tanh(w^T [h_i; h_j] + b) h_j / sqrt(d_i d_j)``. Both begin with the same linear map
    of the nodes, and the emotion is predicted from ``[l; h]`` of all modalities of a turn.

    Made for complete dialogues. What is not available is a zero vector to the encoders, which the paper does
    not define, and its node sends nothing: it is in no average, no pair begins at it, and degrees do not
    count it. It reads its hyperedges and neighbors as the others do, so that context fills it.

    Differences from the released code:
        - weights of hyperedges belong to their type (a dialogue in one of the modalities, or a turn). There,
          they and those of nodes are vectors that positions in the batch index: predictions depend on the
          batch, and long ones overflow. They multiply the averages, where the released ones only divide;
          weights of nodes are left out;
        - no embedding of speaker numbers is added to the text: the order of speakers has no meaning;
        - the text is one feature vector, not the normalised mean of four layers;
        - modules that no output reads (three linear maps in each hypergraph convolution, embeddings of
          modalities, normalisations) are left out, and dialogues are packed.

    Args:
        settings: of the network.
        signature: inputs and outputs.
    """

    def __init__(self, settings: M3netSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        width, widths = settings.width, signature.widths
        recurrent = [modality for modality in widths if modality in settings.recurrent]
        self.encoders = nn.ModuleDict({m: nn.Linear(d, width) for m, d in widths.items()})
        self.contexts = nn.ModuleDict(
            {m: ContextRNN(width, width // 2, settings.dropout, "gru") for m in recurrent}
        )
        self.enter = nn.Linear(width, width)
        self.hyperedge_weight = nn.Parameter(torch.zeros(len(widths) + 1))  # logarithm
        self.low_pass = nn.ModuleList(MeanIncidenceConv(width) for _ in range(settings.low_pass))
        self.high_pass = nn.ModuleList(HighPassConv(width) for _ in range(settings.high_pass))
        self.width = 2 * width * len(widths)
        self.dropout = nn.Dropout(settings.dropout)
        self.emotion = nn.Linear(self.width, signature.outputs)

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        nodes = ModalityNodes.of(graph.available, graph.dialogue)
        state = self.enter(torch.stack(self._encoded(graph), dim=1).flatten(0, 1))
        weight = self.hyperedge_weight.exp()[nodes.kind]
        low = high = state
        for low_pass in self.low_pass:
            low = low_pass(low, nodes.hypergraph, weight)
        for high_pass in self.high_pass:
            high = high + high_pass(high, nodes.pairs)
        joined = torch.relu(torch.cat([low, high], dim=1).view(len(graph.available), self.width))
        return NetworkOutput(self.emotion(self.dropout(joined)), joined)

    def _encoded(self, graph: DialogueGraph) -> list[Tensor]:
        """States ``[N, W]`` of each modality."""
        states = {m: self.encoders[m](rows) for m, rows in self.filled(graph).items()}
        for modality, context in self.contexts.items():
            states[modality] = context(states[modality], graph.dialogue)
        return [*states.values()]


M3NET = System(
    M3netSettings,
    M3netNetwork,
    objectives={"emotion": Objective(prediction_loss)},
    stages=(StageSettings(name="emotion", objective="emotion", epochs=30, mask="mixed"),),
)
"""Averages over hyperedges of modalities and turns, and signed convolutions over their pairs."""
