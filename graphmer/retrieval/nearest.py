"""Search for the nearest utterances of other dialogues, by each modality."""

from collections.abc import Mapping

import torch
from torch import Tensor

from graphmer.retrieval.rows import Rows
from graphmer.retrieval.store import VectorStore, distances
from graphmer.typing import Available

_SEARCHED = 4096  # queries per search
_GATHERED = 2**22  # candidate features in memory at a time: 16 MB, which fit into the cache of a processor


def nearest(
    stores: Mapping[str, VectorStore],
    rows: Rows,
    features: Mapping[str, Tensor],
    available: Available,
    own: Tensor,
    *,
    k: int,
) -> tuple[Tensor, Tensor]:
    """The k nearest rows of each query by each modality, and their distances in all modalities.

    Args:
        stores: indexed vectors by modality.
        rows: indexed utterances.
        features: prepared features of the queries that have the modality.
        available: available modalities of each query.
        own: dialogue number of each query, whose rows are excluded; -1 for a dialogue that is not indexed.
        k: neighbours per modality.

    Shapes:
        features ``{m: [N_m, D_m]}``, available ``[N, M]``, own ``[N]``; returns rows ``[N, M, k]``, with -1
        where there are fewer, and distances ``[N, M, k, M]`` as in `NeighbourTable`.

    Raises:
        ValueError: if k is below 1.
    """
    if k < 1:
        raise ValueError(f"`k` must be at least 1 neighbour; got {k}.")
    having = [column.nonzero().squeeze(1) for column in available.T]
    found = torch.full((*available.shape, k), -1)
    for column, (modality, store) in enumerate(stores.items()):
        for begin in range(0, len(having[column]), _SEARCHED):
            queries = having[column][begin : begin + _SEARCHED]
            vectors = features[modality][begin : begin + _SEARCHED]
            found[queries, column] = _nearest_of_others(store, rows, vectors, own[queries], k)
    measured = torch.full((*found.shape, len(stores)), torch.inf)
    for column, (modality, store) in enumerate(stores.items()):
        queries = having[column]
        candidates = found[queries].flatten(1)
        distance = _distances(store, rows, column, features[modality], candidates)
        measured[queries, ..., column] = distance.reshape(len(queries), *found.shape[1:])
    return found, measured


def _nearest_of_others(store: VectorStore, rows: Rows, vectors: Tensor, own: Tensor, k: int) -> Tensor:
    """Rows ``[Q, k]`` of the nearest utterances of dialogues other than the query's own.

    The search returns k candidates more than the longest of these dialogues has rows, so that k remain.
    """
    lengths = torch.bincount(rows.dialogues + 1, minlength=int(own.max()) + 2)
    lengths[0] = 0  # dialogues that are not indexed have the number -1
    count = min(k + int(lengths[own + 1].max()), max(len(store), k))
    found = rows.at(store.search(vectors, count))
    other = (found >= 0) & (rows.dialogues[found] != own.unsqueeze(1))
    order = (~other).to(torch.uint8).argsort(dim=1, stable=True)[:, :k]
    return found.masked_fill(~other, -1).gather(1, order)


def _distances(store: VectorStore, rows: Rows, column: int, vectors: Tensor, candidates: Tensor) -> Tensor:
    """Distances ``[Q, C]`` of vectors ``[Q, D]`` to rows ``[Q, C]``; infinite for a row without a vector."""
    measured = torch.full(candidates.shape, torch.inf)
    valid = (candidates >= 0) & rows.available[candidates, column]
    used, position = torch.unique(candidates[valid], return_inverse=True)
    if len(used) == 0:
        return measured
    stored = store.vectors(rows.numbers[used])
    positions = torch.zeros_like(candidates)
    positions[valid] = position
    step = max(1, _GATHERED // (candidates.shape[1] * store.width))
    for begin in range(0, len(vectors), step):
        part = slice(begin, begin + step)
        measured[part] = distances(vectors[part], stored[positions[part]], store.metric)
    return measured.masked_fill(~valid, torch.inf)
