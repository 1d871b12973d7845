"""Network of modality experts, with or without message passing; shared by the systems momke and graphmer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import gelu

from graphmer.dialogue import Dialogue
from graphmer.graph import DialogueGraph
from graphmer.nn.averages import NeighborhoodAverages
from graphmer.nn.cache import FeatureCache, NetworkCache
from graphmer.nn.joint import JointLayer
from graphmer.nn.losses import LossTerms, emotion_loss
from graphmer.nn.messages import MessagePassing, MessagePassingSettings
from graphmer.nn.mixture import ExpertMixture, MixtureSettings
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
from graphmer.nn.reconstruction import ReconstructionHeads
from graphmer.nn.targets import TrainingTargets
from graphmer.nn.tokens import Tokens
from graphmer.systems.completion import masked_error
from graphmer.systems.objectives import prediction_losses
from graphmer.systems.system import Objective, StageSettings


class ExpertNetworkSettings(MixtureSettings, NetworkSettings):
    """Settings that momke and graphmer have in common."""

    neighborhood_averages: tuple[Annotated[float, Field(gt=0)] | None, ...] = ()
    """Decay lengths, in turns, of averages of the features over the dialogue: those of the turn's own speaker
    and of others, before and after it. They are added to the projected features and impute missing
    modalities. null is the plain average over the dialogue, for which a stream keeps all of it. Not in MoMKE;
    empty for none."""
    average_shrinkage: bool = False
    """Shrink each average the more, the fewer turns it is over and the less of the variance of the features
    the speakers explain in training. Words keep little of theirs in short dialogues, voices much."""
    offset: str | None = None
    """Modality whose first features are log-probabilities of the classes, as `graphmer features tune` makes
    them. They are added to the logits of the turns that have it, and are not standardised. The network learns
    a residual, which is zero at first. null for none; not in MoMKE."""
    reconstruction: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the loss of heads that reconstruct masked modalities; 0 for no such heads."""


@dataclass(frozen=True)
class UnimodalOutput:
    """Outputs of each expert for its own modality (stage 1).

    Attributes:
        logits: ``{m: [T_m, C]}`` for the utterances that have the modality.
        node: their nodes, ``{m: [T_m]}``.
    """

    logits: dict[str, Tensor]
    node: dict[str, Tensor]


