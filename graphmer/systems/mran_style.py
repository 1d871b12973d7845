"""MRAN-style: missing features rebuilt from tokens and aligned with the text and the emotions."""

from typing import Annotated, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from graphmer.dialogue.labels import annotated
from graphmer.graph import DialogueGraph
from graphmer.nn.losses import LossTerms
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
from graphmer.nn.reconstruction import ReconstructionHeads
from graphmer.nn.targets import TrainingTargets
from graphmer.settings import Fraction, Layers, Width
from graphmer.systems.completion import masked_error
from graphmer.systems.objectives import prediction_losses
from graphmer.systems.system import Objective, StageSettings, System


class MranStyleSettings(NetworkSettings):
    """Settings of the MRAN-style system; the paper's own are not known."""

    system: Literal["mran_style"] = "mran_style"
    """Name of the system."""
    width: Width = 128
    """Width ``W`` of the tokens."""
    depth: Layers = 2
    """Transformer layers over the tokens of an utterance."""
    heads: Layers = 4
    """Attention heads; must divide `width`."""
    dropout: Fraction = 0.1
    """Dropout probability of the transformer layers."""
    anchor: str = "text"
    """Modality into whose space the others are projected."""
    temperature: Annotated[float, Field(gt=0)] = 0.1
    """Temperature of the similarities to the emotions."""
    reconstruction: Annotated[float, Field(gt=0)] = 1.0
    """Weight of the reconstruction of masked modalities."""
    alignment: Annotated[float, Field(gt=0)] = 0.5
    """Weight of the alignment with the annotated emotion."""

    @model_validator(mode="after")
    def _divisible(self) -> "MranStyleSettings":
        if self.width % self.heads:
            raise ValueError(f"`heads` must divide `width`; got {self.heads} heads for width {self.width}")
        return self


