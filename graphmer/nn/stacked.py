"""Experts and routers side by side, so that one operator computes all of them: few calls for few tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm

from graphmer.nn.cache import KeyValueCache
from graphmer.nn.experts import Expert, PreNormLayer, ReferenceLayer
from graphmer.nn.mixture import ExpertMixture, MixtureOutput, Router
from graphmer.nn.tokens import Tokens


@dataclass(frozen=True)
class _Maps:
    """Linear maps, one for each expert or modality.

    Attributes:
        weight: ``[E, inputs, outputs]``.
        bias: ``[E, 1, outputs]``.
    """

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, maps: Sequence[nn.Module], norms: Sequence[nn.Module] | None = None) -> "_Maps":
        """The maps, each after the scale and shift of a layer norm, if there is one."""
        weights = [each.get_parameter("weight").detach() for each in maps]
        biases = [each.get_parameter("bias").detach() for each in maps]
        if norms is not None:
            shifts = [each.get_parameter("bias").detach() for each in norms]
            biases = [b + w @ s for b, w, s in zip(biases, weights, shifts, strict=True)]
            scales = [each.get_parameter("weight").detach() for each in norms]
            weights = [w * s for w, s in zip(weights, scales, strict=True)]
        return cls(torch.stack([w.T for w in weights]).contiguous(), torch.stack(biases)[:, None])

    def __call__(self, rows: Tensor) -> Tensor:
        """Shapes: rows ``[E, T, inputs]``; returns ``[E, T, outputs]``."""
        return torch.baddbmm(self.bias, rows, self.weight)

    def chosen(self, which: Tensor) -> "_Maps":
        """The maps of each of some rows."""
        return _Maps(self.weight[which], self.bias[which])


@dataclass(frozen=True)
class _Layer:
    """One layer of all experts.

    Attributes:
        query_key_value: before the attention.
        output: after it; ``None`` for the reference layer, which has none and no norms.
        inner, outer: of the feed-forward network.
        heads: ``H``.
        slopes: ALiBi slopes; ``None`` for no bias.
    """

    query_key_value: _Maps
    output: _Maps | None
    inner: _Maps
    outer: _Maps
    heads: int
    slopes: Tensor | None

    @classmethod
    def of(cls, layers: Sequence[ReferenceLayer | PreNormLayer]) -> "_Layer":
        attention = layers[0].attention
        pre = [cast(PreNormLayer, layer) for layer in layers] if isinstance(layers[0], PreNormLayer) else None
        return cls(
            _Maps.of(
                [layer.attention.query_key_value for layer in layers],
                None if pre is None else [layer.norm_attention for layer in pre],
            ),
            None if pre is None else _Maps.of([layer.output for layer in pre]),
            _Maps.of(
                [layer.feed_forward[0] for layer in layers],
                None if pre is None else [layer.norm_feed_forward for layer in pre],
            ),
            _Maps.of([layer.feed_forward[3] for layer in layers]),
            attention.heads,
            attention.slopes,
        )

    def __call__(self, state: Tensor, place: int, cache: KeyValueCache, mask: Tensor) -> Tensor:
        """States after the layer, whose number is `place`.

        Shapes:
            state ``[E, T, D]``; returns the same.
        """
        width = state.shape[-1:]
        normed = state if self.output is None else layer_norm(state, width)
        attended = cache.attend(place, self.query_key_value(normed), self.heads, mask)
        if self.output is None:
            return state + attended + self.outer(gelu(self.inner(attended)))
        state = state + self.output(attended)
        return state + self.outer(gelu(self.inner(layer_norm(state, width))))


class StackedExperts:
    """The experts of a mixture and its routers in evaluation, for the next turns of a dialogue.

    Weights are copied, and layer norms become part of the maps after them, so that outputs are those of the
    mixture to rounding.

    Args:
        mixture: causal.
    """

    def __init__(self, mixture: ExpertMixture) -> None:
        experts = [cast(Expert, expert).layers for expert in mixture.experts]
        self.count = len(experts)
        self.layers = [_Layer.of(layers) for layers in zip(*experts, strict=True)]
        routers = [cast(Router, router).scores for router in mixture.routers]
        self.hidden = _Maps.of([router[0] for router in routers])
        self.scores = _Maps.of([router[3] for router in routers])

    def mixed(self, projected: Tensor, tokens: Tokens, nodes: int, cache: KeyValueCache) -> MixtureOutput:
        """Mix the experts' outputs for new tokens, as `ExpertMixture` does.

        Args:
            projected: of the new tokens, ``[T, D]``.
            tokens: which have been added to the cache.
            nodes: ``N``.
            cache: keys and values of the earlier tokens.
        """
        weight = self._weights(projected, tokens)
        mixed = (weight.T[:, :, None] * self.outputs(projected, cache)).sum(dim=0)
        return MixtureOutput(tokens.by_turn(mixed, nodes).flatten(1), tokens.by_turn(weight, nodes))

    def outputs(self, projected: Tensor, cache: KeyValueCache) -> Tensor:
        """Output of each expert for new tokens, ``[E, T, D]``."""
        state = projected.expand(self.count, -1, -1)
        if not len(projected):
            return state
        mask = cache.mask(self.layers[0].slopes)
        for place, layer in enumerate(self.layers):
            state = layer(state, place, cache, mask)
        return state

    def _weights(self, projected: Tensor, tokens: Tokens) -> Tensor:
        """Weight of each expert for each token, ``[T, E]``."""
        hidden = gelu(self.hidden.chosen(tokens.modality)(projected[:, None]))
        return self.scores.chosen(tokens.modality)(hidden)[:, 0].softmax(dim=1)
