"""Cascade of autoencoders that imagines the embeddings of missing modalities (MMIN, IF-MMIN, CIF-MMIN)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class CascadeOutput:
    """Output of a cascade.

    Attributes:
        codes: codes of all autoencoders, side by side, ``[N, B * K]``.
        imagined: ``[N, D]``.
    """

    codes: Tensor
    imagined: Tensor


def _layers(sizes: Sequence[int], activation: type[nn.Module]) -> nn.Sequential:
    """Fully connected layers of these sizes, with an activation after each but the last."""
    layers = [layer for size in pairwise(sizes) for layer in (nn.Linear(*size), activation())]
    return nn.Sequential(*layers[:-1])


class CascadeAE(nn.Module):
    """Cascade of ``B`` autoencoders, each of which reads what the ones before it made.

    ``z_k = enc_k(u_k)``, ``o_k = dec_k(z_k)`` and ``x' = W_2 ReLU(W_1 v)``. There are two modes:
    *residual* (MMIN) has ``u_1 = x`` and ``u_{k+1} = u_k + o_k``; *inject* (IF-MMIN, CIF-MMIN) adds a
    feature ``s`` to the input of each autoencoder, ``u_1 = x + s`` and ``u_{k+1} = o_k + s``. The last
    transformation reads ``v = u_B + o_B``, or ``v = o_B`` without a skip connection.

    Args:
        width: ``D`` of input and output.
        hidden: widths of the layers of an encoder; the last one is ``K`` of its code. A decoder mirrors it.
        blocks: number of autoencoders ``B``.
        skip: whether the last transformation also reads the input of the last autoencoder.
    """

    def __init__(self, width: int, hidden: Sequence[int], blocks: int, *, skip: bool = True) -> None:
        super().__init__()
        sizes = (width, *hidden)
        self.encoders = nn.ModuleList(_layers(sizes, nn.LeakyReLU) for _ in range(blocks))
        self.decoders = nn.ModuleList(_layers(sizes[::-1], nn.ReLU) for _ in range(blocks))
        self.transform = _layers((width, width, width), nn.ReLU)
        self.skip = skip

    def forward(self, inputs: Tensor, injected: Tensor | None = None) -> CascadeOutput:
        """Codes and imagined features.

        Args:
            inputs: ``x``.
            injected: ``s`` of the mode *inject*; the mode is *residual* without it.

        Shapes:
            inputs, injected ``[N, D]``.
        """
        following = inputs if injected is None else inputs + injected
        current, output, codes = inputs, inputs, []
        for encode, decode in zip(self.encoders, self.decoders, strict=True):
            current = following
            codes.append(encode(current))
            output = decode(codes[-1])
            following = output + (current if injected is None else injected)
        last = current + output if self.skip else output
        return CascadeOutput(torch.cat(codes, dim=1), self.transform(last))