class MranStyleNetwork(Network):
    """Multimodal reconstruct and align net, reimplementation from the abstract.

    After Luo, Xu & Lai, MMM 2023, https://doi.org/10.1007/978-3-031-27818-1_34. Of the paper only the
    abstract was read: missing features are rebuilt by a transformer-like module with an embedding of the
    modality and one of the missing index; the other modalities are projected into the space of the text; all
    are aligned with an embedding of the emotion. What follows is ours:

    ``p_m = LN(W_m x_m)``, or a learned token where ``m`` is missing;
    ``h = Transformer([p_m + E_m + I_s]_m)`` over the ``M`` tokens of an utterance, ``s`` being which of the
    ``2^M`` sets of modalities is available; ``x'_m = V_m h_m`` rebuilds the features;
    ``g_m = G_m h_m``, and ``g_m = h_m`` for the anchor modality;
    ``logit_c = (1 / M) sum_m cos(g_m, w_c) / tau``;
    ``L = CE + lambda_r MSE(x', x of what is masked) + lambda_a sum_m (1 - cos(g_m, w_y))``.

    A score is a linear function of ``(1 / M) sum_m g_m``; ``w`` are then two polarities.

    Differences from the paper, as far as the abstract tells:
        - the embeddings ``w_c`` of the emotions are learned, not word vectors of their names: a projection of
          as many independent word vectors could take the same values, and no word vectors have to be there;
        - the anchor may be another modality than text.

    Args:
        settings: of the network.
        signature: inputs and outputs.

    Raises:
        ValueError: if there is no anchor modality.
    """

    def __init__(self, settings: MranStyleSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        widths, width = signature.widths, settings.width
        if settings.anchor not in widths:
            raise ValueError(
                f"The system mran_style has `anchor: {settings.anchor}`; the modalities are "
                f"{', '.join(widths)}."
            )
        self.width = width
        self.temperature = settings.temperature
        self.project = nn.ModuleDict(
            {m: nn.Sequential(nn.Linear(d, width), nn.LayerNorm(width)) for m, d in widths.items()}
        )
        self.missing = nn.Parameter(torch.randn(len(widths), width) * 0.02)
        self.modality = nn.Parameter(torch.randn(len(widths), width) * 0.02)
        self.missing_index = nn.Embedding(2 ** len(widths), width)
        layer = nn.TransformerEncoderLayer(
            width, settings.heads, 2 * width, settings.dropout, batch_first=True
        )
        self.transformer = nn.TransformerEncoder(layer, settings.depth, enable_nested_tensor=False)
        self.rebuild = ReconstructionHeads(width, widths)
        self.align = nn.ModuleDict({m: nn.Linear(width, width) for m in widths if m != settings.anchor})
        self.emotions = nn.Parameter(torch.randn(max(signature.outputs, 2), width))
        self.score = nn.Linear(width, 1) if signature.outputs == 1 else None

    def tokens(self, graph: DialogueGraph) -> Tensor:
        """Tokens before the transformer, ``[N, M, W]``."""
        projected = torch.stack([self.project[m](x) for m, x in self.filled(graph).items()], dim=1)
        tokens = projected.where(graph.available[:, :, None], self.missing)
        place = 2 ** torch.arange(len(self.modalities), device=tokens.device)
        index = (graph.available * place).sum(dim=1)
        return tokens + self.modality + self.missing_index(index)[:, None]

    def encode(self, graph: DialogueGraph) -> tuple[Tensor, dict[str, Tensor]]:
        """Aligned modalities ``g``, ``[N, M, W]``, and rebuilt features."""
        state = self.transformer(self.tokens(graph))
        states = dict(zip(self.modalities, state.unbind(1), strict=True))
        aligned = [self.align[m](rows) if m in self.align else rows for m, rows in states.items()]
        return torch.stack(aligned, dim=1), self.rebuild(state)

    def predict(self, aligned: Tensor, rebuilt: dict[str, Tensor]) -> NetworkOutput:
        """Outputs from what `encode` gives."""
        state = aligned.mean(dim=1)
        if self.score is not None:
            return NetworkOutput(self.score(state), state, rebuilt)
        similarity = cosine_similarity(aligned[:, :, None], self.emotions, dim=3)
        return NetworkOutput(similarity.mean(dim=1) / self.temperature, state, rebuilt)

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        return self.predict(*self.encode(graph))

    def alignment(self, aligned: Tensor, emotion: Tensor) -> Tensor:
        """``sum_m (1 - cos(g_m, w_y))``, averaged over the utterances that have a label.

        Of scores, ``y`` is the polarity, and a score of 0 has none.

        Shapes:
            aligned ``[N, M, W]``; emotion ``[N]``; returns a scalar.
        """
        labelled = annotated(emotion)
        if emotion.is_floating_point():
            labelled = labelled & (emotion != 0)
        label = emotion[labelled]
        kind = (label > 0).long() if emotion.is_floating_point() else label
        similarity = cosine_similarity(aligned[labelled], self.emotions[kind][:, None], dim=2)
        return (1 - similarity).sum() / labelled.sum().clamp_min(1)


def loss(model: EmotionModel, graph: DialogueGraph, targets: TrainingTargets) -> LossTerms:
    """Losses of the logits and the heads, of the rebuilt features and of the alignment."""
    network: MranStyleNetwork = model.network  # type: ignore[assignment]
    settings: MranStyleSettings = network.settings  # type: ignore[assignment]
    aligned, rebuilt = network.encode(graph)
    terms = prediction_losses(model, network.predict(aligned, rebuilt), graph, targets)
    terms["reconstruction"] = (settings.reconstruction, masked_error(rebuilt, graph))
    terms["alignment"] = (settings.alignment, network.alignment(aligned, graph.emotion))
    return LossTerms.weighted(terms)


MRAN_STYLE = System(
    MranStyleSettings,
    MranStyleNetwork,
    objectives={"alignment": Objective(loss)},
    stages=(StageSettings(name="alignment", objective="alignment", epochs=60, mask="mixed"),),
    causal=True,
    exports=True,
)
"""Transformer over the modalities of an utterance, aligned with text and emotions (from the abstract)."""
