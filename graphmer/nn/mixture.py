"""Mixture of modality-knowledge experts (MoMKE, ACM MM 2024): projections, experts, routers."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from pydantic import model_validator
from torch import Tensor, nn

from graphmer.nn.dropout import Dropout
from graphmer.nn.experts import Expert, ExpertSettings, sinusoidal
from graphmer.nn.tokens import Tokens
from graphmer.settings import Fraction


class MixtureSettings(ExpertSettings):
    """Settings of the experts, their projections and their routers."""

    positions: bool = False
    """Add sinusoidal turn numbers to the projected features."""
    router_logit_dropout: Fraction = 0.5
    """Dropout on the router's scores; 0.5 in the released code."""

    @model_validator(mode="after")
    def _even(self) -> "MixtureSettings":
        if self.positions and self.width % 2:
            raise ValueError(f"`width` must be even where `positions` are added; got {self.width}")
        return self


@dataclass(frozen=True)
class MixtureOutput:
    """Output of the mixture for each utterance.

    Attributes:
        embedding: concatenation over modalities, zero where a modality is missing, ``[N, M * D]``.
        weight: router weights (utterance, input modality, expert), zero where the input is missing,
            ``[N, M, M]``; detached.
        absent: weight of no expert at all, ``[N, M]``, 1 where the input is missing; ``None`` without
            an estimate of reliability.
    """

    embedding: Tensor
    weight: Tensor
    absent: Tensor | None = None


class Router(nn.Module):
    """Weights of the experts for one input modality: ``softmax(W2 GELU(W1 z))``.

    Differences from the paper: it reads the projected features, as the released code does, and drops out the
    logits with probability `logit_dropout`.
    """

    def __init__(
        self, width: int, experts: int, dropout: float, logit_dropout: float, *, reliability: bool = False
    ) -> None:
        super().__init__()
        self.absence = nn.Parameter(torch.tensor([1.0, -2.0])) if reliability else None
        self.scores = nn.Sequential(
            nn.Linear(width, width),
            nn.GELU(),
            Dropout(dropout),
            nn.Linear(width, experts),
            Dropout(logit_dropout),
        )

    def forward(self, projected: Tensor, reliability: Tensor | None = None) -> Tensor:
        """Weights of the experts ``[T, E]``.

        With the logits of reliability ``[T]``, no expert is one more choice, whose score falls linearly with
        the logit: the weights of a damaged input add up to less than 1.
        """
        scores: Tensor = self.scores(projected)
        if reliability is None or self.absence is None:
            return scores.softmax(dim=1)
        slope, offset = self.absence
        nothing = offset - slope * reliability
        return torch.cat([scores, nothing[:, None]], dim=1).softmax(dim=1)[:, :-1]


class ExpertMixture(nn.Module):
    """Mixture of experts: every expert reads each available modality, and a router weighs their outputs.

    ``R^m = sum_e w^m_e E_e(z^m)`` with ``w^m = softmax(router_m(z^m))`` (MoMKE, eq. 5-6).
    Differences from the released code: a missing modality is not computed at all; the output is the same.

    Args:
        settings: of projections, experts and routers.
        widths: features per modality, ``{m: D_m}``.
        causal: attend to no later turn.
        reliability: let the routers see how reliable each input is.
    """

    def __init__(
        self,
        settings: MixtureSettings,
        widths: Mapping[str, int],
        *,
        causal: bool = False,
        reliability: bool = False,
    ) -> None:
        super().__init__()
        width, dropout = settings.width, settings.dropout
        self.modalities = tuple(widths)
        self.width = width
        self.positions = settings.positions
        self.dropout = Dropout(dropout)
        self.projections = nn.ModuleList(nn.Linear(w, width) for w in widths.values())
        self.experts = nn.ModuleList(Expert(settings, causal=causal) for _ in widths)
        self.routers = nn.ModuleList(
            Router(width, len(widths), dropout, settings.router_logit_dropout, reliability=reliability)
            for _ in widths
        )

    def project(
        self,
        features: Mapping[str, Tensor],
        tokens: Tokens,
        position: Tensor,
        averages: Tensor | None = None,
    ) -> Tensor:
        """Projected features ``[T, D]`` of the available tokens.

        Args:
            features: by modality.
            tokens: of the available modalities.
            position: turn numbers.
            averages: mapped neighborhood averages of each turn and modality, which are added; see
                `NeighborhoodAverages`.

        Shapes:
            features ``{m: [N, D_m]}``; position ``[N]``; averages ``[N, M, D]``.
        """
        nodes = tokens.split(tokens.node)
        parts = [
            self.projections[m](features[modality][node]) + (0 if averages is None else averages[node, m])
            for m, (modality, node) in enumerate(zip(self.modalities, nodes, strict=True))
            if node.shape[0]
        ]
        nothing = features[self.modalities[0]].new_empty(0, self.width)
        projected = self.dropout(torch.cat(parts or [nothing]))
        return projected + sinusoidal(position[tokens.node], self.width) if self.positions else projected

    def unimodal(self, projected: Tensor, tokens: Tokens) -> list[Tensor]:
        """Output of each modality's own expert only, ``[T_m, D]`` per modality (stage 1)."""
        parts = tokens.split(projected)
        return [
            expert(part, tokens.only(m)) if len(part) else part
            for m, (expert, part) in enumerate(zip(self.experts, parts, strict=True))
        ]

    def forward(
        self, projected: Tensor, tokens: Tokens, nodes: int, reliability: Tensor | None = None
    ) -> MixtureOutput:
        """Mix the experts.

        Args:
            projected: result of `project`, ``[T, D]``.
            tokens: the tokens it belongs to.
            nodes: ``N``.
            reliability: logits of being undamaged, ``[N, M]``.
        """
        logits = None if reliability is None else reliability[tokens.node, tokens.modality]
        seen = [None] * len(self.routers) if logits is None else tokens.split(logits)
        parts = zip(self.routers, tokens.split(projected), seen, strict=True)
        weight = torch.cat([router(part, logit) for router, part, logit in parts])
        mixed = sum(weight[:, e, None] * expert(projected, tokens) for e, expert in enumerate(self.experts))
        embedding, weights = tokens.by_turn(mixed, nodes), tokens.by_turn(weight.detach(), nodes)
        if reliability is None:
            return MixtureOutput(embedding.flatten(1), weights)
        present = tokens.by_turn(weight.sum(dim=1, keepdim=True), nodes)[:, :, 0]
        return MixtureOutput(embedding.flatten(1), weights, 1 - present)
