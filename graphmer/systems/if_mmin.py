"""IF-MMIN: missing modality imagination with modality-invariant features (ICASSP 2023)."""

from itertools import combinations
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from graphmer.graph import DialogueGraph
from graphmer.nn.alignment import cmd
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


class IfMminSettings(InvariantSettings):
    """Settings of IF-MMIN; the defaults are those of the released code."""

    system: Literal["if_mmin"] = "if_mmin"
    """Name of the system."""
    imagination: Annotated[float, Field(gt=0)] = 1.0
    """Weight of the error of the imagined embeddings."""
    invariance: Annotated[float, Field(ge=0)] = 100.0
    """Weight of the error of the invariant features. The released script asks for 100 by an option that does
    not exist; the default of the code is 1."""
    alignment: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the central moment discrepancy between the teacher's invariant features."""


class InvariantEncoder(nn.Sequential):
    """Two fully connected layers with LeakyReLU, shared by all modalities.

    Args:
        width: ``W`` of embeddings and invariant features.
    """

    def __init__(self, width: int) -> None:
        super().__init__(nn.Linear(width, width), nn.LeakyReLU(), nn.Linear(width, width), nn.LeakyReLU())


class IfMminTeacher(nn.Module):
    """Encoders, the shared invariant encoder and a classifier that read all modalities.

    Args:
        settings: of the network.
        signature: inputs and outputs.
    """

    def __init__(self, settings: IfMminSettings, signature: Signature) -> None:
        super().__init__()
        width, dropout = settings.width, settings.teacher_dropout
        self.encoders = ModalityEncoders(signature.widths, width, dropout)
        self.invariant = InvariantEncoder(width)
        inputs = 2 * len(signature.widths) * width
        self.classifier = Classifier(inputs, width, signature.outputs, dropout)

    def forward(self, features: dict[str, Tensor]) -> tuple[NetworkOutput, Tensor]:
        """Output, and invariant features ``[N, M, W]``, from features ``{m: [N, D_m]}``."""
        embedding = self.encoders(features)
        invariant = self.invariant(embedding)
        return self.classifier(torch.cat([embedding, invariant], dim=1).flatten(1)), invariant


class IfMminNetwork(InvariantNetwork):
    """MMIN with modality-invariant features (Zuo et al., ICASSP 2023, https://arxiv.org/abs/2210.15359).

    Each utterance by itself. One shared encoder maps the embedding of each modality to an invariant feature,
    ``s = [Inv(h_1); ..; Inv(h_M)]``, which is added to the input of each autoencoder of the cascade. The
    emotion is classified from the codes of all autoencoders.

    1. A teacher classifies ``[h; s]`` of all modalities; the central moment discrepancy of order 5 gives the
       invariant features of all modalities the same distribution,
       ``L = CE + mean_{m < n} CMD_5(Inv(h_m), Inv(h_n))``.
    2. The student starts from its encoders; the teacher is frozen. With the complement ``x^c`` of what is
       available and all features ``x``, ``L = CE + MSE(h^, T(x^c)) + 100 MSE(s, s_T(x))``.

    Differences from the released code:
        - those of `MminNetwork`, in inputs, modalities and recorded targets, which hold for ``s_T(x)`` too;
        - the discrepancy compares the utterances that have each modality;
        - the layers of the shared encoder do not depend on the name of a run;
        - the weight of the invariant features is the one that the script asks for.

    Args:
        settings: of the network.
        signature: inputs and outputs.

    Raises:
        ValueError: if there are fewer than two modalities.
    """

    settings: IfMminSettings

    def __init__(self, settings: IfMminSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        width, dropout = settings.width, settings.dropout
        self.teacher = IfMminTeacher(settings, signature)
        self.encoders = ModalityEncoders(signature.widths, width, dropout)
        self.invariant = InvariantEncoder(width)
        self.cascade = self.new_cascade(skip=False)
        self.classifier = Classifier(settings.blocks * (width // 2), width, signature.outputs, dropout)

    def imagine(self, graph: DialogueGraph) -> tuple[NetworkOutput, Tensor, Tensor]:
        """Output, imagined embeddings ``[N, M * W]`` and invariant features ``[N, M, W]``."""
        embedding = self.encoders(self.filled(graph))
        invariant = self.invariant(embedding)
        cascade = self.cascade(embedding.flatten(1), invariant.flatten(1))
        return self.classifier(cascade.codes), cascade.imagined, invariant

    def targets(self, graph: DialogueGraph) -> tuple[Tensor, Tensor]:
        """The frozen teacher's embeddings to be imagined, and its invariant features, ``[N, M, W]`` each."""
        with frozen(self.teacher):
            embedding = self.teacher.encoders(self.target_features(graph))
            invariant = self.teacher.invariant(self.teacher.encoders(recorded(graph, self.modalities)))
        return embedding, invariant


def alignment_loss(invariant: Tensor, available: Tensor) -> Tensor:
    """Central moment discrepancy of the invariant features, averaged over the pairs of modalities.

    Args:
        invariant: of each modality.
        available: which of them the utterances have.

    Shapes:
        invariant ``[N, M, W]``; available bool ``[N, M]``.
    """
    samples = [rows[has] for rows, has in zip(invariant.unbind(1), available.unbind(1), strict=True)]
    return torch.stack([cmd(one, other) for one, other in combinations(samples, 2)]).mean()


def teacher_loss(model: EmotionModel, graph: DialogueGraph, targets: TrainingTargets) -> LossTerms:
    """Emotion loss of the teacher, and the discrepancy of its invariant features (stage 1)."""
    network: IfMminNetwork = model.network  # type: ignore[assignment]
    output, invariant = network.teacher(network.filled(graph))
    alignment = alignment_loss(invariant, graph.available)
    emotion = emotion_loss(output.logits, graph.emotion)
    return LossTerms.weighted(
        {"teacher": (1.0, emotion), "alignment": (network.settings.alignment, alignment)}
    )


IF_MMIN = System(
    IfMminSettings,
    IfMminNetwork,
    objectives=imagination_objectives(
        teacher_loss,
        invariant_imagination_loss,
        copied=("encoders", "invariant"),
        fresh=("cascade", "classifier"),
    ),
    stages=(
        StageSettings(name="teacher", objective="teacher", epochs=20, mask="complete"),
        StageSettings(name="imagination", objective="imagination", epochs=40, mask="partial"),
    ),
    causal=True,
    exports=True,
)
"""Imagination from what is available and from features that all modalities share."""
