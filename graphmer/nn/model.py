"""The assembled model: experts, message passing, heads."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from graphmer.dialogue.change import previous_turn, speaker_ids
from graphmer.graph import DialogueGraph
from graphmer.nn.averages import NeighborhoodAverages
from graphmer.nn.cache import FeatureCache, KeyValueCache, MessageCache
from graphmer.nn.calibration import Calibration
from graphmer.nn.chain import ChainCache, ChainDecoder
from graphmer.nn.change_head import ChangeHead
from graphmer.nn.dropout import Dropout
from graphmer.nn.messages import MessagePassing
from graphmer.nn.mixture import ExpertMixture, MixtureOutput
from graphmer.nn.output import Decision, ModelOutput, UnimodalOutput, dialogue_numbers
from graphmer.nn.tokens import Tokens


class JointLayer(nn.Module):
    """``c + Drop(ReLU(W_p c + b_p))`` over the concatenated modalities (MoMKE's released code)."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.dropout = Dropout(dropout)

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
        neighborhood_averages: what is shown around a turn is added to its projected features, and stands in the place
            of those that it lacks; ``None`` for plain MoMKE.
        dropout: probability of the joint layer and before the emotion head of the graph.
        reconstruct: widths of the modalities to reconstruct; empty for none.
        decoder: how the emotions of a dialogue hang together; ``None`` to decide each turn on its own.
        change_head: also judge from pairs of turns whether a speaker's emotion changes.

    Attributes:
        retrieval_memory: puts more turns behind those of a batch, which these hear when they are read; training has
            its own. ``None`` for nothing.
    """

    def __init__(
        self,
        mixture: ExpertMixture,
        outputs: int,
        *,
        messages: MessagePassing | None = None,
        neighborhood_averages: NeighborhoodAverages | None = None,
        dropout: float = 0.5,
        reconstruct: Mapping[str, int] | None = None,
        decoder: ChainDecoder | None = None,
        change_head: bool = False,
    ) -> None:
        super().__init__()
        joint = len(mixture.modalities) * mixture.width
        self.mixture = mixture
        self.unimodal_heads = nn.ModuleList(nn.Linear(mixture.width, outputs) for _ in mixture.modalities)
        self.joint = JointLayer(joint, dropout)
        self.messages = messages
        self.neighborhood_averages = neighborhood_averages
        width = joint if messages is None else messages.width
        self.emotion = nn.Linear(width, outputs)
        self.decoders = nn.ModuleDict({m: nn.Linear(width, d) for m, d in (reconstruct or {}).items()})
        self.decoder = decoder
        self.change_head = ChangeHead(width, dropout) if change_head else None
        self.calibration = Calibration()
        self.retrieval_memory: Callable[[DialogueGraph], DialogueGraph] | None = None

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, in the order of the columns of ``available``."""
        return self.mixture.modalities

    def _features(self, graph: DialogueGraph) -> dict[str, Tensor]:
        return {modality: graph[modality] for modality in self.modalities}

    def _around(self, graph: DialogueGraph, memory: FeatureCache | None = None) -> Tensor | None:
        if self.neighborhood_averages is None:
            return None
        turns = (graph.available, graph.speaker, dialogue_numbers(graph))
        return self.neighborhood_averages(self._features(graph), *turns, memory)

    def _told(self, embedding: Tensor, around: Tensor, available: Tensor) -> Tensor:
        """Of the modalities that a turn lacks, what is shown around it in place of what experts say."""
        told = self.mixture.dropout(gelu(around)) * ~available[:, :, None]
        return embedding + told.flatten(1)

    def unimodal(self, graph: DialogueGraph) -> UnimodalOutput:
        """Each modality read by its own expert and head."""
        tokens = Tokens.of(graph.available, dialogue_numbers(graph))
        read = (self._features(graph), tokens, graph.position, self._around(graph))
        projected = self.mixture.project(*read)
        states = self.mixture.unimodal(projected, tokens)
        nodes = tokens.split(tokens.node)
        logits = [head(state) for head, state in zip(self.unimodal_heads, states, strict=True)]
        return UnimodalOutput(
            dict(zip(self.modalities, logits, strict=True)), dict(zip(self.modalities, nodes, strict=True))
        )

    def forward(self, graph: DialogueGraph) -> ModelOutput:
        if self.retrieval_memory is None or self.training:
            return self.heads(*self.encode(graph))
        return self.heads(*self.encode(self.retrieval_memory(graph))).first(graph.num_nodes)

    def encode(
        self,
        graph: DialogueGraph,
        heard: KeyValueCache | None = None,
        told: MessageCache | None = None,
        shown: FeatureCache | None = None,
    ) -> tuple[Tensor, MixtureOutput]:
        """State of each turn before the heads ``[N, D]``, and what the experts said.

        Args:
            graph: a batch, or the next turns of one dialogue.
            heard: what the experts of a causal model remember of the turns before, with which these are
                remembered then.
            told: what the turns before say in message passing.
            shown: features of the turns before, with which these are remembered then.
        """
        tokens = Tokens.of(graph.available, dialogue_numbers(graph))
        if heard is not None:
            tokens = heard.with_new(tokens, graph.position)
        around = self._around(graph, shown)
        projected = self.mixture.project(self._features(graph), tokens, graph.position, around)
        mixture = self.mixture(projected, tokens, graph.num_nodes)
        embedding = mixture.embedding
        state = self.joint(embedding if around is None else self._told(embedding, around, graph.available))
        if self.messages is not None:
            state = self.messages(state, graph.edge_index, graph.edge_type, told)
        return state, mixture

    def heads(self, state: Tensor, mixture: MixtureOutput) -> ModelOutput:
        """What the heads say of encoded turns."""
        reconstruction = {modality: decoder(state) for modality, decoder in self.decoders.items()}
        return ModelOutput(self.emotion(state), state, reconstruction, mixture)

    @property
    def knows_change(self) -> bool:
        """Whether a part of the model judges changes: its head, or the decoder, which has pairs."""
        return self.change_head is not None or self.decoder is not None

    def calibrate(self, calibration: Calibration) -> None:
        """Correct all probabilities from now on."""
        self.calibration = calibration
        if self.decoder is not None:
            self.decoder.temperature = calibration.emotion

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
            return (logits / self.calibration.emotion).softmax(dim=1)
        return self.decoder(logits, graph.speaker, dialogue_numbers(graph)).marginal.exp()

    def change_logits(self, output: ModelOutput, previous: Tensor) -> Tensor:
        """What the change head says of each turn and the one it is compared with, before calibration.

        Args:
            output: what the model said; the model must have a change head.
            previous: position of the turn to compare with, -1 where there is none.

        Shapes:
            previous long ``[N]``; returns float ``[N]``, NaN where there is nothing to compare with.
        """
        assert self.change_head is not None  # asked for where there is one
        turns = (previous >= 0).nonzero()[:, 0]
        said = self.change_head(output.embedding[turns], output.embedding[previous[turns]])
        return said.new_full(previous.shape, torch.nan).index_copy(0, turns, said)

    def decide(
        self,
        output: ModelOutput,
        graph: DialogueGraph,
        annotated: Tensor | None = None,
        *,
        memory: ChainCache | None = None,
    ) -> Decision:
        """Emotions and changes of emotion of each turn.

        Without a decoder, two turns are taken as independent: ``P(change) = 1 - sum_c p_previous(c) p(c)``.

        Args:
            output: what the model said of `graph`; of classes, not a score.
            graph: the same batch.
            annotated: turns that a later turn of the speaker may be compared with, as a test compares
                annotated ones only; all if left out.
            memory: what a causal decoder knows of earlier turns; it is completed.

        Shapes:
            annotated bool ``[N]``.
        """
        logits, dialogue = output.emotion_logits.float(), dialogue_numbers(graph)
        comparable = torch.ones_like(dialogue, dtype=torch.bool) if annotated is None else annotated
        previous = previous_turn(speaker_ids(graph.speaker, dialogue), comparable)
        if self.decoder is not None:
            chain = self.decoder(logits, graph.speaker, dialogue, comparable, memory=memory)
            emotion = self.decoder.viterbi(logits, graph.speaker, dialogue, memory=memory)
            probability, derived = chain.marginal.exp(), chain.change
        else:
            probability = (logits / self.calibration.emotion).softmax(dim=1)
            emotion = logits.argmax(dim=1)
            derived = 1 - (probability * probability[previous]).sum(dim=1)
            derived = derived.where(previous >= 0, torch.nan)
        change = derived
        if self.change_head is not None:
            change = (self.change_logits(output, previous).float() / self.calibration.change).sigmoid()
        return Decision(probability, emotion, change, derived, change >= self.calibration.threshold)
