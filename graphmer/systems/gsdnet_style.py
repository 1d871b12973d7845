"""A reimplementation of graph spectral diffusion (GSDNet, IJCAI 2025) from its abstract."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from graphmer.graph import DialogueGraph
from graphmer.nn.context import ContextRNN
from graphmer.nn.experts import sinusoidal
from graphmer.nn.fusion import ModalityFusion
from graphmer.nn.losses import LossTerms
from graphmer.nn.model import EmotionModel
from graphmer.nn.network import Network, NetworkOutput, NetworkSettings, Signature
from graphmer.nn.reconstruction import ReconstructionHeads
from graphmer.nn.score_sde import (
    ScoreNetwork,
    VariancePreserving,
    euler_maruyama,
    fixed_noise,
    random_times,
    score_matching_loss,
)
from graphmer.nn.spectral import SpectralBasis
from graphmer.nn.targets import TrainingTargets
from graphmer.settings import Fraction, Layers, Positive, Seed, Width
from graphmer.systems.completion import masked_error
from graphmer.systems.objectives import prediction_losses
from graphmer.systems.system import Objective, StageSettings, System

PROCESS = VariancePreserving()


class GsdnetStyleSettings(NetworkSettings):
    """Settings of the reimplementation of GSDNet."""

    system: Literal["gsdnet_style"] = "gsdnet_style"
    """Name of the system."""
    width: Width = 128
    """Width ``W`` of the states of each modality and of each direction of the context encoder."""
    modes: Layers = 16
    """Eigenvalues ``K`` of a dialogue's graph that are diffused."""
    hidden: Width = 256
    """Width of the hidden layers of the score network."""
    steps: Positive = 100
    """Steps of the sampler."""
    noise_seed: Seed = 0
    """Seed of the noise that the sampler starts from; no other number decides on the samples."""
    heads: Layers = 4
    """Attention heads of the fusion, a divisor of the width."""
    dropout: Fraction = 0.5
    """Dropout probability of the fusion and of the context encoder."""
    reconstruction: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the reconstruction of masked modalities."""
    diffusion: Annotated[float, Field(ge=0)] = 0.1
    """Weight of score matching."""


class GsdnetStyleNetwork(Network):
    """Graph spectral diffusion in the style of GSDNet (Shou et al., IJCAI 2025, arXiv 2506.12325).

    This is a reimplementation from the abstract, which says that the eigenvalues of the adjacency are
    diffused, and its eigenvectors kept, to recover missing modalities; everything else is a choice made here.

    - States ``p_m = norm(W_m x_m) + position + speaker`` of what is available, and their mean ``c``.
    - A fixed graph ``A = U diag(l) U^T`` connects near turns of a dialogue (`structural_graph`). The graph of
      a modality is ``A * relu(cos(p_i, p_j))``, with the spectrum ``l_m = diag(U^T A_m U)``, for the ``K``
      largest eigenvalues of ``A``.
    - A variance-preserving diffusion of ``l_m`` in complete dialogues, whose score network is conditioned on
      the spectrum of ``c`` and on the modality. Where a turn of a dialogue lacks the modality, a spectrum
      ``l'`` is sampled, and the turn gets ``h_m = MLP_m(U diag(l') U^T c)``.
    - A transformer over the modalities of a turn and a bidirectional LSTM over the turns predict the emotion;
      a linear layer for each modality reconstructs its features.

    Eigenvectors have no gradient. Their signs, and the choice of a basis where eigenvalues are equal, do not
    matter. The speaker is known by whether the previous turn is of the same one, so that renaming speakers
    changes nothing. The noise of a sample depends on a seed, the modality, the step and the mode alone.

    Args:
        settings: of the network.
        signature: inputs and outputs.

    Raises:
        ValueError: for a single modality.
    """

    noise: Tensor

    def __init__(self, settings: GsdnetStyleSettings, signature: Signature) -> None:
        super().__init__(settings, signature)
        widths, width, count = signature.widths, settings.width, len(signature.widths)
        if count < 2:
            raise ValueError(f"gsdnet_style needs two or more modalities, to complete one; got {count}.")
        self.modes = settings.modes
        self.encoders = nn.ModuleDict(
            {m: nn.Sequential(nn.Linear(d, width), nn.LayerNorm(width)) for m, d in widths.items()}
        )
        self.speaker = nn.Embedding(2, width)
        self.score = ScoreNetwork(PROCESS, settings.modes, settings.modes + count, settings.hidden)
        self.imaginations = nn.ModuleDict(
            {m: nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)) for m in widths}
        )
        self.fusion = ModalityFusion(count, width, settings.heads, 1, settings.dropout)
        self.context = ContextRNN(self.fusion.width, width, settings.dropout)
        self.width = self.context.width
        self.emotion = nn.Linear(self.width, signature.outputs)
        self.reconstruction = ReconstructionHeads(width, widths)
        noise = fixed_noise(settings.noise_seed, settings.steps, count, settings.modes)
        self.register_buffer("noise", noise, persistent=False)

    def encode(self, graph: DialogueGraph, known: Tensor) -> Tensor:
        """States ``p`` of the modalities where `known` ``[N, M]``, zero elsewhere, ``[N, M, W]``."""
        dialogue, speaker = graph.dialogue, graph.speaker
        goes_on = torch.zeros_like(dialogue)
        goes_on[1:] = (dialogue[1:] == dialogue[:-1]) & (speaker[1:] == speaker[:-1])
        added = self.speaker(goes_on)
        width = added.shape[1]
        added = added + sinusoidal(graph.position, width + width % 2)[:, :width]
        states = [
            encoder(graph[modality].where(known[:, m, None], 0.0)) + added
            for m, (modality, encoder) in enumerate(self.encoders.items())
        ]
        return torch.stack(states, dim=1).where(known[:, :, None], 0.0)

    def conditions(self, spectrum: Tensor, pairs: Tensor) -> Tensor:
        """Conditions ``[P, K + M]`` for pairs of a dialogue and a modality.

        Shapes:
            spectrum of what is available ``[B, K]``; pairs ``[P, 2]``.
        """
        modality = nn.functional.one_hot(pairs[:, 1], len(self.modalities))
        return torch.cat([spectrum[pairs[:, 0]], modality.to(spectrum.dtype)], dim=1)

    def sample(self, basis: SpectralBasis, spectrum: Tensor, pairs: Tensor) -> Tensor:
        """Sampled spectra ``[P, K]`` for pairs of a dialogue and a modality, without gradient.

        Shapes:
            spectrum of what is available ``[B, K]``; pairs ``[P, 2]``.
        """
        condition = self.conditions(spectrum, pairs)

        def score(noisy: Tensor, time: Tensor, step: int) -> Tensor:
            return self.score(noisy, time, condition)

        return euler_maruyama(PROCESS, score, self.noise[:, pairs[:, 1]])

    def complete(self, states: Tensor, available: Tensor, basis: SpectralBasis) -> Tensor:
        """States with imagined ones in place of what is not available, ``[N, M, W]``.

        Shapes:
            states ``[N, M, W]``, zero where not `available` ``[N, M]``.
        """
        mean = states.sum(dim=1) / available.sum(dim=1, keepdim=True).clamp_min(1)
        with torch.no_grad():
            spectrum = basis.spectrum(mean)
        pairs = dialogues_with(~available, basis)
        spectra = spectrum[:, None].repeat(1, available.shape[1], 1)
        spectra[pairs[:, 0], pairs[:, 1]] = self.sample(basis, spectrum, pairs)
        completed = []
        for m, imagine in enumerate(self.imaginations.values()):
            imagined = imagine(basis.smooth(spectra[:, m], mean))
            completed.append(states[:, m].where(available[:, m, None], imagined))
        return torch.stack(completed, dim=1)

    def forward(self, graph: DialogueGraph) -> NetworkOutput:
        basis = SpectralBasis.of(graph.speaker, graph.dialogue, self.modes)
        states = self.encode(graph, graph.available)
        completed = self.complete(states, graph.available, basis)
        state = self.context(self.fusion(completed), graph.dialogue)
        return NetworkOutput(self.emotion(state), state, self.reconstruction(completed))

    def score_loss(self, graph: DialogueGraph) -> Tensor:
        """Score matching per mode, for the dialogues and modalities of which a recorded turn is masked.

        The spectra are those of all that was recorded. Zero, with zero gradient, where nothing is masked.
        """
        basis = SpectralBasis.of(graph.speaker, graph.dialogue, self.modes)
        with torch.no_grad():
            states = self.encode(graph, graph.present)
            kept = graph.available[:, :, None]
            mean = states.where(kept, 0.0).sum(dim=1) / kept.sum(dim=1).clamp_min(1)
            spectrum = basis.spectrum(mean)
            spectra = torch.stack([basis.spectrum(each) for each in states.unbind(1)], dim=1)
        pairs = dialogues_with(graph.present & ~graph.available, basis)
        clean, modes = spectra[pairs[:, 0], pairs[:, 1]], basis.modes[pairs[:, 0]]
        condition = self.conditions(spectrum, pairs)

        def score(noisy: Tensor, time: Tensor) -> Tensor:
            return self.score(noisy, time, condition) * modes

        noise = torch.randn_like(clean) * modes
        loss = score_matching_loss(PROCESS, score, clean, random_times(clean), noise)
        return loss.sum() / modes.sum().clamp_min(1)


def dialogues_with(turns: Tensor, basis: SpectralBasis) -> Tensor:
    """Pairs ``[P, 2]`` of a dialogue and a modality with any such turn, from bool ``[N, M]``."""
    there = turns.new_zeros((len(basis.values), turns.shape[1]), dtype=torch.long)
    return there.index_add_(0, basis.layout.dialogue, turns.long()).nonzero()


def loss(model: EmotionModel, graph: DialogueGraph, targets: TrainingTargets) -> LossTerms:
    """Losses of the logits and the heads, of the reconstruction and of the score."""
    network: GsdnetStyleNetwork = model.network  # type: ignore[assignment]
    settings: GsdnetStyleSettings = network.settings  # type: ignore[assignment]
    output = network(graph)
    terms = prediction_losses(model, output, graph, targets)
    terms["reconstruction"] = (settings.reconstruction, masked_error(output.reconstruction, graph))
    terms["score"] = (settings.diffusion, network.score_loss(graph))
    return LossTerms.weighted(terms)


GSDNET_STYLE = System(
    GsdnetStyleSettings,
    GsdnetStyleNetwork,
    objectives={"completion": Objective(loss)},
    stages=(StageSettings(name="completion", objective="completion", epochs=40, mask="mixed"),),
)
"""Spectra of the graphs of missing modalities are sampled by diffusion; recurrence over completed turns."""
