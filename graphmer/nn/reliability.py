"""Reliability: an estimate of which modalities of a turn are damaged."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, gelu, pad

from graphmer.dialogue import Dialogue
from graphmer.graph import DialogueGraph
from graphmer.nn.agreement import Agreement
from graphmer.nn.dropout import Dropout
from graphmer.typing import Available

COMPONENTS = 64
"""Most principal components of a modality; the rest of the features is what they do not explain."""
ENCODING = 32
"""Width of the encoding of each modality."""
HIDDEN = 64
"""Width of the layer that reads all encodings."""
STATISTICS = 6
"""Statistics of each vector of features."""


class ReliabilityHead(nn.Module):
    """Logit for each modality of a turn that its features are not damaged.

    It reads an encoding of each modality, statistics of its features (energy within and outside the principal
    components of the training part, largest value, share of zeros, distance from the turn before), and the
    `Agreement` of every two modalities: of features that are good in themselves but belong to another
    turn, only the other modalities can tell. What it finds at a turn is joined with its mean over the
    dialogue.

    Args:
        widths: features per modality, ``{m: D_m}``.
        dropout: dropout probability of encodings and hidden layer.
        causal: leave the mean over the dialogue out.
    """

    def __init__(self, widths: Mapping[str, int], dropout: float, *, causal: bool = False) -> None:
        super().__init__()
        count = len(widths)
        self.modalities = tuple(widths)
        self.causal = causal
        for m, width in enumerate(widths.values()):
            self.register_buffer(f"principal_{m}", torch.zeros(width, max(1, min(COMPONENTS, width // 2))))
        self.encoders = nn.ModuleList(nn.Linear(width, ENCODING) for width in widths.values())
        self.dropout = Dropout(dropout)
        read = count * (ENCODING + STATISTICS + 1) + count * (count - 1) // 2
        self.hidden = nn.Linear(read, HIDDEN)
        self.output = nn.Linear(HIDDEN if causal else 2 * HIDDEN, count)

    def fit(self, dialogues: Sequence[Dialogue]) -> None:
        """Principal components of each modality.

        Args:
            dialogues: of the training part, standardised.
        """
        for m, modality in enumerate(self.modalities):
            rows = torch.cat([d.features[modality][d.available[:, m]].double() for d in dialogues])
            principal = self.get_buffer(f"principal_{m}")
            vectors = torch.linalg.eigh(rows.T @ rows / max(1, len(rows)))[1]
            principal.copy_(vectors[:, -principal.shape[1] :])

    def forward(
        self,
        agreement: Agreement,
        features: Mapping[str, Tensor],
        available: Available,
        batch: Tensor,
    ) -> Tensor:
        """Logits of being undamaged ``[N, M]``; without meaning where a modality is missing.

        Args:
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
            read.append(self._statistics(m, rows, has, batch) * has[:, None])
        for (first, second), components in agreement.components(filled).items():
            both = available[:, first] & available[:, second]
            information = agreement.information((first, second), *components).clamp(-10, 10)
            read.append(information.where(both, 0)[:, None])
        state = self.dropout(gelu(self.hidden(torch.cat(read, dim=1))))
        logits: Tensor = self.output(state if self.causal else torch.cat([state, _mean(state, batch)], dim=1))
        return logits

    def _statistics(self, m: int, rows: Tensor, has: Tensor, batch: Tensor) -> Tensor:
        """Statistics of the features of one modality, ``[N, 6]``."""
        square = rows.square().mean(dim=1)
        principal = self.get_buffer(f"principal_{m}")
        within = (rows @ principal).square().sum(dim=1) / rows.shape[1]
        largest = rows.abs().amax(dim=1)
        apart = pad((rows[1:] - rows[:-1]).square().mean(dim=1), (1, 0))
        follows = pad((batch[1:] == batch[:-1]) & has[1:] & has[:-1], (1, 0))
        logs = torch.stack([square, within, (square - within).clamp_min(0), largest], dim=1)
        zeros = (rows.abs() < 1e-6).float().mean(dim=1, keepdim=True)
        distance = (apart + 1e-4).log().where(follows, 0)[:, None]
        return torch.cat([(logs + 1e-4).log(), zeros, distance], dim=1)


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
