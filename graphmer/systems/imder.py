"""IMDer: modalities that are missing are sampled by diffusion (NeurIPS 2023), for vectors of utterances."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from graphmer.graph import DialogueGraph
from graphmer.nn.dropout import Dropout
from graphmer.nn.fusion import ModalityFusion
from graphmer.nn.losses import LossTerms
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
from graphmer.nn.score_sde import (
    ScoreNetwork,
    VarianceExploding,
    euler_maruyama,
    fixed_noise,
    random_times,
    score_matching_loss,
)
from graphmer.nn.targets import TrainingTargets
from graphmer.settings import Fraction, Layers, Positive, Seed, Width
from graphmer.systems.objectives import prediction_losses
from graphmer.systems.system import HEADS, Objective, StageSettings, System

TURNS = 128
"""Turns that have noise of their own; a longer dialogue begins with the first noise again."""


class ImderSettings(NetworkSettings):
    """Settings of IMDer."""

    system: Literal["imder"] = "imder"
    """Name of the system."""
    width: Width = 128
    """Width ``W`` of the embedding of each modality."""
    hidden: Width = 256
    """Width of the hidden layers of the score networks."""
    sigma: Annotated[float, Field(gt=1)] = 25.0
    """Base of the noise of the variance-exploding process."""
    steps: Positive = 20
    """Steps of the sampler; 100 in the released code. Training and prediction take time in proportion."""
    noise_seed: Seed = 0
    """Seed of the noise that the sampler starts from; no other number decides on the samples."""
    noise_shared: bool = False
    """Whether the score is trained with one noise for data and condition, as in the released code, although
    they are independent when sampling."""
    heads: Layers = 4
    """Attention heads of the fusion, a divisor of the width."""
    depth: Layers = 2
    """Layers of the fusion."""
    dropout: Fraction = 0.5
    """Dropout probability of the fusion and before the classifier."""
    diffusion: Annotated[float, Field(ge=0)] = 0.1
    """Weight of score matching and of the reconstruction of the embeddings."""


class Extractor(nn.Module):
    """Embedding of the features of a modality, ``norm(W x + b)``.

    The norm has no weights: embeddings have mean 0 and variance 1 over their dimensions, the size of data
    that the noise of the diffusion is made for.

    Args:
        inputs: width of the features.
        width: ``W`` of the embedding.
    """

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(inputs, width)
        self.norm = nn.LayerNorm(width, elementwise_affine=False)

    def forward(self, features: Tensor) -> Tensor:
        """Embedding ``[N, W]`` of features ``[N, inputs]``."""
        return self.norm(self.project(features))


class Imagination(nn.Module):
    """Samples one modality, given those that are available, and refines the sample.

    The condition is ``c = W [r_k e_k; r_k]`` over all other modalities ``k``, available if ``r_k = 1``. The
    score network reads ``c`` with noise of the same size as that of the data.

    Args:
        others: number of the other modalities.
        settings: of the system.
    """

    def __init__(self, others: int, settings: ImderSettings) -> None:
        super().__init__()
        width = settings.width
        self.process = VarianceExploding(settings.sigma)
        self.noise_shared = settings.noise_shared
        self.condition = nn.Linear(others * (width + 1), width)
        self.score = ScoreNetwork(self.process, width, width, settings.hidden)
        self.refine = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)
        )

    def conditions(self, others: Tensor, available: Tensor) -> Tensor:
        """Conditions ``[N, W]`` of embeddings ``[N, M - 1, W]``, where `available` ``[N, M - 1]``."""
        kept = others.where(available[:, :, None], 0.0).flatten(1)
        return self.condition(torch.cat([kept, available.to(kept.dtype)], dim=1))

    def _score(self, noisy: Tensor, time: Tensor, condition: Tensor, noise: Tensor) -> Tensor:
        std = self.process.std(time)[:, None]
        return self.score(noisy, time, (condition + std * noise) / (1 + std.square()).sqrt())

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Refined samples.

        Args:
            condition: of each utterance.
            noise: of the data and of the condition.

        Shapes:
            condition ``[N, W]``; noise ``[2, steps, N, W]``; returns ``[N, W]``.
        """

        def score(noisy: Tensor, time: Tensor, step: int) -> Tensor:
            return self._score(noisy, time, condition, noise[1, step])

        sampled = euler_maruyama(self.process, score, noise[0])
        return sampled + self.refine(sampled)

    def loss(self, clean: Tensor, condition: Tensor) -> Tensor:
        """Score matching for the true embeddings, ``[N]``, at random times and with random noise.

        Shapes:
            clean, condition ``[N, W]``.
        """
        noise = torch.randn_like(clean)
        other = noise if self.noise_shared else torch.randn_like(clean)

        def score(noisy: Tensor, time: Tensor) -> Tensor:
            return self._score(noisy, time, condition, other)

        return score_matching_loss(self.process, score, clean, random_times(clean), noise)


