"""Table of nearest training utterances, and the selection of supports from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from graphmer.typing import Available


@dataclass(frozen=True, eq=False)
class NeighbourTable:
    """Nearest training utterances of other dialogues, for each utterance and modality.

    Attributes:
        ids: dialogue id and utterance id of each of the N utterances.
        modalities: names of the modalities, in the order of the axes ``M``.
        neighbours: rows of the index, long ``[N, M, K]``, nearest first; -1 where there are fewer than K.
        distances: float ``[N, M, K, M]``: distance to the neighbour found by modality m (axis 1), measured in
            modality n (axis 3); infinite where there is no neighbour or one of the two has no modality n.
        scale: positive float ``[M]``: mean distance to the K nearest neighbours in the training part.
            Distances are divided by it, which makes modalities comparable.
    """

    ids: Sequence[tuple[str, str]]
    modalities: tuple[str, ...]
    neighbours: Tensor
    distances: Tensor
    scale: Tensor


@dataclass(frozen=True, eq=False)
class Supports:
    """Supports of each utterance.

    Attributes:
        rows: rows of the index, long ``[N, k]``, nearest first; -1 after the last support.
        distance: composite distance, float ``[N, k]``; infinite after the last support.
        count: number of supports, long ``[N]``.
    """

    rows: Tensor
    distance: Tensor
    count: Tensor


def mean_distances(neighbours: Tensor, distances: Tensor) -> Tensor:
    """Mean distance ``[M]`` to the neighbours of each modality; 1 where there are none or all coincide.

    Shapes:
        neighbours ``[N, M, K]``, distances ``[N, M, K, M]``.
    """
    own = torch.diagonal(distances, dim1=1, dim2=3).transpose(1, 2)
    valid = neighbours >= 0
    total = torch.where(valid, own, 0).double().sum(dim=(0, 2))
    mean = (total / valid.sum(dim=(0, 2)).clamp_min(1)).float()
    return torch.where(mean > 0, mean, 1)


def select_supports(table: NeighbourTable, available: Available, hardness: Tensor, k: int) -> Supports:
    """Select the supports of each utterance: its nearest candidates, more for harder utterances.

    The candidates of utterance i are the k nearest neighbours of each of its available modalities, without
    duplicates. They are sorted by the composite distance, and ties by row. The composite distance is the mean
    over the modalities that are available to both utterances, each divided by `NeighbourTable.scale`. The
    first ``ceil(h_i k)`` candidates are the supports.

    HARDY-MER, equation of the composite similarity ``s = 1/|M| sum_m ||f_cand - f_x||`` and ``k' = [h k]``.

    **Differences from the released code**: the union of the candidates is not truncated to the neighbours of
    the first modality; only available modalities are averaged; modalities are scaled; and the list is
    truncated after sorting.

    Args:
        table: neighbours of these utterances.
        available: modalities that may be used; those that an utterance does not have are ignored.
        hardness: hardness of each utterance in [0, 1].
        k: maximum number of supports, and number of neighbours considered per modality.

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
    wanted = torch.ceil(hardness.double() * k - 1e-6 * k).long()
    count = torch.minimum(wanted.clamp_min(0), torch.isfinite(composite).sum(dim=1))
    beyond = torch.arange(k, device=rows.device) >= count.unsqueeze(1)
    return Supports(
        rows.gather(1, nearest).masked_fill(beyond, -1),
        composite.gather(1, nearest).masked_fill(beyond, torch.inf),
        count,
    )


def _composite(distances: Tensor, scale: Tensor, available: Available) -> Tensor:
    """Composite distance ``[N, M, k]``: mean scaled distance over the modalities that both have."""
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
