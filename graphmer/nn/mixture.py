"""Mixture of modality-knowledge experts (MoMKE, ACM MM 2024): projections, experts, routers."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from graphmer.nn.dropout import Dropout
from graphmer.nn.experts import Expert, sinusoidal
from graphmer.nn.tokens import Tokens


@dataclass(frozen=True)
class MixtureOutput:
    """What the experts make of each utterance.

    Attributes:
        embedding: concatenation over modalities, zero where a modality is missing, ``[N, M * D]``.
        weight: router weights (utterance, input modality, expert), zero where the input is missing,
            ``[N, M, M]``; detached.
    """

    embedding: Tensor
    weight: Tensor


class Router(nn.Module):
    """Weights of the experts for one input modality: ``softmax(W2 GELU(W1 z))``.

    Differences from the paper: it reads the projected features, as the released code does, and drops out the
    logits with probability `logit_dropout`.
    """

    def __init__(self, width: int, experts: int, dropout: float, logit_dropout: float) -> None:
        super().__init__()
        self.scores = nn.Sequential(
            nn.Linear(width, width),
            nn.GELU(),
            Dropout(dropout),
            nn.Linear(width, experts),
            Dropout(logit_dropout),
        )

    def forward(self, projected: Tensor) -> Tensor:
        return self.scores(projected).softmax(dim=1)


class ExpertMixture(nn.Module):
    """Each available modality of an utterance is read by every expert; a router mixes what they say.

    ``R^m = sum_e w^m_e E_e(z^m)`` with ``w^m = softmax(router_m(z^m))`` (MoMKE, eq. 5-6).
    Differences from the released code: a missing modality is not computed at all; the result is the same.

    Args:
        widths: features per modality, ``{modality: D_m}``.
        width: ``D``.
        depth: layers of an expert.
        heads: attention heads.
        dropout: probability of the projections, experts and routers.
        block: expert layer, ``reference`` or ``preln``.
        positions: add sinusoidal turn numbers to the projected features.
        router_logit_dropout: dropout on the router's scores; the released code has 0.5.
        causal: never hear a later turn.
        context: experts hear only turns at most so far away; ``None`` for the whole dialogue.
        recency: experts hear turns the less the further away they are; see `alibi_slopes`.

    Raises:
        ValueError: if `heads` does not divide `width`, `width` is odd and `positions` are wanted, or
            `context` is negative.
    """

    def __init__(
        self,
        widths: Mapping[str, int],
        *,
        width: int = 256,
        depth: int = 4,
        heads: int = 2,
        dropout: float = 0.5,
        block: str = "reference",
        positions: bool = False,
        router_logit_dropout: float = 0.5,
        causal: bool = False,
        context: int | None = None,
        recency: bool = False,
    ) -> None:
        super().__init__()
        if positions and width % 2:
            raise ValueError(f"`width` must be even where `positions` are added; got {width}.")
        self.modalities = tuple(widths)
        self.width = width
        self.positions = positions
        self.dropout = Dropout(dropout)
        self.projections = nn.ModuleList(nn.Linear(w, width) for w in widths.values())
        self.experts = nn.ModuleList(
            Expert(
                width,
                depth,
                heads,
                dropout,
                block=block,
                causal=causal,
                context=context,
                recency=recency,
            )
            for _ in widths
        )
        self.routers = nn.ModuleList(
            Router(width, len(widths), dropout, router_logit_dropout) for _ in widths
        )

    def project(
        self,
        features: Mapping[str, Tensor],
        tokens: Tokens,
        position: Tensor,
        around: Tensor | None = None,
    ) -> Tensor:
        """Projected features ``[T, D]`` of the available tokens.

        Args:
            features: by modality.
            tokens: what is available.
            position: turn numbers.
            around: what is added for each turn and modality; see `NeighborhoodAverages`.

        Shapes:
            features ``{m: [N, D_m]}``; position ``[N]``; around ``[N, M, D]``.
        """
        nodes = tokens.split(tokens.node)
        parts = [
            self.projections[m](features[modality][node]) + (0 if around is None else around[node, m])
            for m, (modality, node) in enumerate(zip(self.modalities, nodes, strict=True))
            if len(node)
        ]
        nothing = features[self.modalities[0]].new_empty(0, self.width)
        projected = self.dropout(torch.cat(parts or [nothing]))
        return projected + sinusoidal(position[tokens.node], self.width) if self.positions else projected

    def unimodal(self, projected: Tensor, tokens: Tokens) -> list[Tensor]:
        """Each modality read by its own expert only, ``[T_m, D]`` per modality (stage 1)."""
        parts = tokens.split(projected)
        return [
            expert(part, tokens.only(m)) if len(part) else part
            for m, (expert, part) in enumerate(zip(self.experts, parts, strict=True))
        ]

    def forward(self, projected: Tensor, tokens: Tokens, nodes: int) -> MixtureOutput:
        """Mix the experts.

        Args:
            projected: result of `project`, ``[T, D]``.
            tokens: the tokens it belongs to.
            nodes: ``N``.
        """
        weight = torch.cat(
            [router(part) for router, part in zip(self.routers, tokens.split(projected), strict=True)]
        )
        mixed = sum(weight[:, e, None] * expert(projected, tokens) for e, expert in enumerate(self.experts))
        count = len(self.modalities)
        modality = torch.arange(count, device=projected.device).repeat_interleave(
            torch.tensor(tokens.counts, device=projected.device)
        )
        cell = tokens.node * count + modality
        embedding = mixed.new_zeros(nodes * count, self.width).index_copy(0, cell, mixed)
        weights = weight.new_zeros(nodes * count, count).index_copy(0, cell, weight.detach())
        return MixtureOutput(embedding.view(nodes, -1), weights.view(nodes, count, count))
