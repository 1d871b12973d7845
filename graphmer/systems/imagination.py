"""What MMIN, IF-MMIN and CIF-MMIN share: settings, classifier, targets of a frozen teacher, and stages."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn

from graphmer.graph import DialogueGraph
from graphmer.nn.cascade import CascadeAE
from graphmer.nn.losses import LossTerms
from graphmer.nn.modality_encoder import hidden_layers
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
from graphmer.nn.targets import TrainingTargets
from graphmer.nn.teacher import complement, recorded
from graphmer.settings import Fraction, Layers
from graphmer.systems.objectives import prediction_losses
from graphmer.systems.system import HEADS, Loss, Objective


class ImaginationSettings(NetworkSettings):
    """Settings of the systems with an imagination cascade."""

    width: Annotated[int, Field(ge=2, le=16_384)] = 128
    """Width ``W`` of the embedding of each modality and of the states. The autoencoders of the cascade have
    layers of ``2 W``, ``W`` and ``W / 2``."""
    blocks: Layers = 5
    """Number of autoencoders of the cascade."""
    dropout: Fraction = 0.5
    """Dropout probability of encoders and classifier."""
    teacher_dropout: Fraction = 0.3
    """Dropout probability of the teacher while it is trained."""
    target: Literal["reverse", "full"] = "reverse"
    """What is imagined. `reverse`: the teacher's embeddings of the masked modalities, with those of zeros in
    place of the available ones, as in the released code. `full`: the teacher's embeddings of all modalities.
    """


class Classifier(nn.Module):
    """Two fully connected layers with ReLU and dropout, then the logits.

    Args:
        inputs: width of the input.
        width: width ``W`` of both layers.
        outputs: number of classes ``C``, or 1 for a score.
        dropout: dropout probability.
    """

    def __init__(self, inputs: int, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.hidden = nn.Sequential(*hidden_layers(inputs, width, dropout))
        self.emotion = nn.Linear(width, outputs)

    def forward(self, embedding: Tensor) -> NetworkOutput:
        """Logits ``[N, C]`` and states ``[N, W]`` of embeddings ``[N, inputs]``."""
        state = self.hidden(embedding)
        return NetworkOutput(self.emotion(state), state)


class ImaginationNetwork(Network):
    """Base class of the networks with an imagination cascade.

    Args:
        settings: of the network.
        signature: inputs and outputs.

    Raises:
        ValueError: if there are fewer than two modalities.
    """

    settings: ImaginationSettings

    def __init__(self, settings: ImaginationSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        if len(signature.widths) < 2:
            raise ValueError(
                f"The system {settings.system} imagines a modality from others and must have at least two; "
                f"got {', '.join(signature.widths)}."
            )
        self.width = settings.width

    def new_cascade(self, *, skip: bool = True) -> CascadeAE:
        """A cascade over the embeddings of all modalities, side by side."""
        width, blocks = self.settings.width, self.settings.blocks
        hidden = (2 * width, width, width // 2)
        return CascadeAE(len(self.modalities) * width, hidden, blocks, skip=skip)

    def target_features(self, graph: DialogueGraph) -> dict[str, Tensor]:
        """Features that the teacher reads for the target of the imagination, ``{m: [N, D_m]}``."""
        read = complement if self.settings.target == "reverse" else recorded
        return read(graph, self.modalities)


class InvariantSettings(ImaginationSettings):
    """Settings of the systems that also learn what the modalities have in common."""

    imagination: Annotated[float, Field(ge=0)]
    """Weight of the error of the imagined embeddings."""
    invariance: Annotated[float, Field(ge=0)]
    """Weight of the error of what the modalities have in common."""


class InvariantNetwork(ImaginationNetwork):
    """Base class of the networks whose cascade also reads what the modalities have in common."""

    settings: InvariantSettings

    def imagine(self, graph: DialogueGraph) -> tuple[NetworkOutput, Tensor, Tensor]:
        """Output, imagined embeddings ``[N, M * W]`` and what is in common ``[N, M, W]``."""
        raise NotImplementedError

    def targets(self, graph: DialogueGraph) -> tuple[Tensor, Tensor]:
        """The frozen teacher's embeddings to be imagined, and what is in common, ``[N, M, W]`` each."""
        raise NotImplementedError

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        return self.imagine(graph)[0]


def invariant_imagination_loss(
    model: EmotionModel, graph: DialogueGraph, targets: TrainingTargets
) -> LossTerms:
    """Losses of logits and heads, of the imagined embeddings, and of what is in common (stage 2)."""
    network: InvariantNetwork = model.network  # type: ignore[assignment]
    settings = network.settings
    output, imagined, common = network.imagine(graph)
    embedding, common_target = network.targets(graph)
    terms = prediction_losses(model, output, graph, targets)
    terms["imagination"] = (settings.imagination, recorded_error(imagined, embedding, graph.present))
    terms["invariance"] = (settings.invariance, recorded_error(common, common_target, graph.present))
    return LossTerms.weighted(terms)


def recorded_error(found: Tensor, target: Tensor, present: Tensor) -> Tensor:
    """Mean squared error of the embeddings of recorded modalities.

    What was never recorded has no embedding to be compared with, and does not count.

    Args:
        found: embeddings, or all of them side by side.
        target: embeddings of the teacher.
        present: what was recorded.

    Shapes:
        found ``[N, M, W]`` or ``[N, M * W]``; target ``[N, M, W]``; present bool ``[N, M]``.
    """
    error = (found.reshape(target.shape) - target).square().mean(dim=2) * present
    return error.sum() / present.sum().clamp_min(1)


def copy_from_teacher(model: EmotionModel, modules: Sequence[str]) -> None:
    """Let modules of the student start from those of the same name of the teacher."""
    teacher: nn.Module = model.network.teacher  # type: ignore[assignment]
    for name in modules:
        module: nn.Module = getattr(model.network, name)
        module.load_state_dict(getattr(teacher, name).state_dict())


def imagination_objectives(
    teacher: Loss, imagination: Loss, *, copied: Sequence[str], fresh: Sequence[str]
) -> dict[str, Objective]:
    """Objectives of the teacher and of its student.

    Args:
        teacher: loss of the teacher, the module ``teacher`` of the network.
        imagination: loss of the student.
        copied: modules of the student that start from those of the teacher.
        fresh: further modules of the student.
    """
    student = tuple(f"network.{module}" for module in (*copied, *fresh))
    start = partial(copy_from_teacher, modules=copied)
    return {
        "teacher": Objective(teacher, trains=("network.teacher",), uses_targets=False),
        "imagination": Objective(imagination, trains=(*student, *HEADS), start=start),
    }
