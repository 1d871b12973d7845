"""Losses that align the representations of two modalities."""

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize


def cmd(one: Tensor, other: Tensor, order: int = 5) -> Tensor:
    """Central moment discrepancy of two samples (Zellinger et al., ICLR 2017).

    ``CMD_K(P, Q) = ||mean(P) - mean(Q)|| + sum_{k=2..K} ||M_k(P) - M_k(Q)||``, where ``M_k`` is the central
    moment of order k of each coordinate. Zero, with zero gradient, where a sample is empty.

    Differences from the paper: no division by powers of the width of the interval, as in IF-MMIN.

    Args:
        one: sample of P.
        other: sample of Q.
        order: highest order ``K``.

    Shapes:
        one ``[N, D]``; other ``[L, D]``; returns a scalar.
    """
    if not len(one) or not len(other):
        return one.sum() * 0 + other.sum() * 0
    means = one.mean(dim=0), other.mean(dim=0)
    centered = one - means[0], other - means[1]
    moments = [centered[0].pow(k).mean(dim=0) - centered[1].pow(k).mean(dim=0) for k in range(2, order + 1)]
    return torch.linalg.vector_norm(torch.stack([means[0] - means[1], *moments]), dim=1).sum()


def decoupled_nce(one: Tensor, other: Tensor, scale: float = math.e) -> Tensor:
    """Decoupled contrastive loss of two views (Yeh et al., ECCV 2022), symmetric.

    ``l(p, q) = mean_i(-log(exp(t p_i.q_i) / sum_{j != i} exp(t p_i.q_j)))`` for normalised rows, and the
    loss is ``(l(p, q) + l(q, p)) / 2``. The positive pair is not in the denominator, so that the loss may be
    negative. Zero, with zero gradient, where there are fewer than two pairs.

    Args:
        one: first view of each utterance.
        other: second view of the same utterances.
        scale: ``t``, the inverse temperature; e in CIF-MMIN.

    Shapes:
        one, other ``[N, D]``; returns a scalar.
    """
    if len(one) < 2:
        return one.sum() * 0 + other.sum() * 0
    similarity = scale * normalize(one, dim=1) @ normalize(other, dim=1).T
    itself = torch.eye(len(one), dtype=torch.bool, device=one.device)
    negatives = similarity.masked_fill(itself, -torch.inf)
    positive = similarity.diagonal()
    return (0.5 * (negatives.logsumexp(dim=1) + negatives.logsumexp(dim=0)) - positive).mean()
