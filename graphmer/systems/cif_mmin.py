"""CIF-MMIN: missing modality imagination with contrastive invariant features (TAFFC 2024)."""

from collections.abc import Sequence
from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn

from graphmer.graph import DialogueGraph
from graphmer.nn.alignment import decoupled_nce
from graphmer.nn.losses import LossTerms, emotion_loss
from graphmer.nn.modality_encoder import ModalityEncoders
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import NetworkOutput, Signature
from graphmer.nn.targets import TrainingTargets
from graphmer.nn.teacher import frozen, recorded
from graphmer.systems.imagination import (
    Classifier,
    InvariantNetwork,
    InvariantSettings,
    imagination_objectives,
    invariant_imagination_loss,
)
from graphmer.systems.system import StageSettings, System


class CifMminSettings(InvariantSettings):
    """Settings of CIF-MMIN; the defaults are those of the released code for IEMOCAP."""

    system: Literal["cif_mmin"] = "cif_mmin"
    """Name of the system."""
    imagination: Annotated[float, Field(ge=0)] = 8.0
    """Weight of the error of the imagined embeddings."""
    invariance: Annotated[float, Field(gt=0)] = 100.0
    """Weight of the error of the consistent embeddings."""
    contrast: Annotated[float, Field(gt=0)] = 1.0
    """Weight of the contrastive loss of the teacher's consistent embeddings."""


class Projection(nn.Sequential):
    """Projection of consistent embeddings for the contrastive loss.

    Args:
        width: ``W`` of embedding and projection.
    """

    def __init__(self, width: int) -> None:
        super().__init__(
            nn.Linear(width, width),
            nn.LeakyReLU(),
            nn.LayerNorm(width),
            nn.Linear(width, width),
            nn.LeakyReLU(),
        )


class CifMminTeacher(nn.Module):
    """Specific and consistent encoders and a classifier that read all modalities.

    Args:
        settings: of the network.
        signature: inputs and outputs.
    """

    def __init__(self, settings: CifMminSettings, signature: Signature) -> None:
        super().__init__()
        width, dropout = settings.width, settings.teacher_dropout
        self.encoders = ModalityEncoders(signature.widths, width, dropout)
        self.consistent = ModalityEncoders(signature.widths, width, dropout)
        self.projections = nn.ModuleList(Projection(width) for _ in signature.widths)
        inputs = len(signature.widths) * width
        self.classifier = Classifier(inputs, width, signature.outputs, dropout)

    def forward(self, features: dict[str, Tensor]) -> tuple[NetworkOutput, list[Tensor]]:
        """Output, and projected consistent embedding ``[N, W]`` of each modality, from ``{m: [N, D_m]}``."""
        output = self.classifier(self.encoders(features).flatten(1))
        consistent = self.consistent(features).unbind(1)
        return output, [project(rows) for project, rows in zip(self.projections, consistent, strict=True)]


class CifMminNetwork(InvariantNetwork):
    """MMIN with contrastive modality-invariant features (Liu et al., IEEE TAFFC 2024).

    Each utterance by itself. Specific encoders give ``h``, consistent encoders give ``c``, which is added to
    the input of each autoencoder of the cascade. The emotion is classified from ``h + h^``.

    1. A teacher classifies ``h`` of all modalities. Decoupled contrastive losses let the projected consistent
       embeddings of one utterance agree and those of different utterances disagree, ``L = CE +
       sum_{m < n} w_mn NCE(P_m(c_m), P_n(c_n))``; w is 0.25 for audio and text, and for text and video, and
       0.5 for audio and video.
    2. The student starts from both kinds of encoders; the teacher is frozen. With the complement ``x^c`` of
       what is available and all features ``x``, ``L = CE + 8 MSE(h^, T(x^c)) + 100 MSE(c, c_T(x))``.

    Differences from the released code:
        - those of `MminNetwork`, in inputs, modalities and recorded targets, which hold for ``c_T(x)`` too;
        - pairs without the modality ``text`` weigh twice as much as those with it, and the weights sum to 1,
          whatever modalities there are; a pair compares the utterances that have both;
        - consistent encoders are the same in both stages; there, the one of text is pooled differently.

    Args:
        settings: of the network.
        signature: inputs and outputs.

    Raises:
        ValueError: if there are fewer than two modalities.
    """

    settings: CifMminSettings

    def __init__(self, settings: CifMminSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        width, dropout = settings.width, settings.dropout
        self.teacher = CifMminTeacher(settings, signature)
        self.encoders = ModalityEncoders(signature.widths, width, dropout)
        self.consistent = ModalityEncoders(signature.widths, width, dropout)
        self.cascade = self.new_cascade()
        self.classifier = Classifier(len(signature.widths) * width, width, signature.outputs, dropout)

    def imagine(self, graph: DialogueGraph) -> tuple[NetworkOutput, Tensor, Tensor]:
        """Output, imagined embeddings ``[N, M * W]`` and consistent embeddings ``[N, M, W]``."""
        features = self.filled(graph)
        embedding, consistent = self.encoders(features).flatten(1), self.consistent(features)
        imagined = self.cascade(embedding, consistent.flatten(1)).imagined
        return self.classifier(embedding + imagined), imagined, consistent

    def targets(self, graph: DialogueGraph) -> tuple[Tensor, Tensor]:
        """The frozen teacher's embeddings to be imagined, and its consistent ones, ``[N, M, W]`` each."""
        with frozen(self.teacher):
            embedding = self.teacher.encoders(self.target_features(graph))
            consistent = self.teacher.consistent(recorded(graph, self.modalities))
        return embedding, consistent


def contrast_loss(views: Sequence[Tensor], available: Tensor, modalities: Sequence[str]) -> Tensor:
    """Weighted mean of the decoupled contrastive losses over the pairs of modalities.

    Args:
        views: projected consistent embeddings of each modality.
        available: which of them the utterances have.
        modalities: their names; a pair with ``text`` weighs half as much as one without.

    Shapes:
        views: one ``[N, W]`` for each modality; available bool ``[N, M]``.
    """
    pairs = list(combinations(range(len(views)), 2))
    weights = [1.0 if "text" in (modalities[m], modalities[n]) else 2.0 for m, n in pairs]
    total = available.new_zeros((), dtype=views[0].dtype)
    for (m, n), weight in zip(pairs, weights, strict=True):
        both = available[:, m] & available[:, n]
        total = total + weight / sum(weights) * decoupled_nce(views[m][both], views[n][both])
    return total


def teacher_loss(model: EmotionModel, graph: DialogueGraph, targets: TrainingTargets) -> LossTerms:
    """Emotion loss of the teacher, and the contrastive loss of its consistent embeddings (stage 1)."""
    network: CifMminNetwork = model.network  # type: ignore[assignment]
    output, views = network.teacher(network.filled(graph))
    contrast = contrast_loss(views, graph.available, network.modalities)
    emotion = emotion_loss(output.logits, graph.emotion)
    return LossTerms.weighted({"teacher": (1.0, emotion), "contrast": (network.settings.contrast, contrast)})


CIF_MMIN = System(
    CifMminSettings,
    CifMminNetwork,
    objectives=imagination_objectives(
        teacher_loss,
        invariant_imagination_loss,
        copied=("encoders", "consistent"),
        fresh=("cascade", "classifier"),
    ),
    stages=(
        StageSettings(name="teacher", objective="teacher", epochs=40, mask="complete"),
        StageSettings(name="imagination", objective="imagination", epochs=40, mask="partial"),
    ),
    causal=True,
    exports=True,
)
"""Imagination from what is available and from embeddings that a contrastive loss makes agree."""
