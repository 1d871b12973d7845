"""Share of the variance of features that the speakers of the dialogues explain."""

from collections.abc import Sequence

import torch

from graphmer.dialogue.dialogue import Dialogue


def speaker_shares(dialogues: Sequence[Dialogue]) -> dict[str, float]:
    """Share of the variance that the speakers of each dialogue explain, for each modality.

    ``1 - s_w / s``, with ``s_w`` the unbiased variance around the mean of each speaker of a dialogue and
    ``s`` that around the mean of all turns, summed over the features (epsilon squared, Kelley 1935). Unlike a
    ratio of sums of squares it is not larger for speakers of few turns: where turns of a speaker are no more
    alike than others, its expectation is near zero. Labels are not read.

    Args:
        dialogues: as they were recorded; what is not available is left out.

    Returns:
        the share of each modality, at most 1; 0 where no speaker has two turns with the modality.
    """
    shares = {}
    for column, modality in enumerate(dialogues[0].modalities):
        total = squares = torch.zeros((), dtype=torch.double)
        within, turns, speakers = 0.0, 0, 0
        for dialogue in dialogues:
            has = dialogue.available[:, column]
            values, speaker = dialogue.features[modality][has].double(), dialogue.speaker[has]
            total, squares = total + values.sum(dim=0), squares + values.square().sum(dim=0)
            present, group, count = torch.unique(speaker, return_inverse=True, return_counts=True)
            mean = values.new_zeros(len(present), values.shape[1]).index_add_(0, group, values)
            within += float((values - (mean / count[:, None])[group]).square().sum())
            turns, speakers = turns + len(values), speakers + len(present)
        whole = float((squares - total.square() / max(turns, 1)).sum())
        comparable = turns > speakers and whole > 0
        shares[modality] = 1 - within / (turns - speakers) / (whole / (turns - 1)) if comparable else 0.0
    return shares
