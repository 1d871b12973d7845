"""Neighborhood averages of short dialogues without gradients: features are mapped first, then averaged."""

from collections.abc import Sequence

import torch
from torch import Tensor

from graphmer.nn.length_groups import LengthGroup, length_groups
from graphmer.typing import Available

LONGEST = 256
"""Turns of the longest dialogue that is averaged so; time and memory grow with its square."""


def dense_averages(
    features: Sequence[Tensor],
    available: Available,
    speaker: Tensor,
    length: Tensor,
    decay: Sequence[Tensor],
    weight: Sequence[Tensor],
    prior: Tensor,
) -> Tensor:
    """Mapped averages of `NeighborhoodAverages`, equal to rounding.

    An average is a sum over turns and its map a sum over features, so that either may come first. Mapped
    features are narrow, and one product adds up all averages of a turn.

    Args:
        features: of each modality, zeros where it is missing.
        available: modalities of each turn.
        speaker: number of the speaker within the dialogue.
        length: turns of each dialogue.
        decay: weight of a turn (column) in each average of another one (row), as far as distance decides it;
            each is one average over the speaker's own turns and one over those of others.
        weight: map of the averages of each modality.
        prior: added to the sums of weights, for each modality.

    Shapes:
        features ``[N, D_m]``; available ``[N, M]``; speaker ``[N]``; length ``[B]``; decay ``[L, L]`` for the
        longest dialogue; weight ``[D, A * D_m]``; prior ``[M]``; returns ``[N, M, D]``.
    """
    averages, width = 2 * len(decay), weight[0].shape[0]
    mapped = [
        (rows @ matrix.view(width, averages, -1).permute(2, 1, 0).flatten(1)).view(-1, width)
        for rows, matrix in zip(features, weight, strict=True)
    ]
    there = available.to(mapped[0].dtype)
    found = mapped[0].new_empty(len(available), len(features), width)
    each = torch.arange(averages, device=speaker.device)[:, None]
    for group in length_groups(length):
        count, longest = group.row.shape
        near = _weights(group, speaker, decay)
        total = near.view(count, longest * averages, longest) @ there[group.row]
        share = torch.where(total > 1e-6, 1 / (total + prior).clamp_min(1e-6), 0.0)
        place = (group.row[:, None, :] * averages + each).flatten()
        rows = group.row[group.filled]
        for number, values in enumerate(mapped):
            scaled = near * share[..., number].view(count, longest, averages, 1)
            sums = scaled.flatten(2) @ values[place].view(count, averages * longest, width)
            found[rows, number] = sums[group.filled]
    return found


def _weights(group: LengthGroup, speaker: Tensor, decay: Sequence[Tensor]) -> Tensor:
    """Weight of each turn in each average, before they are divided, ``[S, L, A, L]``."""
    count, longest = group.row.shape
    number = speaker[group.row]
    filled = group.filled[:, None, :]
    own = (number[:, :, None] == number[:, None, :]) & filled
    near = decay[0].new_empty(count, longest, 2 * len(decay), longest)
    for place, each in enumerate(decay):
        part = each[:longest, :longest]
        torch.mul(part, own, out=near[:, :, 2 * place])
        torch.mul(part, filled & ~own, out=near[:, :, 2 * place + 1])
    return near
