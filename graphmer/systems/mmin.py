"""MMIN: missing modality imagination network (ACL 2021)."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from graphmer.graph import DialogueGraph
from graphmer.nn.losses import LossTerms, emotion_loss
from graphmer.nn.modality_encoder import ModalityEncoders
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import NetworkOutput, Signature
from graphmer.nn.targets import TrainingTargets
from graphmer.nn.teacher import frozen
from graphmer.systems.imagination import (
    Classifier,
    ImaginationNetwork,
    ImaginationSettings,
    imagination_objectives,
    recorded_error,
)
from graphmer.systems.objectives import prediction_losses
from graphmer.systems.system import StageSettings, System


class MminSettings(ImaginationSettings):
    """Settings of MMIN; the defaults are those of the released code for IEMOCAP."""

    system: Literal["mmin"] = "mmin"
    """Name of the system."""
    imagination: Annotated[float, Field(ge=0)] = 4.0
    """Weight of the error of the imagined embeddings."""
    cycle: Annotated[float, Field(gt=0)] = 2.0
    """Weight of the error of the embeddings that the backward cascade imagines from the imagined ones."""


class MminTeacher(nn.Module):
    """Encoders and a classifier that read all modalities.

    Args:
        settings: of the network.
        signature: inputs and outputs.
    """

    def __init__(self, settings: MminSettings, signature: Signature) -> None:
        super().__init__()
        width, dropout = settings.width, settings.teacher_dropout
        self.encoders = ModalityEncoders(signature.widths, width, dropout)
        self.classifier = Classifier(len(signature.widths) * width, width, signature.outputs, dropout)

    def forward(self, features: dict[str, Tensor]) -> NetworkOutput:
        """Logits and states from features ``{m: [N, D_m]}``, zero where there are none."""
        output: NetworkOutput = self.classifier(self.encoders(features).flatten(1))
        return output


@dataclass(frozen=True)
class Imagination:
    """Output of the student with what its losses compare.

    Attributes:
        output: logits and states.
        embedding: ``h``, of what is available, ``[N, M * W]``.
        imagined: ``h^``, ``[N, M * W]``.
    """

    output: NetworkOutput
    embedding: Tensor
    imagined: Tensor


class MminNetwork(ImaginationNetwork):
    """Missing modality imagination network (Zhao et al., ACL 2021).

    Each utterance by itself (https://aclanthology.org/2021.acl-long.203). Features, zero where a modality is
    missing, are encoded as ``h = [h_1; ..; h_M]``. A cascade of residual autoencoders imagines the embeddings
    of the missing modalities, ``h^``; the emotion is classified from the codes of all autoencoders,
    ``[z_1; ..; z_B]``. A backward cascade maps ``h^`` to ``h'``, near ``h``.

    1. A teacher, encoders and classifier, learns from all modalities, ``L = CE``.
    2. The student starts from its encoders; the teacher ``T`` is frozen. With the complement ``x^c`` of what
       is available, ``L = CE + 4 MSE(h^, T(x^c)) + 2 MSE(sg(h), h')``, where sg has no gradient.

    Differences from the released code:
        - inputs are one vector per utterance and modality, read by three fully connected layers as in the
          port of GCNet's authors, instead of sequences of frames and tokens;
        - any number of modalities, at least two; the widths of the cascade follow from it;
        - what was never recorded is no target: ``MSE(h^, T(x^c))`` is the mean over the recorded modalities
          of all utterances, whether masked or available. The cycle compares embeddings of what is
          available, and counts every utterance;
        - `target` can also be the teacher's embedding of all modalities. The released code asks for that of
          zeros in place of each available modality;
        - masks are drawn by the trainer, and any kind can be chosen; there, no utterance is ever complete.

    Args:
        settings: of the network.
        signature: inputs and outputs.

    Raises:
        ValueError: if there are fewer than two modalities.
    """

    settings: MminSettings

    def __init__(self, settings: MminSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        width, dropout = settings.width, settings.dropout
        self.teacher = MminTeacher(settings, signature)
        self.encoders = ModalityEncoders(signature.widths, width, dropout)
        self.cascade = self.new_cascade()
        self.cycle = self.new_cascade()
        self.classifier = Classifier(settings.blocks * (width // 2), width, signature.outputs, dropout)

    def imagine(self, graph: DialogueGraph) -> Imagination:
        """Output and imagined embeddings from what is available."""
        embedding = self.encoders(self.filled(graph)).flatten(1)
        cascade = self.cascade(embedding)
        return Imagination(self.classifier(cascade.codes), embedding, cascade.imagined)

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        return self.imagine(graph).output

    def target(self, graph: DialogueGraph) -> Tensor:
        """The frozen teacher's embeddings that are to be imagined, ``[N, M, W]``."""
        with frozen(self.teacher):
            target: Tensor = self.teacher.encoders(self.target_features(graph))
        return target


def teacher_loss(model: EmotionModel, graph: DialogueGraph, targets: TrainingTargets) -> LossTerms:
    """Emotion loss of the teacher (stage 1)."""
    network: MminNetwork = model.network  # type: ignore[assignment]
    output = network.teacher(network.filled(graph))
    return LossTerms.weighted({"teacher": (1.0, emotion_loss(output.logits, graph.emotion))})


def imagination_loss(model: EmotionModel, graph: DialogueGraph, targets: TrainingTargets) -> LossTerms:
    """Losses of logits and heads, of the imagined embeddings, and of the backward cascade (stage 2)."""
    network: MminNetwork = model.network  # type: ignore[assignment]
    settings, found = network.settings, network.imagine(graph)
    imagined = recorded_error(found.imagined, network.target(graph), graph.present)
    cycle = mse_loss(network.cycle(found.imagined).imagined, found.embedding.detach())
    terms = prediction_losses(model, found.output, graph, targets)
    terms["imagination"] = (settings.imagination, imagined)
    terms["cycle"] = (settings.cycle, cycle)
    return LossTerms.weighted(terms)


MMIN = System(
    MminSettings,
    MminNetwork,
    objectives=imagination_objectives(
        teacher_loss, imagination_loss, copied=("encoders",), fresh=("cascade", "cycle", "classifier")
    ),
    stages=(
        StageSettings(name="teacher", objective="teacher", epochs=20, mask="complete"),
        StageSettings(name="imagination", objective="imagination", epochs=60, mask="partial"),
    ),
    causal=True,
    exports=True,
)
"""A cascade of autoencoders imagines the embeddings of missing modalities as a teacher of all has them."""
