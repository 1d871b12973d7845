"""Reliability: an estimate of which modalities of a turn are damaged."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, gelu, pad

from graphmer.dialogue import Dialogue
from graphmer.graph import DialogueGraph
from graphmer.nn.agreement import Agreement
from graphmer.nn.dropout import Dropout
from graphmer.nn.spectrum import Spectrum
from graphmer.typing import Available

ENCODING = 32
"""Width of the encoding of each modality."""
HIDDEN = 64
"""Width of the layer that reads all encodings."""
STATISTICS = 5
"""Statistics of each vector of features."""
FARTHEST = 8.0
"""Standard deviations from their mean beyond which statistics are clipped."""


class ReliabilityHead(nn.Module):
    """Logit for each modality of a turn that its features are not damaged.

    It reads an encoding of each modality, statistics of its features, and the `Agreement` of every two
    modalities: of features that are good in themselves but belong to another turn, only the other modalities
    can tell. The statistics are the energies of the `Spectrum`, the largest value, the share of zeros and the
    distance from the turn before, each above and below its mean in training deviations. What it finds at
    a turn is joined with its mean over the dialogue.

    Args:
        widths: features per modality, ``{m: D_m}``.
        causal: leave the mean over the dialogue out.
    """

    def __init__(self, widths: Mapping[str, int], *, causal: bool = False) -> None:
        super().__init__()
        count = len(widths)
        self.modalities = tuple(widths)
        self.causal = causal
        self.register_buffer("mean", torch.zeros(count, STATISTICS))
        self.register_buffer("deviation", torch.ones(count, STATISTICS))
        self.encoders = nn.ModuleList(nn.Linear(width, ENCODING) for width in widths.values())
        self.dropout = Dropout(0.5)
        read = count * (ENCODING + 2 * STATISTICS + 1) + count * (count - 1) // 2
        self.hidden = nn.Linear(read, HIDDEN)
        self.output = nn.Linear(HIDDEN if causal else 2 * HIDDEN, count)

    def fit(self, spectra: Sequence[Spectrum], dialogues: Sequence[Dialogue]) -> None:
        """Mean and deviation of the statistics.

        Args:
            spectra: fitted to the modalities.
            dialogues: of the training part, standardised.
        """
        for m, modality in enumerate(self.modalities):
            found = []
            for dialogue in dialogues:
                has = dialogue.available[:, m]
                rows = dialogue.features[modality].where(has[:, None], 0)
                batch = torch.zeros(len(dialogue), dtype=torch.long)
                found.append(_statistics(spectra[m], rows, has, batch)[has])
            every = torch.cat(found)
            if len(every) > 1:
                self.get_buffer("mean")[m] = every.mean(dim=0)
                self.get_buffer("deviation")[m] = every.std(dim=0).clamp_min(0.01)

    def forward(
        self,
        spectra: Sequence[Spectrum],
        agreement: Agreement,
        features: Mapping[str, Tensor],
        available: Available,
        batch: Tensor,
    ) -> Tensor:
        """Logits of being undamaged ``[N, M]``; without meaning where a modality is missing.

        Args:
            spectra: fitted to the modalities.
            agreement: fitted to the modalities.
            features: by modality; rows that are not available are not read.
            available: modalities of each turn.
            batch: dialogue of each turn, ascending.

        Shapes:
            features ``{m: [N, D_m]}``; available ``[N, M]``; batch ``[N]``.
        """
        filled = {m: features[m].where(has[:, None], 0) for m, has in zip(features, available.T, strict=True)}
        read = [available.float()]
        for m, (modality, encoder) in enumerate(zip(self.modalities, self.encoders, strict=True)):
            rows, has = filled[modality].float(), available[:, m]
            read.append(self.dropout(gelu(encoder(rows))) * has[:, None])
            statistics = _statistics(spectra[m], rows, has, batch) - self.get_buffer("mean")[m]
            apart = (statistics / self.get_buffer("deviation")[m]).clamp(-FARTHEST, FARTHEST) * has[:, None]
            read += [apart.clamp_min(0), apart.clamp_max(0)]
        for (first, second), components in agreement.components(filled).items():
            both = available[:, first] & available[:, second]
            information = agreement.information((first, second), *components).clamp(-10, 10)
            read.append(information.where(both, 0)[:, None])
        state = gelu(self.hidden(torch.cat(read, dim=1)))
        logits: Tensor = self.output(state if self.causal else torch.cat([state, _mean(state, batch)], dim=1))
        return logits


def _statistics(spectrum: Spectrum, rows: Tensor, has: Tensor, batch: Tensor) -> Tensor:
    """Statistics of the features of one modality, ``[N, 5]``."""
    distance = pad((rows[1:] - rows[:-1]).square().mean(dim=1), (1, 0))
    follows = pad((batch[1:] == batch[:-1]) & has[1:] & has[:-1], (1, 0))
    energy = (torch.cat([spectrum.energy(rows), rows.abs().amax(dim=1, keepdim=True)], dim=1) + 1e-4).log()
    zeros = (rows.abs() < 1e-6).float().mean(dim=1, keepdim=True)
    distance = (distance + 1e-4).log().where(follows, 0.0)[:, None]
    return torch.cat([energy, zeros, distance], dim=1)


def _mean(state: Tensor, batch: Tensor) -> Tensor:
    """Mean over the turns of each dialogue, for each of its turns."""
    dialogues = int(batch[-1]) + 1
    total = state.new_zeros(dialogues, state.shape[1]).index_add_(0, batch, state)
    return (total / torch.bincount(batch, minlength=dialogues)[:, None])[batch]


def reliability_loss(logits: Tensor, graph: DialogueGraph) -> Tensor:
    """Binary cross-entropy of the reliability of available modalities; zero where there are none.

    Args:
        logits: of being undamaged, ``[N, M]``.
        graph: a batch with ``damaged``.
    """
    seen = graph.available
    target = (~graph.damaged).to(logits.dtype)
    total = binary_cross_entropy_with_logits(logits[seen], target[seen], reduction="sum")
    return total / seen.sum().clamp_min(1)
