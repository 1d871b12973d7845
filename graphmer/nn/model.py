"""The assembled model: experts, message passing, heads."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from graphmer.graph import DialogueGraph
from graphmer.nn.chain import ChainDecoder
from graphmer.nn.messages import MessagePassing
from graphmer.nn.mixture import ExpertMixture, MixtureOutput
from graphmer.nn.speaker_turns import SpeakerTurns
from graphmer.nn.tokens import Tokens


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
            a first turn.
    """

    probability: Tensor
    emotion: Tensor
    change: Tensor


def dialogue_numbers(graph: DialogueGraph) -> Tensor:
    """Dialogue of each node of a batch, or of a graph on its own, long ``[N]``, ascending.

    Where supports stand in a copy beside a dialogue, the copy is a dialogue of its own.
    """
    batch = graph.batch if graph.get("batch") is not None else torch.zeros_like(graph.speaker)
    return batch if graph.get("sequence") is None else 2 * batch + graph.sequence


class JointLayer(nn.Module):
    """``c + Drop(ReLU(W_p c + b_p))`` over the concatenated modalities (MoMKE's released code)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, state: Tensor) -> Tensor:
        return state + self.dropout(torch.relu(self.linear(state)))


class EmotionModel(nn.Module):
    """Modality experts on the turns, message passing between them, and the heads.

    Without `messages` this is MoMKE; with it, every turn also receives what its neighbours know, whatever
    it lacks itself.

    Args:
        mixture: the modality experts.
        outputs: ``C``, or 1 for a score.
        messages: message passing over states of width ``M * D``; ``None`` for plain MoMKE.
        dropout: probability of the joint layer and before the emotion head of the graph.
        reconstruct: widths of the modalities to reconstruct; empty for none.
        decoder: how the emotions of a dialogue hang together; ``None`` to decide each turn on its own.
    """

    def __init__(
        self,
        mixture: ExpertMixture,
        outputs: int,
        *,
        messages: MessagePassing | None = None,
        dropout: float = 0.5,
        reconstruct: Mapping[str, int] | None = None,
        decoder: ChainDecoder | None = None,
    ) -> None:
        super().__init__()
        joint = len(mixture.modalities) * mixture.width
        self.mixture = mixture
        self.unimodal_heads = nn.ModuleList(nn.Linear(mixture.width, outputs) for _ in mixture.modalities)
        self.joint = JointLayer(joint, dropout)
        self.messages = messages
        width = joint if messages is None else messages.width
        self.emotion = nn.Linear(width, outputs)
        self.decoders = nn.ModuleDict({m: nn.Linear(width, d) for m, d in (reconstruct or {}).items()})
        self.decoder = decoder

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of the columns of ``available``."""
        return self.mixture.modalities

    def _tokens(self, graph: DialogueGraph) -> tuple[Tokens, Tensor]:
        tokens = Tokens.of(graph.available, dialogue_numbers(graph))
        features = {modality: graph[modality] for modality in self.modalities}
        return tokens, self.mixture.project(features, tokens, graph.position)

    def unimodal(self, graph: DialogueGraph) -> UnimodalOutput:
        """Each modality read by its own expert and head."""
        tokens, projected = self._tokens(graph)
        states = self.mixture.unimodal(projected, tokens)
        nodes = tokens.split(tokens.node)
        logits = [head(state) for head, state in zip(self.unimodal_heads, states, strict=True)]
        return UnimodalOutput(
            dict(zip(self.modalities, logits, strict=True)), dict(zip(self.modalities, nodes, strict=True))
        )

    def forward(self, graph: DialogueGraph) -> ModelOutput:
        tokens, projected = self._tokens(graph)
        mixture = self.mixture(projected, tokens, graph.num_nodes)
        state = self.joint(mixture.embedding)
        if self.messages is not None:
            state = self.messages(state, graph.edge_index, graph.edge_type)
        reconstruction = {modality: decoder(state) for modality, decoder in self.decoders.items()}
        return ModelOutput(self.emotion(state), state, reconstruction, mixture)

    def probabilities(self, output: ModelOutput, graph: DialogueGraph) -> Tensor:
        """Probability of each emotion: the decoder's marginals, or the softmax of the logits without one.

        Args:
            output: what the model said of `graph`; of classes, not a score.
            graph: the same batch.

        Shapes:
            returns float ``[N, C]``.
        """
        logits = output.emotion_logits.float()
        if self.decoder is None:
            return logits.softmax(dim=1)
        return self.decoder(logits, graph.speaker, dialogue_numbers(graph)).marginal.exp()

    def decide(self, output: ModelOutput, graph: DialogueGraph) -> Decision:
        """Emotions and changes of emotion of each turn.

        Without a decoder, two turns are taken as independent: ``P(change) = 1 - sum_c p_previous(c) p(c)``.

        Args:
            output: what the model said of `graph`; of classes, not a score.
            graph: the same batch.
        """
        logits, dialogue = output.emotion_logits.float(), dialogue_numbers(graph)
        if self.decoder is not None:
            chain = self.decoder(logits, graph.speaker, dialogue)
            emotion = self.decoder.viterbi(logits, graph.speaker, dialogue)
            return Decision(chain.marginal.exp(), emotion, chain.change)
        probability = logits.softmax(dim=1)
        previous = SpeakerTurns.of(graph.speaker, dialogue).previous
        change = 1 - (probability * probability[previous]).sum(dim=1)
        return Decision(probability, logits.argmax(dim=1), change.where(previous >= 0, torch.nan))
