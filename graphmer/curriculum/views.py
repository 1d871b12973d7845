"""Views of hardness before they are combined: reconstruction, consistency, change."""

import torch
from torch import Tensor

from graphmer.curriculum.teacher import Teacher, reconstruction_error
from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.change import change_targets
from graphmer.graph.dataset import GraphDataset, batches
from graphmer.typing import Available

RADIUS = 2
"""Turns before and after an utterance over which emotion changes are counted."""
NODES = 4000
"""Most utterances in a batch when hardness is measured; affects speed only."""


def condition_number(available: Available) -> Tensor:
    """Number of the set of modalities that is available of each utterance, ``[N, M]`` to long ``[N]``.

    The first modality counts one, the second two, the third four, and so on; zero is nothing.
    """
    place = 2 ** torch.arange(available.shape[1], device=available.device)
    return (available * place).sum(dim=1)


@torch.no_grad()
def measured(teacher: Teacher, train: GraphDataset, device: torch.device) -> tuple[Tensor, Tensor]:
    """Direct and indirect hardness of every utterance, rows in the order of the dialogues.

    Shapes:
        returns float ``[N, 2 ** M]`` by `condition_number`, and float ``[N]``.
    """
    lengths = torch.tensor(train.lengths)
    begin = (lengths.cumsum(0) - lengths).tolist()
    count = len(teacher.modalities)
    direct = torch.zeros(int(lengths.sum()), 2**count)
    states = torch.zeros(len(direct), count, teacher.mixture.width, device=device)
    present = torch.cat([dialogue.available for dialogue in train.dialogues]).to(device)
    for chosen, batch in batches(train.graphs, NODES):
        rows = torch.cat([begin[d] + torch.arange(train.lengths[d]) for d in chosen])
        graph = batch.to(device)
        states[rows] = state = teacher(graph)
        features = {modality: graph[modality] for modality in teacher.modalities}
        for number in range(1, 2**count):
            kept = torch.tensor([bool(number >> column & 1) for column in range(count)], device=device)
            rebuilt = teacher.reconstruct(state, graph.available & kept)
            direct[rows, number] = reconstruction_error(rebuilt, features, graph.available & ~kept).cpu()
    dialogue = torch.arange(len(lengths)).repeat_interleave(lengths).to(device)
    return direct, teacher.consistency(states, present, dialogue).cpu()


def change_share(dialogue: Dialogue, labels: LabelSpace) -> Tensor:
    """Share of emotion changes around each utterance, ``[N]``.

    The share of changes (another emotion than at the speaker's previous turn) among the eligible turns from
    `RADIUS` before to `RADIUS` after it (conversation difficulty as in hybrid curriculum learning, Yang et
    al. 2022, but around one utterance); NaN where no turn is eligible, and for scores.
    """
    if labels.is_score:
        return torch.full((len(dialogue),), torch.nan)
    found = change_targets(labels.encode(dialogue.emotion), dialogue.speaker, labels)
    turn = torch.arange(len(dialogue))
    near = (turn[:, None] - turn).abs() <= RADIUS
    eligible = (near & found.eligible).sum(dim=1)
    return torch.where(eligible > 0, (near & found.shift).sum(dim=1) / eligible, torch.nan)


def ranks(values: Tensor, *, empty: float = 0.5) -> Tensor:
    """Rank of each value among those that are numbers, from 0 to 1, equal values alike; ``[N]``.

    Args:
        values: NaN where undefined.
        empty: the rank of NaN.
    """
    defined = ~torch.isnan(values)
    known = values[defined].contiguous()
    ordered = known.sort().values
    below, above = torch.searchsorted(ordered, known), torch.searchsorted(ordered, known, right=True)
    # equal values share the middle of their places; a single value has rank one half
    place = (below + above - 1) / (2 * (len(known) - 1)) if len(known) > 1 else known.new_full((1,), 0.5)
    return torch.full_like(values, empty).masked_scatter(defined, place[: len(known)])
