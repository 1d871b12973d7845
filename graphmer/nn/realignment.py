"""Realignment of modalities that are some turns late."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from graphmer.nn.agreement import Agreement
from graphmer.typing import Available

EVIDENCE = 3.0
"""Evidence in nats, odds of 20 to 1, from which on a modality is taken to be late."""


@dataclass(frozen=True, eq=False)
class Realigned:
    """Features whose delay has been undone.

    Attributes:
        features: by modality, ``{m: [N, D_m]}``.
        available: bool ``[N, M]``.
        lag: turns by which a modality was late in the dialogue of each turn, long ``[N, M]``.
    """

    features: Mapping[str, Tensor]
    available: Available
    lag: Tensor


@torch.no_grad()
def realigned(
    agreement: Agreement, features: Mapping[str, Tensor], available: Available, batch: Tensor, most: int
) -> Realigned:
    r"""Find the modality of each dialogue that is late by some turns, if any, and undo its delay.

    The evidence that modality :math:`m` is :math:`k` turns late is how much better the other modalities of
    each turn agree with the features :math:`k` turns later than with the turn's own,

    .. math:: \sum_i \sum_{o \ne m} I(x^m_{i + k}, x^o_i) - I(x^m_i, x^o_i)

    with :math:`I` the pointwise mutual information of `Agreement`, over the turns that have all three. From
    3 nats on, each turn gets the features of :math:`k` turns later; the last turns lose the modality.

    Args:
        agreement: fitted to the modalities.
        features: by modality; rows that are not available are not read.
        available: modalities of each turn.
        batch: dialogue of each turn, ascending.
        most: largest lag, in turns.

    Shapes:
        features ``{m: [N, D_m]}``; available ``[N, M]``; batch ``[N]``.
    """
    count, modalities = available.shape
    filled = {m: features[m].where(has[:, None], 0) for m, has in zip(features, available.T, strict=True)}
    evidence = available.new_zeros(int(batch[-1]) + 1, modalities, most, dtype=torch.float)
    for pair, components in agreement.components(filled).items():
        own = agreement.information(pair, *components)
        for turns in range(1, min(most, count - 1) + 1):
            together = batch[turns:] == batch[:-turns]
            for side, column in enumerate(pair):
                moved = [part[turns:] if s == side else part[:-turns] for s, part in enumerate(components)]
                gained = agreement.information(pair, *moved) - own[:-turns]
                seen = together & available[turns:, column] & available[:-turns, pair].all(dim=1)
                evidence[:, column, turns - 1].index_add_(0, batch[:-turns], gained.where(seen, 0).float())
    strongest, found = evidence.flatten(1).max(dim=1)
    columns = torch.arange(modalities, device=batch.device)
    late = (strongest >= EVIDENCE)[:, None] & (found[:, None] // most == columns)
    lag = (found[:, None] % most + 1).where(late, 0)[batch]
    return _moved(features, available, batch, lag)


def _moved(features: Mapping[str, Tensor], available: Available, batch: Tensor, lag: Tensor) -> Realigned:
    if not lag.any():
        return Realigned(features, available, lag)
    source = torch.arange(len(batch), device=batch.device)[:, None] + lag
    inside = source < len(batch)
    source = source.clamp_max(len(batch) - 1)
    inside &= batch[source] == batch[:, None]
    found = {m: rows[source[:, column]] for column, (m, rows) in enumerate(features.items())}
    return Realigned(found, available.gather(0, source) & inside, lag)
