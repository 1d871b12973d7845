"""What a model says of the utterances of a batch."""

from dataclasses import dataclass

import torch
from torch import Tensor

from graphmer.graph import DialogueGraph
from graphmer.nn.mixture import MixtureOutput


@dataclass(frozen=True)
class ModelOutput:
    """What the model says of each utterance.

    Attributes:
        emotion_logits: ``[N, C]``, before a decoder, or the score ``[N, 1]``.
        embedding: state before the emotion head, ``[N, D]``.
        reconstruction: standardised features, ``{m: [N, D_m]}``; empty without reconstruction heads.
        mixture: what the experts said.
    """

    emotion_logits: Tensor
    embedding: Tensor
    reconstruction: dict[str, Tensor]
    mixture: MixtureOutput

    def first(self, count: int) -> "ModelOutput":
        """What is said of the first utterances."""
        mixture = MixtureOutput(self.mixture.embedding[:count], self.mixture.weight[:count])
        rebuilt = {modality: rows[:count] for modality, rows in self.reconstruction.items()}
        return ModelOutput(self.emotion_logits[:count], self.embedding[:count], rebuilt, mixture)


@dataclass(frozen=True)
class UnimodalOutput:
    """What each expert says of its own modality (stage 1).

    Attributes:
        logits: ``{m: [T_m, C]}`` for the utterances that have the modality.
        node: their nodes, ``{m: [T_m]}``.
    """

    logits: dict[str, Tensor]
    node: dict[str, Tensor]


@dataclass(frozen=True)
class Decision:
    """Emotions and changes of emotion of a batch of turns.

    Attributes:
        probability: of each emotion, ``[N, C]``.
        emotion: long ``[N]``. With a decoder the most probable emotions of each speaker's turns as a whole,
            which may differ from the largest of `probability`.
        change: probability that the emotion differs from that of the speaker's previous turn, ``[N]``; NaN on
            a first turn. The change head's where the model has one, else `derived_change`.
        derived_change: the same as the probabilities of the emotions have it.
        changed: whether `change` is large enough to be called a change, bool ``[N]``.
    """

    probability: Tensor
    emotion: Tensor
    change: Tensor
    derived_change: Tensor
    changed: Tensor


def dialogue_numbers(graph: DialogueGraph) -> Tensor:
    """Dialogue of each node of a batch, or of a graph on its own, long ``[N]``, ascending.

    Where supports stand in a copy beside a dialogue, the copy is a dialogue of its own.
    """
    batch = graph.batch if graph.get("batch") is not None else torch.zeros_like(graph.speaker)
    return batch if graph.get("sequence") is None else 2 * batch + graph.sequence
