"""Attention between the modalities of an utterance."""

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from graphmer.nn.dropout import Dropout


class FusionLayer(nn.Module):
    """Pre-norm transformer layer over the ``M`` tokens of an utterance, each of another modality.

    ``h = x + Attention(norm(x))``, ``y = h + W_2 ReLU(W_1 norm(h))``.

    Args:
        width: of the tokens.
        heads: attention heads, a divisor of the width.
        dropout: probability on what each half adds.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_layers = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.layers = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))
        self.dropout = Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens ``[N, M, W]`` after attention to each other."""
        qkv = self.qkv(self.before_attention(tokens)).unflatten(2, (3, self.heads, -1))
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        attended = scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        tokens = tokens + self.dropout(self.out(attended))
        return tokens + self.dropout(self.layers(self.before_layers(tokens)))


class ModalityFusion(nn.Module):
    """Transformer over one token for each modality of an utterance, and the concatenation of its output.

    Every modality needs a token; what is missing has to be imagined before.

    Args:
        modalities: their number ``M``.
        width: ``W`` of the tokens.
        heads: attention heads, a divisor of the width.
        depth: number of layers.
        dropout: dropout probability.

    Attributes:
        width: ``D = M W`` of the output.

    Raises:
        ValueError: if `heads` does not divide the width.
    """

    def __init__(self, modalities: int, width: int, heads: int, depth: int, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"`width` must be a multiple of `heads`; got {width} and {heads}.")
        self.width = modalities * width
        self.modality = nn.Parameter(0.02 * torch.randn(modalities, width))
        self.layers = nn.ModuleList(FusionLayer(width, heads, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Joint states ``[N, D]`` of tokens ``[N, M, W]``, in the order of the modalities."""
        state = tokens + self.modality
        for layer in self.layers:
            state = layer(state)
        return self.norm(state).flatten(1)
