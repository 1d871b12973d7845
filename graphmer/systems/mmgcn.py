"""MMGCN: deep graph convolution over all modalities of a dialogue (ACL 2021)."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from graphmer.graph import DialogueGraph
from graphmer.nn.context import ContextRNN
from graphmer.nn.dropout import Dropout
from graphmer.nn.gcnii import GCNII, SimilarityGraph
from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
from graphmer.nn.padding import PaddedDialogues
from graphmer.settings import Fraction, Layers, Width
from graphmer.systems.objectives import prediction_loss
from graphmer.systems.system import Objective, StageSettings, System


class MmgcnSettings(NetworkSettings):
    """Settings of MMGCN; the defaults are those of the released code, but for the depth."""

    system: Literal["mmgcn"] = "mmgcn"
    """Name of the system."""
    width: Width = 100
    """Width ``W`` of the graph states; encoded modalities have twice of it."""
    depth: Layers = 4
    """Graph convolutions; 64 in the released code, whatever its options say."""
    alpha: Fraction = 0.1
    """Share of the initial state in each convolution."""
    decay: Annotated[float, Field(gt=0)] = 0.5
    """``lambda`` of GCNII: the weights of layer ``l`` count ``ln(lambda / l + 1)``."""
    dropout: Fraction = 0.4
    """Dropout probability."""
    contextual: str = "text"
    """Modality that a recurrent encoder reads, and that the speaker is added to."""


class MmgcnNetwork(Network):
    """Multimodal fused graph convolutional network (Hu et al., ACL 2021, https://arxiv.org/abs/2107.06779).

    ``h_m = W_m x_m``; the text then passes a bidirectional LSTM and gets an embedding of the speaker. Each
    modality of each turn is a node with the features ``h``; the weights of its edges are similarities
    (`SimilarityGraph`). ``x_0 = ReLU(W h)``, ``x_l = ReLU(GCNII(x_{l-1}, x_0))``; emotions are predicted from
    ``ReLU([h_m; x_m])`` of all modalities.

    Differences from the released code:
        - the speaker is the one of the first turn or another, instead of a number, so that there can be any
          number of speakers and renaming them changes nothing; for two speakers it is as much to know;
        - norms are bounded from below, where the cosine of zeros was not a number, and a modality that a turn
          lacks is a node without edges, so that zeros are not taken for features;
        - the weights of a convolution are those of the paper, ``[W, W]`` for the sum of the convolved and the
          initial state; the released ones, ``[2 W, W]``, read both side by side;
        - another modality than text may be the one with context;
        - the depth is a setting, and unused layers are left out;
        - masks are drawn in training, where the released code has complete modalities only; the epoch is
          selected on validation, not on the test set.

    Args:
        settings: of the network.
        signature: inputs and outputs.

    Raises:
        ValueError: if the contextual modality is not there.
    """

    def __init__(self, settings: MmgcnSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        widths, width = signature.widths, settings.width
        if settings.contextual not in widths:
            raise ValueError(
                f"The system mmgcn has `contextual: {settings.contextual}`; the modalities are "
                f"{', '.join(widths)}."
            )
        self.contextual = settings.contextual
        self.encode = nn.ModuleDict({m: nn.Linear(d, 2 * width) for m, d in widths.items()})
        self.context = ContextRNN(2 * width, width, settings.dropout)
        self.speaker = nn.Embedding(2, 2 * width)
        self.enter = nn.Linear(2 * width, width)
        self.layers = nn.ModuleList(
            GCNII(width, number + 1, settings.alpha, settings.decay) for number in range(settings.depth)
        )
        self.dropout = Dropout(settings.dropout)
        self.width = 3 * width * len(widths)
        self.emotion = nn.Linear(self.width, signature.outputs)

    def encoded(self, graph: DialogueGraph) -> Tensor:
        """Features ``h`` of the nodes, ``[N, M, 2 W]``."""
        encoded = {m: self.encode[m](rows) for m, rows in self.filled(graph).items()}
        dialogue = torch.unique_consecutive(graph.dialogue, return_inverse=True)[1]
        turns = torch.bincount(dialogue)
        opening = graph.speaker[torch.cumsum(turns, 0) - turns]
        other = (graph.speaker != opening[dialogue]).long()
        context = self.context(encoded[self.contextual], graph.dialogue)
        encoded[self.contextual] = context + self.speaker(other)
        return torch.stack([*encoded.values()], dim=1)

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        layout = PaddedDialogues.of(graph.dialogue)
        nodes = layout.pad(self.encoded(graph)).transpose(1, 2).contiguous()
        there = layout.pad(graph.available).transpose(1, 2)
        similarity = SimilarityGraph(nodes, there)
        initial = torch.relu(self.enter(self.dropout(nodes)))
        state = initial
        for layer in self.layers:
            state = torch.relu(layer(self.dropout(state), initial, similarity))
        joined = layout.rows(torch.relu(torch.cat([nodes, state], dim=3)).transpose(1, 2)).flatten(1)
        return NetworkOutput(self.emotion(self.dropout(joined)), joined)


MMGCN = System(
    MmgcnSettings,
    MmgcnNetwork,
    objectives={"emotion": Objective(prediction_loss)},
    stages=(StageSettings(name="emotion", objective="emotion", epochs=60, mask="mixed"),),
)
"""Deep graph convolution over the modalities of all turns, weighted by similarity."""
