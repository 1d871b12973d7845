"""The model once more, the slow way: padded dialogues, every expert on every modality, masks everywhere.

It shares the weights of an `EmotionModel` and nothing else of its code: what is missing is computed from
zeros, masked as a key, and zeroed in the end. In training mode it drops out where the model does, by draws of
its own.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import dropout, gelu, layer_norm, linear


def attend(layer, state: Tensor, there: Tensor) -> Tensor:
    """Self-attention ``[B, L, D]`` to the positions that are there ``[B, L]``, one head at a time."""
    width, heads = state.shape[2], layer.heads
    query, key, value = linear(state, layer.query_key_value.weight, layer.query_key_value.bias).split(
        width, dim=2
    )
    length = state.shape[1]
    mask = there[:, None, :].expand(-1, length, -1)
    if layer.causal:
        mask = mask & torch.ones(length, length, dtype=torch.bool).tril()
    said = []
    for head in range(heads):
        part = slice(head * width // heads, (head + 1) * width // heads)
        score = query[..., part] @ key[..., part].transpose(1, 2) / math.sqrt(width / heads)
        # nobody to hear gives zero, not NaN; shifting by any constant leaves a softmax as it is
        power = torch.exp(score - score.detach().amax(dim=2, keepdim=True)) * mask
        total = power.sum(dim=2, keepdim=True)
        said.append(power / torch.where(total > 0, total, 1.0) @ value[..., part])
    return torch.cat(said, dim=2)


def dropped(layer, state: Tensor) -> Tensor:
    return dropout(state, layer.p, layer.training)


def feed_forward(layer, state: Tensor) -> Tensor:
    """Of an expert or a router."""
    first, second = layer[0], layer[3]
    hidden = dropped(layer[2], gelu(linear(state, first.weight, first.bias)))
    return dropped(layer[4], linear(hidden, second.weight, second.bias))


def normed(norm, state: Tensor) -> Tensor:
    return layer_norm(state, state.shape[-1:], norm.weight, norm.bias)


def expert(network, state: Tensor, there: Tensor) -> Tensor:
    """All layers of one expert, of either block."""
    for layer in network.layers:
        if hasattr(layer, "norm_attention"):
            heard = attend(layer.attention, normed(layer.norm_attention, state), there)
            state = state + dropped(layer.dropout, linear(heard, layer.output.weight, layer.output.bias))
            state = state + feed_forward(layer.feed_forward, normed(layer.norm_feed_forward, state))
        else:
            heard = attend(layer.attention, state, there)
            state = state + heard + feed_forward(layer.feed_forward, heard)
    return state


def turn_code(length: int, width: int) -> Tensor:
    """Sine and cosine in turn, by the formula."""
    code = torch.zeros(length, width)
    for turn in range(length):
        for i in range(0, width, 2):
            angle = turn / 10_000 ** (i / width)
            code[turn, i], code[turn, i + 1] = math.sin(angle), math.cos(angle)
    return code


class Padded:
    """A batch of graphs as ``[B, L, ...]``."""

    def __init__(self, mixture, batch) -> None:
        self.mixture = mixture
        self.rows = [torch.nonzero(batch.batch == number).squeeze(1) for number in range(batch.num_graphs)]
        self.longest = max(len(rows) for rows in self.rows)
        self.available = self.padded(batch.available)
        self.projected = [
            self._project(number, batch[modality]) for number, modality in enumerate(mixture.modalities)
        ]

    def padded(self, rows: Tensor) -> Tensor:
        grid = rows.new_zeros(len(self.rows), self.longest, *rows.shape[1:])
        for number, chosen in enumerate(self.rows):
            grid[number, : len(chosen)] = rows[chosen]
        return grid

    def ragged(self, grid: Tensor) -> Tensor:
        return torch.cat([grid[number, : len(rows)] for number, rows in enumerate(self.rows)])

    def _project(self, number: int, features: Tensor) -> Tensor:
        there = self.available[:, :, number]
        layer = self.mixture.projections[number]
        projected = linear(self.padded(features) * there[..., None], layer.weight, layer.bias)
        projected = dropped(self.mixture.dropout, projected)
        return (
            projected + turn_code(self.longest, projected.shape[2]) if self.mixture.positions else projected
        )


def mixture_forward(mixture, batch) -> tuple[Tensor, Tensor]:
    """Embedding ``[N, M * D]`` and router weights ``[N, M, M]``, by ``M * M`` expert passes."""
    padded = Padded(mixture, batch)
    embeddings, weights = [], []
    for number, projected in enumerate(padded.projected):
        there = padded.available[:, :, number]
        weight = feed_forward(mixture.routers[number].scores, projected).softmax(dim=2)
        said = torch.stack([expert(network, projected, there) for network in mixture.experts], dim=3)
        mixed = (said * weight[:, :, None, :]).sum(dim=3)
        embeddings.append(mixed * there[..., None])
        weights.append(weight * there[..., None])
    return padded.ragged(torch.cat(embeddings, dim=2)), padded.ragged(torch.stack(weights, dim=2))


def model_forward(model, batch) -> Tensor:
    """Emotion logits ``[N, C]`` of a model without message passing."""
    state, _ = mixture_forward(model.network.mixture, batch)
    joint = torch.relu(linear(state, model.network.joint.linear.weight, model.network.joint.linear.bias))
    state = state + dropped(model.network.joint.dropout, joint)
    return linear(state, model.network.emotion.weight, model.network.emotion.bias)


def unimodal_forward(model, batch) -> list[Tensor]:
    """Logits of each modality by its own expert, where it is there."""
    padded = Padded(model.network.mixture, batch)
    logits = []
    for number, projected in enumerate(padded.projected):
        there = padded.available[:, :, number]
        state = expert(model.network.mixture.experts[number], projected, there)
        head = model.network.unimodal_heads[number]
        logits.append(linear(padded.ragged(state)[padded.ragged(there)], head.weight, head.bias))
    return logits
