"""Fully connected encoders of single utterances, one for each modality."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def hidden_layers(inputs: int, width: int, dropout: float) -> list[nn.Module]:
    """Two fully connected layers, each with ReLU and dropout.

    Args:
        inputs: width of the input.
        width: width of both layers.
        dropout: dropout probability.
    """
    sizes = ((inputs, width), (width, width))
    return [layer for size in sizes for layer in (nn.Linear(*size), nn.ReLU(), nn.Dropout(dropout))]


class ModalityEncoder(nn.Sequential):
    """Three fully connected layers, with ReLU and dropout between them.

    Args:
        inputs: features of the modality.
        width: width of each layer.
        dropout: dropout probability.
    """

    def __init__(self, inputs: int, width: int, dropout: float) -> None:
        super().__init__(*hidden_layers(inputs, width, dropout), nn.Linear(width, width))


class ModalityEncoders(nn.Module):
    """A `ModalityEncoder` for each modality.

    Args:
        widths: features per modality.
        width: width ``W`` of each embedding.
        dropout: dropout probability.
    """

    def __init__(self, widths: Mapping[str, int], width: int, dropout: float) -> None:
        super().__init__()
        self.encoder = nn.ModuleDict({m: ModalityEncoder(d, width, dropout) for m, d in widths.items()})

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        """Embedding of each modality.

        Shapes:
            features ``{m: [N, D_m]}``; returns ``[N, M, W]``.
        """
        return torch.stack([encoder(features[m]) for m, encoder in self.encoder.items()], dim=1)
