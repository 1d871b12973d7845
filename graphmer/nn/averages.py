"""Neighborhood averages: features averaged over the turns of a dialogue before any layer."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from graphmer.dialogue import Dialogue
from graphmer.dialogue.speaker_share import speaker_shares
from graphmer.nn.cache import FeatureCache
from graphmer.typing import Available

REACH = 5.0
"""Decay lengths after which turns are left out of an average; they would weigh less than 0.7 %."""
SMALLEST_SHARE = 1e-3
"""Share of the variance that speakers are taken to explain at least; averages of less are as good as zero."""
SMALLEST_BLOCK = 16
"""Fewest turns that are averaged together; smaller blocks cost more in calls than they save."""


class NeighborhoodAverages(nn.Module):
    r"""Linear map of neighborhood averages of the features, by temporal order and speaker.

    For each modality, decay length :math:`s`, order (past or future) and speaker (that of the target turn, or
    all others), with :math:`P(i)` the turns of that order and speaker:

    .. math:: b_i = \frac{\sum_{j \in P(i)} e^{-|i - j| / s} x_j}{\sum_{j \in P(i)} e^{-|i - j| / s}}

    over the turns that have the modality, zero where there is none. The turn itself is one of its own
    speaker's. With :math:`s` infinite it is the plain mean over all earlier, or later, turns. Averages of
    features over typed neighborhoods are a graph convolution without weights and non-linearities (SGC, Wu et
    al. 2019), one average for each relation as in SIGN (Frasca et al. 2020); the decay is ours. The averages
    themselves have no parameters, so that few dialogues are enough.

    Time and memory are linear in the number of turns.

    Args:
        widths: features per modality, ``{m: D_m}``.
        width: ``D``.
        scales: decay lengths ``s`` in turns, ``None`` for infinity.
        causal: average no later turn.
        shrinkage: shrink the averages towards zero, as `fit` finds it right.

    Raises:
        ValueError: if there is no scale or one is not positive.
    """

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int,
        scales: Sequence[float | None],
        *,
        causal: bool = False,
        shrinkage: bool = False,
    ) -> None:
        super().__init__()
        if not scales or any(scale is not None and not scale > 0 for scale in scales):
            raise ValueError(
                "`neighborhood_averages` must be decay lengths in turns > 0, or None for no decay; "
                f"got {list(scales)}."
            )
        self.modalities = tuple(widths)
        self.scales = tuple(scales)
        self.causal = causal
        self.prior: Tensor | None
        self.register_buffer("prior", torch.zeros(len(widths)) if shrinkage else None)
        averages = (2 if causal else 4) * len(self.scales)
        self.maps = nn.ModuleList(
            nn.Linear(averages * columns, width, bias=False) for columns in widths.values()
        )

    @property
    def reach(self) -> int | None:
        """Turns to either side that are averaged; ``None`` for all."""
        finite = [_reach(scale) for scale in self.scales if scale is not None]
        return max(finite) if len(finite) == len(self.scales) else None

    def fit(self, dialogues: Sequence[Dialogue]) -> None:
        r"""Find out, with `shrinkage`, how far averages tell something about their speaker.

        An average over turns of total weight :math:`n` becomes :math:`n / (n + k)` times itself, with
        :math:`k = (1 - v) / v` and :math:`v` the share of the variance that the speakers explain: the best
        linear prediction of the speaker's mean (Robinson 1991, section 2). Voices differ, so that a few turns
        say how a voice sounds at other times. Words hardly do: only averages of many turns are of use.

        Args:
            dialogues: of the training part, standardised.
        """
        if self.prior is not None:
            shares = speaker_shares(dialogues)
            share = torch.tensor([shares[modality] for modality in self.modalities])
            share = share.clamp(SMALLEST_SHARE, 1)
            self.prior.copy_((1 - share) / share)

    def forward(
        self,
        features: Mapping[str, Tensor],
        available: Available,
        speaker: Tensor,
        batch: Tensor,
        cache: FeatureCache | None = None,
    ) -> Tensor:
        """Mapped averages of each turn and modality, whether the turn has the modality itself or not.

        Args:
            features: by modality; rows that are not available are not read.
            available: modalities of each turn.
            speaker: number of the speaker, compared for equality only.
            batch: dialogue of each turn.
            cache: features of the earlier turns of a single dialogue; the new ones are added to it.

        Shapes:
            features ``{m: [N, D_m]}``; available ``[N, M]``; speaker, batch long ``[N]``; returns
            ``[N, M, D]``.
        """
        masked = [
            torch.cat([features[m].where(has, 0), has], dim=1)
            for m, has in zip(self.modalities, available[:, :, None].unbind(1), strict=True)
        ]
        rows = torch.cat(masked, dim=1).float()
        new = len(rows)
        if cache is not None:
            rows, speaker = cache.extend(rows, speaker)
            batch = batch.new_zeros(len(rows))
        chain = batch * (speaker.max() + 1) + speaker
        with torch.no_grad(), torch.autocast(rows.device.type, enabled=False):
            sums = self._sums(rows, chain, batch)
            if not self.causal:
                later = self._sums(rows.flip(0), chain.flip(0), batch.flip(0))
                sums += [total.flip(0) for total in later]
            widths = [part.shape[1] for part in masked]
            split = [torch.split(total[-new:], widths, dim=1) for total in sums]
            prior = rows.new_zeros(len(widths)) if self.prior is None else self.prior
            means = [_means(parts, k) for parts, k in zip(zip(*split, strict=True), prior, strict=True)]
        return torch.stack([linear(mean) for linear, mean in zip(self.maps, means, strict=True)], dim=1)

    def _sums(self, rows: Tensor, chain: Tensor, batch: Tensor) -> list[Tensor]:
        """Weighted sums of the rows up to each one, its speaker's and the others', ``[N, F]`` each."""
        found: list[Tensor] = []
        for scale in self.scales:
            if scale is None:
                own, everybody = _running(rows, chain), _running(rows, batch)
                found += [own, everybody - own]
            else:
                found += _near(rows, chain, batch, scale)
        return found


def _reach(scale: float) -> int:
    return math.ceil(REACH * scale)


def _running(rows: Tensor, group: Tensor) -> Tensor:
    """Cumulative sum of the rows within each group."""
    order = torch.argsort(group, stable=True)
    summed = rows[order].double().cumsum(0)  # double: of many turns, whose differences matter
    counts = torch.unique_consecutive(group[order], return_counts=True)[1]
    before = pad(summed, (0, 0, 1, 0))[torch.cumsum(counts, 0) - counts]
    within = summed - before.repeat_interleave(counts, dim=0)
    return torch.empty_like(rows).index_copy_(0, order, within.to(rows.dtype))


def _near(rows: Tensor, chain: Tensor, batch: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Sums with decay over the rows up to each one, over its speaker's rows and over the others'.

    A block of turns reads itself and the block before it, which covers every turn within reach; later turns,
    turns too far away and those of other dialogues have weight zero.
    """
    count, reach = len(rows), _reach(scale)
    block = max(reach, SMALLEST_BLOCK)
    blocks = -(-count // block)
    filling = blocks * block - count

    def targets(values: Tensor) -> Tensor:
        return pad(values, (0, filling), value=-1).view(blocks, block, 1)

    def sources(values: Tensor) -> Tensor:
        return pad(values, (block, filling), value=-2).unfold(0, 2 * block, block)[:, None, :]

    place = torch.arange(block, device=rows.device)
    distance = place[:, None] + block - torch.arange(2 * block, device=rows.device)
    near = (distance >= 0) & (distance <= reach)
    decay = torch.exp(-distance.clamp_min(0) / scale) * near
    everybody = decay * (targets(batch) == sources(batch))
    own = everybody * (targets(chain) == sources(chain))
    windows = pad(rows, (0, 0, block, filling)).unfold(0, 2 * block, block).transpose(1, 2)
    both = torch.cat([own, everybody - own], dim=1) @ windows
    mine, others = (part.reshape(-1, rows.shape[1])[:count] for part in both.chunk(2, dim=1))
    return mine, others


def _means(sums: Sequence[Tensor], prior: Tensor) -> Tensor:
    """Means from sums of features, whose last column is the sum of weights, side by side.

    The prior is added to the sums of weights. Zero where the sum of weights is zero.
    """
    count, columns = sums[0].shape
    means = sums[0].new_empty(count, len(sums), columns - 1)
    for place, total in enumerate(sums):
        weight = total[:, -1:]
        share = torch.where(weight > 1e-6, 1 / (weight + prior).clamp_min(1e-6), 0.0)
        torch.mul(total[:, :-1], share, out=means[:, place])
    return means.flatten(1)
