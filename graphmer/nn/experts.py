"""Modality experts: self-attention over the utterances of a dialogue that have the modality."""

import math

import torch
from torch import Tensor, nn

from graphmer.nn.alibi import alibi_slopes, attention_mask
from graphmer.nn.dropout import Dropout
from graphmer.nn.grid_attention import grid_attention
from graphmer.nn.local_attention import local_attention
from graphmer.nn.tokens import Tokens


class DialogueAttention(nn.Module):
    """Multi-head self-attention within each sequence of tokens, without output projection.

    ``P_ij = softmax_j(q_i k_j / sqrt(D / H))`` over the tokens ``j`` of the same sequence (MoMKE, eq. 3).

    Args:
        width: ``D``.
        heads: ``H``; must divide `width`.
        causal: token ``i`` hears only ``j <= i``.
        context: only tokens at most so many turns away are heard, 0 for itself alone; ``None`` for all.
        recency: the further away a turn is, the less it is heard; see `alibi_slopes`.
    """

    slopes: Tensor | None

    def __init__(
        self, width: int, heads: int, *, causal: bool, context: int | None = None, recency: bool = False
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"`heads` must divide `width`; got {heads} heads for width {width}.")
        self.width = width
        self.heads = heads
        self.causal = causal
        self.context = context
        self.query_key_value = nn.Linear(width, 3 * width)
        self.register_buffer("slopes", alibi_slopes(heads) if recency else None, persistent=False)

    def forward(self, state: Tensor, tokens: Tokens) -> Tensor:
        projected = self.query_key_value(state)
        if tokens.memory is not None:
            return tokens.memory.attend(self, projected, self.heads, self._mask(tokens))
        if self.context is not None:
            near_by = (self.heads, self.context, self.slopes)
            return local_attention(projected, tokens, *near_by, causal=self.causal)
        return grid_attention(projected, tokens, self.heads, self._mask(tokens))

    def _mask(self, tokens: Tokens) -> Tensor:
        """What each token of the grid hears, for all heads or each of them, ``[S, 1 or H, L or 1, L]``.

        With a memory, what each token hears of it: see there.
        """

        def make() -> Tensor:
            if tokens.memory is not None:
                return tokens.memory.mask(self.slopes)
            heard = tokens.filled[:, None, :]
            if self.causal:
                # padding, which follows the tokens of a sequence, hears them: a row must not be empty
                heard = heard & heard.new_ones(tokens.shape[1], tokens.shape[1]).tril()
            return attention_mask(heard, None if self.slopes is None else tokens.distance, self.slopes)

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
        heard = self.attention(state, tokens)
        return state + heard + self.feed_forward(heard)


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
        heard = self.attention(self.norm_attention(state), tokens)
        state = state + self.dropout(self.output(heard))
        return state + self.feed_forward(self.norm_feed_forward(state))


LAYERS = {"reference": ReferenceLayer, "preln": PreNormLayer}
"""Expert layers by the name a model is configured with."""


class Expert(nn.Module):
    """A stack of expert layers.

    Args:
        width: ``D``.
        depth: number of layers.
        heads: attention heads.
        dropout: probability in the feed-forward part.
        block: ``reference`` (released code) or ``preln`` (paper).
        causal: never hear a later turn.
        context: hear only turns at most so far away, 0 for none but the own; ``None`` for all.
        recency: hear turns the less the further away they are.

    Raises:
        ValueError: if there is no such block, `context` is negative, or `heads` does not divide `width`.
    """

    def __init__(
        self,
        width: int,
        depth: int,
        heads: int,
        dropout: float,
        *,
        block: str = "reference",
        causal: bool = False,
        context: int | None = None,
        recency: bool = False,
    ) -> None:
        super().__init__()
        if block not in LAYERS:
            raise ValueError(f"`block` must be one of {list(LAYERS)}; got {block!r}.")
        if context is not None and context < 0:
            raise ValueError(f"`context` must be a number of turns >= 0, or None for all; got {context}.")
        layer = LAYERS[block]
        self.layers = nn.ModuleList(
            layer(DialogueAttention(width, heads, causal=causal, context=context, recency=recency), dropout)
            for _ in range(depth)
        )

    def forward(self, state: Tensor, tokens: Tokens) -> Tensor:
        for layer in self.layers:
            state = layer(state, tokens)
        return state


def sinusoidal(position: Tensor, width: int) -> Tensor:
    """Sinusoidal code of turn numbers (Vaswani et al. 2017, section 3.5).

    Shapes:
        position ``[T]``; returns float ``[T, D]``; `width` must be even.
    """
    rate = torch.exp(torch.arange(0, width, 2, device=position.device) * (-math.log(10_000.0) / width))
    angle = position[:, None] * rate
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)
