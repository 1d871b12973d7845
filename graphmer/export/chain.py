"""Inference in the chain decoder without a loop over turns, as exported programs need it."""

from collections.abc import Callable

import torch
from torch import Tensor

from graphmer.nn.chain import ChainDecoder

LONGEST = 2**14
"""Turns of a dialogue that an exported chain decoder can decode."""

Reduce = Callable[[Tensor, int], Tensor]
"""Sum over an axis of log-weights, or their maximum."""


class ChainInference:
    """Inference of a `ChainDecoder` in the turns of one dialogue, by products of matrices.

    The recursions of the decoder are products of one matrix of log-weights ``[C, C]`` a turn, from the
    emotion of the speaker's previous turn to this one's. The matrices of all turns lie on one axis, speaker
    by speaker; that of a speaker's first turn has equal rows, so that nothing before it matters. The products
    up to each turn are computed by doubling (Hillis and Steele 1986): ``log2`` of `LONGEST` steps, which do
    not depend on any value, in place of as many as the longest chain has turns.

    Differences from `ChainDecoder`: the most probable sequence is the most probable emotion in the best
    sequence through each turn, which is the same unless two sequences are equally probable.

    Args:
        decoder: with its calibrated temperature.
        logits: of the emotions.
        speaker: number of each turn's speaker.

    Attributes:
        marginal: probability of each emotion, ``[N, C]``.
        best: emotions of the most probable sequence of each speaker, long ``[N]``.
        change: probability of a change since the speaker's previous turn, NaN at a first one, ``[N]``.

    Shapes:
        logits ``[N, C]``; speaker long ``[N]``.
    """

    def __init__(self, decoder: ChainDecoder, logits: Tensor, speaker: Tensor) -> None:
        order, first = by_speaker(speaker)
        place = order.argsort()
        transition = decoder.transition / decoder.temperature
        unary = decoder.potential(logits, _other(speaker))[order]
        start = decoder.start / decoder.temperature
        weight = torch.where(first[:, None, None], start, transition) + unary[:, None, :]
        filtered, ahead = _messages(weight, torch.logsumexp, causal=decoder.causal)
        before = filtered.roll(1, dims=0)
        pair = (before[:, :, None] + transition + (unary + ahead)[:, None, :]).flatten(1).softmax(dim=1)
        stays = pair.view(weight.shape).diagonal(dim1=1, dim2=2).sum(dim=1)
        self.marginal = (filtered + ahead).softmax(dim=1)[place]
        self.change = torch.where(first, torch.nan, 1 - stays)[place]
        best, best_ahead = _messages(weight, torch.amax, causal=decoder.causal)
        self.best = (best + best_ahead).argmax(dim=1)[place]


def by_speaker(speaker: Tensor) -> tuple[Tensor, Tensor]:
    """Turns ordered by speaker and time, and which of them are a speaker's first.

    Shapes:
        speaker long ``[N]``; returns long ``[N]`` and bool ``[N]``.
    """
    turn = torch.arange(speaker.shape[0], device=speaker.device)
    order = (speaker * speaker.shape[0] + turn).argsort()  # distinct numbers: no sort needs to be stable
    grouped = speaker[order]
    return order, (grouped != grouped.roll(1)) | (turn == 0)


def _other(speaker: Tensor) -> Tensor:
    """Latest earlier turn of another speaker, -1 where there is none, ``[N]``."""
    turn = torch.arange(speaker.shape[0], device=speaker.device)
    earlier = (speaker[:, None] != speaker) & (turn[:, None] > turn)
    return torch.where(earlier, turn, -1).amax(dim=1)


def _messages(weight: Tensor, reduce: Reduce, *, causal: bool) -> tuple[Tensor, Tensor]:
    """Log-weight of each emotion from the turns up to each, and from those after it, ``[N, C]``."""
    if causal:
        onward = _products(weight[:, None], reduce)[:, 0, 0]
        return onward, torch.zeros_like(onward)
    # the products from each turn on are those of the transposed matrices in reverse order, transposed
    both = _products(torch.stack([weight, weight.flip(0).transpose(1, 2)], dim=1), reduce)
    after = reduce(both[:, 1].flip(0), 1).roll(-1, dims=0)
    last = torch.arange(weight.shape[0], device=weight.device) == weight.shape[0] - 1
    return both[:, 0, 0], after.masked_fill(last[:, None], 0)


def _products(weight: Tensor, reduce: Reduce) -> Tensor:
    """Products of matrices ``[N, ..., C, C]`` up to each one, up to constants that keep numbers small."""
    place = torch.arange(weight.shape[0], device=weight.device)
    step = 1
    while step < LONGEST:
        first = weight[(place - step).clamp_min(0)]
        longer = reduce(first[..., None] + weight[..., None, :, :], -2)
        longer = longer - longer.amax(dim=(-2, -1), keepdim=True)
        weight = torch.where((place >= step)[:, None, None, None], longer, weight)
        step *= 2
    return weight