class ImderNetwork(Network):
    """Incomplete multimodality-diffused emotion recognition (Wang, Li and Cui, NeurIPS 2023).

    Each modality is embedded. The embeddings of those that are missing are sampled from a diffusion
    ``dx = sigma^t dw``, reversed by a score network that is conditioned on what is available, and refined; a
    transformer over the modalities then predicts the emotion:
    ``x' = refine(sample(c))``, ``h = [transformer(e_1, ..., x'_m, ..., e_M)]``,
    ``z = h + W_2 ReLU(W_1 h)``, ``logits = W z``.

    A first stage trains embeddings and classifier on all that was recorded. In the second one the embeddings
    are frozen, and the score of what is masked is learned as well. Utterances are read one by one. The noise
    of a sample depends on a seed, the turn, the step and the dimension: what is predicted is deterministic,
    and the same for any batch.

    Differences from the released code, which reads sequences of 50 steps:
        - an utterance is one vector for each modality: a projection with a norm in place of a convolution,
          perceptrons in place of U-Nets, and a residual perceptron in place of the channel attention that
          refines samples like images; the transformers between pairs of sequences of one step are one
          transformer over the modalities;
        - any number of modalities from two, and also none available: the condition holds a mark of what there
          is, instead of a layer for each pair;
        - the score network is preconditioned, and the sampler takes `ImderSettings.steps` steps;
        - the noise of data and condition is independent in training as in sampling; there it is the same one
          in training (`ImderSettings.noise_shared`);
        - modalities are missing for each utterance by itself, not for a whole batch, and the mean squared
          error of the reconstruction is that of the masked entries;
        - the first stage is trained here; there, its result is a file that is not part of the release.

    Args:
        settings: of the network.
        signature: inputs and outputs.

    Raises:
        ValueError: for a single modality.
    """

    noise: Tensor

    def __init__(self, settings: ImderSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        width, count = settings.width, len(signature.widths)
        if count < 2:
            raise ValueError(f"imder needs two or more modalities, to sample one from others; got {count}.")
        self.extractors = nn.ModuleDict({m: Extractor(d, width) for m, d in signature.widths.items()})
        self.imaginations = nn.ModuleDict({m: Imagination(count - 1, settings) for m in signature.widths})
        self.fusion = ModalityFusion(count, width, settings.heads, settings.depth, settings.dropout)
        self.width = self.fusion.width
        self.joint = nn.Sequential(
            nn.Linear(self.width, self.width),
            nn.ReLU(),
            Dropout(settings.dropout),
            nn.Linear(self.width, self.width),
        )
        self.emotion = nn.Linear(self.width, signature.outputs)
        noise = fixed_noise(settings.noise_seed, count, 2, settings.steps, TURNS, width)
        self.register_buffer("noise", noise, persistent=False)

    def embed(self, graph: DialogueGraph) -> Tensor:
        """Embeddings of what is available, zero elsewhere, ``[N, M, W]``."""
        features = self.filled(graph)
        embeddings = torch.stack([self.extractors[m](features[m]) for m in self.modalities], dim=1)
        return embeddings.where(graph.available[:, :, None], 0.0)

    def conditions(self, modality: int, embeddings: Tensor, available: Tensor, rows: Tensor) -> Tensor:
        """Conditions of a modality at some utterances.

        Shapes:
            embeddings ``[N, M, W]``; available ``[N, M]``; rows ``[R]``; returns ``[R, W]``.
        """
        others = [m for m in range(len(self.modalities)) if m != modality]
        imagination: Imagination = self.imaginations[self.modalities[modality]]  # type: ignore[assignment]
        return imagination.conditions(embeddings[rows][:, others], available[rows][:, others])

    def imagine(self, embeddings: Tensor, available: Tensor, position: Tensor) -> Tensor:
        """Embeddings with refined samples in place of what is not available.

        Shapes:
            embeddings ``[N, M, W]``; available ``[N, M]``; position ``[N]``; returns ``[N, M, W]``.
        """
        columns = list(embeddings.unbind(1))
        for m, imagination in enumerate(self.imaginations.values()):
            rows = (~available[:, m]).nonzero()[:, 0]
            if not len(rows):
                continue
            noise = self.noise[m][:, :, position[rows] % TURNS]
            condition = self.conditions(m, embeddings, available, rows)
            columns[m] = columns[m].index_copy(0, rows, imagination(condition, noise))
        return torch.stack(columns, dim=1)

    def read(self, embeddings: Tensor) -> NetworkOutput:
        """Logits and states from embeddings ``[N, M, W]`` of all modalities."""
        state = self.fusion(embeddings)
        state = state + self.joint(state)
        return NetworkOutput(self.emotion(state), state)

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        return self.read(self.imagine(self.embed(graph), graph.available, graph.position))


def complete_loss(model: EmotionModel, graph: DialogueGraph, targets: TrainingTargets) -> LossTerms:
    """Losses of the logits and the heads, with zeros for what is missing instead of samples (stage 1)."""
    network: ImderNetwork = model.network  # type: ignore[assignment]
    output = network.read(network.embed(graph))
    return LossTerms.weighted(prediction_losses(model, output, graph, targets))


def diffusion_losses(
    network: ImderNetwork, graph: DialogueGraph, embeddings: Tensor, completed: Tensor
) -> dict[str, Tensor]:
    """``score`` and ``reconstruction`` of what was recorded but masked, each summed over the modalities.

    ``score`` is the sum over dimensions, averaged over the utterances that lack the modality, as is the mean
    squared error of the refined samples. Both are zero, with zero gradient, where nothing is masked.

    Args:
        network: has made the other arguments.
        graph: a batch of training dialogues.
        embeddings: of what is available.
        completed: the same with refined samples.

    Shapes:
        embeddings, completed ``[N, M, W]``.
    """
    score, reconstruction = completed.sum() * 0, completed.sum() * 0
    masked = graph.present & ~graph.available
    for m, modality in enumerate(network.modalities):
        rows = masked[:, m].nonzero()[:, 0]
        if not len(rows):
            continue
        imagination: Imagination = network.imaginations[modality]  # type: ignore[assignment]
        with torch.no_grad():
            clean = network.extractors[modality](graph[modality][rows])
        condition = network.conditions(m, embeddings, graph.available, rows)
        score = score + imagination.loss(clean, condition).mean()
        reconstruction = reconstruction + (completed[rows, m] - clean).square().mean()
    return {"score": score, "reconstruction": reconstruction}


def diffusion_loss(model: EmotionModel, graph: DialogueGraph, targets: TrainingTargets) -> LossTerms:
    """Losses of the logits and the heads, of the scores and of the refined samples (stage 2)."""
    network: ImderNetwork = model.network  # type: ignore[assignment]
    settings: ImderSettings = network.settings  # type: ignore[assignment]
    embeddings = network.embed(graph)
    completed = network.imagine(embeddings, graph.available, graph.position)
    terms = prediction_losses(model, network.read(completed), graph, targets)
    for name, part in diffusion_losses(network, graph, embeddings, completed).items():
        terms[name] = (settings.diffusion, part)
    return LossTerms.weighted(terms)


CLASSIFIER = ("network.fusion", "network.joint", "network.emotion", *HEADS)

IMDER = System(
    ImderSettings,
    ImderNetwork,
    objectives={
        "complete": Objective(complete_loss, trains=("network.extractors", *CLASSIFIER)),
        "diffusion": Objective(diffusion_loss, trains=("network.imaginations", *CLASSIFIER)),
    },
    stages=(
        StageSettings(name="complete", objective="complete", epochs=10, mask="complete"),
        StageSettings(name="diffusion", objective="diffusion", epochs=30, mask="mixed"),
    ),
    causal=True,
)
"""Missing modalities are sampled by a diffusion that is conditioned on those that are available."""
