"""The nearest training utterances of each utterance, and which of them support it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from graphmer.typing import Available


@dataclass(frozen=True, eq=False)
class NeighbourTable:
    """For each utterance and modality the nearest training utterances of other dialogues.

    Attributes:
        ids: dialogue id and utterance id of each of the N utterances.
        modalities: names, in the order of the axes ``M``.
        neighbours: long ``[N, M, K]``: rows of the index, nearest first; -1 where there are fewer than K.
        distances: float ``[N, M, K, M]``: distance to the neighbour found by modality m (axis 1) as measured
            in modality n (axis 3); infinite where there is no neighbour or one of the two has no modality n.
        scale: float ``[M]``, positive: mean distance to the K nearest neighbours in the training part, what
            distances of different modalities are divided by to be comparable.
    """

    ids: Sequence[tuple[str, str]]
    modalities: tuple[str, ...]
    neighbours: Tensor
    distances: Tensor
    scale: Tensor


@dataclass(frozen=True, eq=False)
class Supports:
    """The utterances that support each utterance.

    Attributes:
        rows: long ``[N, k]``: rows of the index, nearest first, -1 after the last.
        distance: float ``[N, k]``: composite distance, infinite after the last.
        count: long ``[N]``: number of supports.
    """

    rows: Tensor
    distance: Tensor
    count: Tensor


def mean_distances(neighbours: Tensor, distances: Tensor) -> Tensor:
    """Mean distance ``[M]`` to the neighbours each modality found; 1 where there are none or all coincide.

    Shapes:
        neighbours ``[N, M, K]``, distances ``[N, M, K, M]``.
    """
    own = torch.diagonal(distances, dim1=1, dim2=3).transpose(1, 2)
    there = neighbours >= 0
    total = torch.where(there, own, 0).double().sum(dim=(0, 2))
    mean = (total / there.sum(dim=(0, 2)).clamp_min(1)).float()
    return torch.where(mean > 0, mean, 1)


def select_supports(table: NeighbourTable, available: Available, hardness: Tensor, k: int) -> Supports:
    """The nearest utterances over all modalities at hand, the more the harder an utterance is.

    The candidates of utterance i are the k nearest neighbours of each of its available modalities, each
    utterance once. They are sorted by the mean distance over the modalities that are available to i and that
    the candidate has, each divided by `NeighbourTable.scale`, ties by row; the first ``ceil(h_i k)`` remain.

    HARDY-MER, equation of the composite similarity ``s = 1/|M| sum_m ||f_cand - f_x||`` and ``k' = [h k]``.

    **Differences from the released code**: the union is not cut to the first modality's neighbours, only
    available modalities are averaged, their scales are made equal, and the cut comes after the sorting.

    Args:
        table: of these utterances.
        available: which modalities may be used; those an utterance does not have itself are ignored.
        hardness: in [0, 1].
        k: largest number of supports, and neighbours of each modality that are considered.

    Shapes:
        available ``[N, M]``, hardness ``[N]``.

    Raises:
        ValueError: on other shapes, a hardness outside [0, 1], or k outside 1 to the table's K.

    Example:
        >>> table = NeighbourTable([("d", "u")], ("text",), torch.tensor([[[7, 4]]]),
        ...                        torch.tensor([[[[1.0], [2.0]]]]), torch.tensor([1.5]))
        >>> select_supports(table, torch.tensor([[True]]), torch.tensor([0.4]), 2).rows
        tensor([[ 7, -1]])
    """
    _check(table, available, hardness, k)
    neighbours = table.neighbours[:, :, :k]
    usable = (neighbours >= 0) & available.unsqueeze(-1)
    composite = _composite(table.distances[:, :, :k], table.scale, available).masked_fill(~usable, torch.inf)
    rows, order = neighbours.masked_fill(~usable, -1).flatten(1).sort(dim=1)
    composite = composite.flatten(1).gather(1, order)
    composite[:, 1:][rows[:, 1:] == rows[:, :-1]] = torch.inf
    nearest = composite.argsort(dim=1, stable=True)[:, :k]
    # the tolerance keeps 0.6 * 5 from becoming 4 where the hardness was computed in single precision
    asked = torch.ceil(hardness.double() * k - 1e-6 * k).long()
    count = torch.minimum(asked.clamp_min(0), torch.isfinite(composite).sum(dim=1))
    beyond = torch.arange(k, device=rows.device) >= count.unsqueeze(1)
    return Supports(
        rows.gather(1, nearest).masked_fill(beyond, -1),
        composite.gather(1, nearest).masked_fill(beyond, torch.inf),
        count,
    )


def _composite(distances: Tensor, scale: Tensor, available: Available) -> Tensor:
    """Mean scaled distance ``[N, M, k]`` over the modalities that both utterances have."""
    shared = torch.isfinite(distances) & available[:, None, None, :]
    total = torch.where(shared, distances / scale, 0).sum(dim=-1)
    return total / shared.sum(dim=-1).clamp_min(1)


def _check(table: NeighbourTable, available: Available, hardness: Tensor, k: int) -> None:
    length, modalities, longest = table.neighbours.shape
    if available.shape != (length, modalities) or hardness.shape != (length,):
        raise ValueError(
            f"`available` and `hardness` must have shapes {(length, modalities)} and {(length,)}, "
            f"got {tuple(available.shape)} and {tuple(hardness.shape)}."
        )
    if not 1 <= k <= longest:
        raise ValueError(f"`k` must be between 1 and the table's {longest} neighbours; got {k}.")
    wrong = hardness[~((hardness >= 0) & (hardness <= 1))]
    if len(wrong):
        raise ValueError(f"`hardness` must be in [0, 1]; got {float(wrong[0]):g}.")
