"""Missing pattern of a turn as evidence of its emotion: what was recorded, and what was lost."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.graph import DialogueGraph

UNKNOWN = 0.2
"""Share of the dialogues whose pattern is hidden in training, so that the network can do without it."""

PRIOR = 10.0
"""Turns, at the rate of the whole training part, that are added to the counts of each class."""


class MissingPattern(nn.Module):
    r"""Missing pattern of each turn as terms that are added to its logits and its state.

    For each modality there are two indicators: it was recorded, or it was lost. Neither holds where a
    modality is hidden, by the masks of training or of an evaluation, because these are not by the data: the
    pattern of the corpus survives under any masks. The logits begin as the log-ratios

    .. math:: \log p(i \mid c) - \log p(i)

    of the indicators ``i`` and classes ``c``, counted in the training part, and are trained from there; the
    term of the state begins at zero, and messages carry it to the turn's neighbors. What never varied in the
    training part adds nothing. A definition of this project.

    Args:
        modalities: number of modalities ``M``.
        width: of the states.
        outputs: number of classes, or 1 for a score, whose term begins at zero.

    Attributes:
        ignored: whether nothing is added, for use where modalities are lost by another law than in training.
        counts: training turns with each set of recorded modalities, by its bits, ``[2**M]``.
    """

    informative: Tensor
    counts: Tensor

    def __init__(self, modalities: int, width: int, outputs: int) -> None:
        super().__init__()
        self.ignored = False
        self.to_logits = nn.Parameter(torch.zeros(2 * modalities, outputs))
        self.to_state = nn.Parameter(torch.zeros(2 * modalities, width))
        self.register_buffer("informative", torch.zeros(2 * modalities))
        self.register_buffer("counts", torch.zeros(2**modalities))

    def fit(self, train: Sequence[Dialogue], labels: LabelSpace) -> None:
        """Count the patterns of the training part."""
        present = torch.cat([dialogue.present for dialogue in train])
        rows = torch.cat([present, ~present], dim=1).float()
        varied = (present.any(dim=0) & ~present.all(dim=0)).repeat(2)
        self.informative.copy_(varied)
        self.counts.copy_(pattern_counts(present))
        if labels.is_score:
            return
        target = torch.cat([labels.encode(dialogue.emotion) for dialogue in train])
        labelled = labels.labelled(target)
        rows, target = rows[labelled], target[labelled]
        one = nn.functional.one_hot(target, labels.outputs).float()
        rate = rows.mean(dim=0)[:, None]
        given = (rows.T @ one + PRIOR * rate) / (one.sum(dim=0) + PRIOR)
        ratio = (given / rate).log()
        with torch.no_grad():
            self.to_logits.copy_(ratio.where(varied[:, None], 0).nan_to_num(0, 0, 0))

    def forward(self, graph: DialogueGraph) -> tuple[Tensor, Tensor]:
        """Terms of the logits and of the states.

        Shapes:
            returns ``[N, C]`` and ``[N, D]``.
        """
        rows = torch.cat([graph.available, ~graph.present], dim=1).to(self.to_logits.dtype) * self.informative
        if self.ignored:
            rows = torch.zeros_like(rows)
        elif self.training:
            dialogues = int(graph.dialogue[-1]) + 1
            known = torch.rand(dialogues, device=rows.device) >= UNKNOWN
            rows = rows * known[graph.dialogue, None]
        return rows @ self.to_logits, rows @ self.to_state


def pattern_counts(present: Tensor) -> Tensor:
    """Number of turns with each set of modalities, the first modality being the lowest bit.

    Shapes:
        present bool ``[N, M]``; returns float ``[2**M]``.

    Example:
        >>> pattern_counts(torch.tensor([[True, False], [True, True], [True, False]])).tolist()
        [0.0, 2.0, 0.0, 1.0]
    """
    modalities = present.shape[1]
    number = (present.long() << torch.arange(modalities)).sum(dim=1)
    return torch.bincount(number, minlength=2**modalities).float()
