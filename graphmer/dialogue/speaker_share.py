"""Share of the variance of features within dialogues that the speakers explain."""

from collections.abc import Sequence

import torch
from torch import Tensor

from graphmer.dialogue.dialogue import Dialogue


def speaker_shares(dialogues: Sequence[Dialogue]) -> dict[str, float]:
    """Share of the variance within dialogues that lies between their speakers, for each modality.

    ``1 - s_w / s_d``, with ``s_w`` the unbiased variance around the mean of each speaker of a dialogue and
    ``s_d`` that around the mean of each dialogue, summed over the features. Unlike a share of sums of squares
    it is not larger for speakers of few turns: without any difference between speakers its expectation is
    near zero. Labels are not read.

    Args:
        dialogues: as they were recorded; what is not available is left out.

    Returns:
        the share of each modality, 0 where no two speakers can be compared.
    """
    modalities = dialogues[0].modalities
    squares = {modality: torch.zeros(2, 2, dtype=torch.double) for modality in modalities}
    for dialogue in dialogues:
        for column, (modality, rows) in enumerate(dialogue.features.items()):
            has = dialogue.available[:, column]
            values, speaker = rows[has].double(), dialogue.speaker[has]
            squares[modality] += torch.stack([_within(values, speaker), _within(values, speaker * 0)])
    shares = {}
    for modality, ((own, own_freedom), (whole, freedom)) in squares.items():
        comparable = bool(own_freedom > 0) and bool(whole > 0)
        shares[modality] = float(1 - (own / own_freedom) / (whole / freedom)) if comparable else 0.0
    return shares


def _within(values: Tensor, group: Tensor) -> Tensor:
    """Sum of squares around the mean of each group, and its degrees of freedom."""
    count = torch.bincount(group).double() if len(group) else torch.zeros(1, dtype=torch.double)
    total = values.new_zeros(len(count), values.shape[1]).index_add_(0, group, values)
    mean = total / count.clamp_min(1)[:, None]
    freedom = len(values) - (count > 0).sum()
    return torch.stack([(values - mean[group]).square().sum(), freedom.double()])
