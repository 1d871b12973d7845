"""What the speaker of each turn, and the others, show around it: features averaged before any layer."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from graphmer.nn.cache import FeatureCache
from graphmer.typing import Available

REACH = 5.0
"""Turns further away than so many decay lengths are not heard; they would weigh less than 0.7 %."""
SMALLEST_BLOCK = 16
"""Fewest turns that are averaged together; smaller blocks cost more in calls than they save."""


class NeighborhoodAverages(nn.Module):
    r"""A linear map of the averaged features of the turns around each turn, by order and party.

    For each modality, decay length :math:`s`, order (past or future) and party (the listener's own speaker,
    or everybody else), with :math:`P(i)` the turns of that order and party:

    .. math:: b_i = \frac{\sum_{j \in P(i)} e^{-|i - j| / s} x_j}{\sum_{j \in P(i)} e^{-|i - j| / s}}

    over those that have the modality, zero where there is none. The turn itself is among those of its own
    speaker. With :math:`s` infinite it is the plain mean over all turns before, or after. Features averaged
    over typed neighbourhoods before the network are what a graph convolution is without weights and
    non-linearities (SGC, Wu et al. 2019), one average for each relation as in SIGN (Frasca et al. 2020); the
    decay is ours. Averages have nothing to learn, so that few dialogues are enough for them.

    Time and memory are linear in the number of turns.

    Args:
        widths: features per modality, ``{m: D_m}``.
        width: ``D``.
        scales: decay lengths ``s`` in turns, ``None`` for infinity.
        causal: hear no later turn.

    Raises:
        ValueError: if there is no scale or one is not positive.
    """

    def __init__(
        self, widths: Mapping[str, int], width: int, scales: Sequence[float | None], *, causal: bool = False
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
        averages = (2 if causal else 4) * len(self.scales)
        self.maps = nn.ModuleList(
            nn.Linear(averages * columns, width, bias=False) for columns in widths.values()
        )

    @property
    def reach(self) -> int | None:
        """Turns to either side that are heard; ``None`` for all."""
        finite = [_reach(scale) for scale in self.scales if scale is not None]
        return max(finite) if len(finite) == len(self.scales) else None

    def forward(
        self,
        features: Mapping[str, Tensor],
        available: Available,
        speaker: Tensor,
        batch: Tensor,
        memory: FeatureCache | None = None,
    ) -> Tensor:
        """What is shown around each turn, whether it has the modality itself or not.

        Args:
            features: by modality; those that are not available are not read.
            available: which ones a turn has.
            speaker: who speaks, compared for equality only.
            batch: dialogue of each turn.
            memory: earlier turns of the one dialogue that goes on; the new ones are remembered.

        Shapes:
            features ``{m: [N, D_m]}``; available ``[N, M]``; speaker, batch long ``[N]``; returns
            ``[N, M, D]``.
        """
        shown = [
            torch.cat([features[m].where(has, 0), has], dim=1)
            for m, has in zip(self.modalities, available[:, :, None].unbind(1), strict=True)
        ]
        rows = torch.cat(shown, dim=1).float()
        new = len(rows)
        if memory is not None:
            rows, speaker = memory.with_new(rows, speaker)
            batch = batch.new_zeros(len(rows))
        chain = batch * (speaker.max() + 1) + speaker
        with torch.no_grad(), torch.autocast(rows.device.type, enabled=False):
            sums = self._sums(rows, chain, batch)
            if not self.causal:
                later = self._sums(rows.flip(0), chain.flip(0), batch.flip(0))
                sums += [total.flip(0) for total in later]
            widths = [part.shape[1] for part in shown]
            split = [torch.split(total[-new:], widths, dim=1) for total in sums]
            means = [_means(parts) for parts in zip(*split, strict=True)]
        return torch.stack([linear(mean) for linear, mean in zip(self.maps, means, strict=True)], dim=1)

    def _sums(self, rows: Tensor, chain: Tensor, batch: Tensor) -> list[Tensor]:
        """Weighted sums of the rows up to each one, of its chain and of others, ``[N, F]`` each."""
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
    """Sum of the rows of each one's group up to it."""
    order = torch.argsort(group, stable=True)
    summed = rows[order].double().cumsum(0)  # double: of many turns, whose differences matter
    counts = torch.unique_consecutive(group[order], return_counts=True)[1]
    before = pad(summed, (0, 0, 1, 0))[torch.cumsum(counts, 0) - counts]
    within = summed - before.repeat_interleave(counts, dim=0)
    return torch.empty_like(rows).index_copy_(0, order, within.to(rows.dtype))


def _near(rows: Tensor, chain: Tensor, batch: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Sums with decay over the rows up to each one, of its chain and of others.

    A block of turns looks at itself and at the block before it, so that nothing within reach is lost; what is
    later, too far or of another dialogue weighs nothing.
    """
    count, reach = len(rows), _reach(scale)
    block = max(reach, SMALLEST_BLOCK)
    blocks = -(-count // block)
    filling = blocks * block - count

    def asking(values: Tensor) -> Tensor:
        return pad(values, (0, filling), value=-1).view(blocks, block, 1)

    def asked(values: Tensor) -> Tensor:
        return pad(values, (block, filling), value=-2).unfold(0, 2 * block, block)[:, None, :]

    place = torch.arange(block, device=rows.device)
    distance = place[:, None] + block - torch.arange(2 * block, device=rows.device)
    heard = (distance >= 0) & (distance <= reach)
    decay = torch.exp(-distance.clamp_min(0) / scale) * heard
    everybody = decay * (asking(batch) == asked(batch))
    own = everybody * (asking(chain) == asked(chain))
    windows = pad(rows, (0, 0, block, filling)).unfold(0, 2 * block, block).transpose(1, 2)
    both = torch.cat([own, everybody - own], dim=1) @ windows
    mine, others = (part.reshape(-1, rows.shape[1])[:count] for part in both.chunk(2, dim=1))
    return mine, others


def _means(sums: Sequence[Tensor]) -> Tensor:
    """Sums of features, with that of the weights in the last column, as means side by side.

    Zero where there is no weight.
    """
    count, columns = sums[0].shape
    means = sums[0].new_empty(count, len(sums), columns - 1)
    for place, total in enumerate(sums):
        weight = total[:, -1:]
        share = torch.where(weight > 1e-6, 1 / weight.clamp_min(1e-6), 0.0)
        torch.mul(total[:, :-1], share, out=means[:, place])
    return means.flatten(1)