class ExpertNetwork(Network):
    """Mixture of modality experts (MoMKE), optionally with message passing between the turns.

    Without message passing this is MoMKE. With it, every turn also receives messages from its neighbors,
    whatever it lacks itself.

    Args:
        settings: of the experts, averages and reconstruction heads.
        signature: inputs and outputs.
        message_passing: settings of message passing; ``None`` for plain MoMKE.
    """

    def __init__(
        self,
        settings: ExpertNetworkSettings,
        signature: Signature,
        message_passing: MessagePassingSettings | None = None,
    ) -> None:
        super().__init__(settings, signature)
        widths, outputs = signature.widths, signature.outputs
        joint = len(widths) * settings.width
        # modules draw their weights in this order, and are registered in that of the optimizer
        mixture = ExpertMixture(settings, widths, causal=signature.causal)
        messages = (
            None
            if message_passing is None
            else MessagePassing(message_passing, joint, len(signature.relations))
        )
        averages = self._averages(settings, signature)
        self.mixture = mixture
        self.unimodal_heads = nn.ModuleList(nn.Linear(settings.width, outputs) for _ in widths)
        self.joint = JointLayer(joint, settings.dropout)
        self.message_passing = messages
        self.neighborhood_averages = averages
        self.width = joint if messages is None else messages.width
        self.emotion = nn.Linear(self.width, outputs)
        self.reconstruction = ReconstructionHeads(self.width, widths if settings.reconstruction > 0 else {})
        self.attention_window = settings.attention_window
        self.offset = self._offset(settings, signature)
        if self.offset is not None:
            nn.init.zeros_(self.emotion.weight)
            nn.init.zeros_(self.emotion.bias)

    @staticmethod
    def _offset(settings: ExpertNetworkSettings, signature: Signature) -> int | None:
        """Column of the modality that is added to the logits."""
        if settings.offset is None:
            return None
        if signature.widths.get(settings.offset, 0) < signature.outputs:
            raise ValueError(
                f"`offset` must be a modality that begins with a feature for each of the {signature.outputs} "
                f"classes; got {settings.offset!r} of {signature.widths}. Make it with `graphmer features "
                "tune`."
            )
        return list(signature.widths).index(settings.offset)

    @staticmethod
    def _averages(settings: ExpertNetworkSettings, signature: Signature) -> NeighborhoodAverages | None:
        scales = settings.neighborhood_averages
        if not scales:
            return None
        return NeighborhoodAverages(
            signature.widths,
            settings.width,
            scales,
            causal=signature.causal,
            shrinkage=settings.average_shrinkage,
        )

    def prepare(self, train: Sequence[Dialogue]) -> None:
        if self.neighborhood_averages is not None:
            self.neighborhood_averages.fit(train)

    def _features(self, graph: DialogueGraph) -> dict[str, Tensor]:
        return {modality: graph[modality] for modality in self.modalities}

    def _averaged(self, graph: DialogueGraph, cache: FeatureCache | None = None) -> Tensor | None:
        if self.neighborhood_averages is None:
            return None
        turns = (graph.available, graph.speaker, graph.dialogue)
        averages: Tensor = self.neighborhood_averages(self._features(graph), *turns, cache)
        return averages

    def _imputed(self, embedding: Tensor, averages: Tensor, available: Tensor) -> Tensor:
        """The embedding with missing modalities imputed by the averages."""
        imputed = self.mixture.dropout(gelu(averages)) * ~available[:, :, None]
        return embedding + imputed.flatten(1)

    def unimodal(self, graph: DialogueGraph) -> UnimodalOutput:
        """Output of each modality's own expert and head."""
        tokens = Tokens.of(graph.available, graph.dialogue)
        inputs = (self._features(graph), tokens, graph.position, self._averaged(graph))
        states = self.mixture.unimodal(self.mixture.project(*inputs), tokens)
        nodes = tokens.split(tokens.node)
        logits = [head(state) for head, state in zip(self.unimodal_heads, states, strict=True)]
        return UnimodalOutput(
            dict(zip(self.modalities, logits, strict=True)), dict(zip(self.modalities, nodes, strict=True))
        )

    def forward(self, graph: DialogueGraph, cache: NetworkCache | None = None) -> NetworkOutput:
        """Outputs for a batch, or for the next turns of one dialogue.

        Args:
            graph: a batch of dialogue graphs.
            cache: of the earlier turns of one dialogue, for a causal network; the new turns are added.
        """
        tokens = Tokens.of(graph.available, graph.dialogue)
        if cache is not None:
            tokens = cache.tokens.extend(tokens, graph.position)
        averages = self._averaged(graph, None if cache is None else cache.features)
        projected = self.mixture.project(self._features(graph), tokens, graph.position, averages)
        mixture = self.mixture(projected, tokens, graph.num_nodes)
        embedding = mixture.embedding
        if averages is not None:
            embedding = self._imputed(embedding, averages, graph.available)
        state = self.joint(embedding)
        if self.message_passing is not None:
            messages = None if cache is None else cache.messages
            state = self.message_passing(state, graph.edge_index, graph.edge_type, messages)
        logits = self.emotion(state)
        if self.offset is not None:
            known = graph[self.modalities[self.offset]][:, : logits.shape[1]]
            logits = logits + known.where(graph.available[:, self.offset, None], 0)
        return NetworkOutput(logits, state, self.reconstruction(state), mixture.weight)

    def new_cache(self) -> NetworkCache:
        """An empty cache for one dialogue; the network must be causal."""
        averages = self.neighborhood_averages
        return NetworkCache(self.attention_window, 0 if averages is None else averages.reach)


def unimodal_loss(model: EmotionModel, graph: DialogueGraph, targets: TrainingTargets) -> LossTerms:
    """Sum of the emotion losses of the experts, each on its own modality (stage 1)."""
    network: ExpertNetwork = model.network  # type: ignore[assignment]
    output = network.unimodal(graph)
    parts = {
        modality: emotion_loss(logits, graph.emotion[output.node[modality]])
        for modality, logits in output.logits.items()
    }
    return LossTerms(torch.stack(list(parts.values())).sum(), {m: part.detach() for m, part in parts.items()})


def mixing_loss(model: EmotionModel, graph: DialogueGraph, targets: TrainingTargets) -> LossTerms:
    """Losses of logits and heads from whatever is available, and of the reconstruction (stage 2)."""
    output = model(graph)
    terms = prediction_losses(model, output, graph, targets)
    settings: ExpertNetworkSettings = model.network.settings  # type: ignore[assignment]
    if settings.reconstruction:
        terms["reconstruction"] = (settings.reconstruction, masked_error(output.reconstruction, graph))
    return LossTerms.weighted(terms)


OBJECTIVES = {
    "unimodal": Objective(unimodal_loss, uses_targets=False),
    "mixing": Objective(mixing_loss),
}
"""`unimodal`: each expert learns its own modality. `mixing`: emotions from whatever is available."""

STAGES = (
    StageSettings(name="experts", objective="unimodal", epochs=5, mask="complete"),
    StageSettings(name="mixing", objective="mixing", epochs=30, mask="mixed"),
)
"""MoMKE's two stages, at the length that suits IEMOCAP."""
