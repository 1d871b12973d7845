"""Modality experts: self-attention over the utterances of a dialogue that have the modality."""

import math
from typing import Annotated, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from graphmer.nn.alibi import alibi_slopes, attention_mask
from graphmer.nn.dropout import Dropout
from graphmer.nn.grid_attention import grid_attention
from graphmer.nn.grouped_attention import grouped_attention
from graphmer.nn.local_attention import local_attention
from graphmer.nn.tokens import DenseTokens, Tokens
from graphmer.settings import Fraction, Layers, Settings, Width


class ExpertSettings(Settings):
    """Size and attention of a modality expert. Defaults are MoMKE's."""

    width: Width = 256
    """Width ``D`` of an expert."""
    depth: Layers = 4
    """Layers of an expert."""
    heads: Layers = 2
    """Attention heads; must divide `width`."""
    dropout: Fraction = 0.5
    """Dropout probability of the experts and the layers after them."""
    block: Literal["reference", "preln"] = "reference"
    """`reference`: the layer of the released code. `preln`: the paper's equations, with layer norm."""
    attention_window: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    """Turns on either side that an expert layer attends to, only those before where `causal`; 0 reads each
    turn on its own, null attends to the whole dialogue, as in MoMKE. With a window, and windows as edge
    rules, cost is linear in the length of a dialogue."""
    alibi: bool = False
    """Add the ALiBi bias to attention scores, so that attention falls with distance in turns."""

    @model_validator(mode="after")
    def _divisible(self) -> "ExpertSettings":
        if self.width % self.heads:
            raise ValueError(f"`heads` must divide `width`; got {self.heads} heads for width {self.width}")
        return self


class DialogueAttention(nn.Module):
    """Multi-head self-attention within each sequence of tokens, without output projection.

    ``P_ij = softmax_j(q_i k_j / sqrt(D / H))`` over the tokens ``j`` of the same sequence (MoMKE, eq. 3).

    Args:
        settings: width ``D``, heads ``H``, window and ALiBi bias.
        causal: token ``i`` attends only to ``j <= i``.
    """

    slopes: Tensor | None

    def __init__(self, settings: ExpertSettings, *, causal: bool) -> None:
        super().__init__()
        self.width = settings.width
        self.heads = settings.heads
        self.causal = causal
        self.window = settings.attention_window
        self.query_key_value = nn.Linear(self.width, 3 * self.width)
        slopes = alibi_slopes(self.heads) if settings.alibi else None
        self.register_buffer("slopes", slopes, persistent=False)

    def forward(self, state: Tensor, tokens: Tokens) -> Tensor:
        projected = self.query_key_value(state)
        if self.window is not None and not isinstance(tokens, DenseTokens):
            local = (self.heads, self.window, self.slopes)
            return local_attention(projected, tokens, *local, causal=self.causal)
        if not torch.is_grad_enabled() and not isinstance(tokens, DenseTokens) and len(projected):
            return grouped_attention(projected, tokens, self.heads, self.slopes, causal=self.causal)
        return grid_attention(projected, tokens, self.heads, self._mask(tokens))

    def _mask(self, tokens: Tokens) -> Tensor:
        """Attention mask of the grid, for all heads or each of them, ``[S, 1 or H, L or 1, L]``."""

        def make() -> Tensor:
            visible = tokens.visible
            if self.window is not None:
                visible = visible & (tokens.distance <= self.window)
            if self.causal:
                # padding, which follows the tokens of a sequence, attends to them: a row must not be empty
                visible = visible & visible.new_ones(tokens.shape[1], tokens.shape[1]).tril()
            return attention_mask(visible, None if self.slopes is None else tokens.distance, self.slopes)

        return tokens.once((self.heads, self.causal, self.slopes is None), make)


def _feed_forward(width: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, width), nn.GELU(), Dropout(dropout), nn.Linear(width, width), Dropout(dropout)
    )


class ReferenceLayer(nn.Module):
    """The expert layer of MoMKE's released code: ``h + o + MLP(o)`` with ``o`` the attention output.

    Differences from the paper: no layer norm, no output projection, and the MLP sees only ``o``; this is what
    produced the published numbers.
    """

    def __init__(self, attention: DialogueAttention, dropout: float) -> None:
        super().__init__()
        self.attention = attention
        self.feed_forward = _feed_forward(attention.width, dropout)

    def forward(self, state: Tensor, tokens: Tokens) -> Tensor:
        attended = self.attention(state, tokens)
        return state + attended + self.feed_forward(attended)


class PreNormLayer(nn.Module):
    """The expert layer as the MoMKE paper writes it (eq. 3-4), with an output projection.

    ``H' = MSA(LN(H)) + H``, ``H <- FFN(LN(H')) + H'``.
    """

    def __init__(self, attention: DialogueAttention, dropout: float) -> None:
        super().__init__()
        width = attention.width
        self.norm_attention = nn.LayerNorm(width)
        self.attention = attention
        self.output = nn.Linear(width, width)
        self.dropout = Dropout(dropout)
        self.norm_feed_forward = nn.LayerNorm(width)
        self.feed_forward = _feed_forward(width, dropout)

    def forward(self, state: Tensor, tokens: Tokens) -> Tensor:
        attended = self.attention(self.norm_attention(state), tokens)
        state = state + self.dropout(self.output(attended))
        return state + self.feed_forward(self.norm_feed_forward(state))


LAYERS = {"reference": ReferenceLayer, "preln": PreNormLayer}
"""Expert layers by the name that settings use."""


class Expert(nn.Module):
    """A stack of expert layers.

    Args:
        settings: size and attention.
        causal: attend to no later turn.
    """

    def __init__(self, settings: ExpertSettings, *, causal: bool = False) -> None:
        super().__init__()
        layer = LAYERS[settings.block]
        self.layers = nn.ModuleList(
            layer(DialogueAttention(settings, causal=causal), settings.dropout) for _ in range(settings.depth)
        )

    def forward(self, state: Tensor, tokens: Tokens) -> Tensor:
        for layer in self.layers:
            state = layer(state, tokens)
        return state


def sinusoidal(position: Tensor, width: int) -> Tensor:
    """Sinusoidal encoding of turn numbers (Vaswani et al. 2017, section 3.5).

    Shapes:
        position ``[T]``; returns float ``[T, D]``; `width` must be even.
    """
    rate = torch.exp(torch.arange(0, width, 2, device=position.device) * (-math.log(10_000.0) / width))
    angle = position[:, None] * rate
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)
