"""Nearest utterances of other dialogues by every modality, and how far they are by every modality."""

from collections.abc import Mapping

import torch
from torch import Tensor

from graphmer.retrieval.rows import Rows
from graphmer.retrieval.store import VectorStore, distances
from graphmer.typing import Available

_SEARCHED = 4096  # utterances searched for at a time
_GATHERED = 2**22  # features of candidates held at a time: 16 MB, which stay in the cache of a processor


def nearest(
    stores: Mapping[str, VectorStore],
    rows: Rows,
    features: Mapping[str, Tensor],
    available: Available,
    own: Tensor,
    *,
    k: int,
) -> tuple[Tensor, Tensor]:
    """The k nearest rows by each modality, and their distances by all modalities.

    Args:
        stores: what is searched, by modality.
        rows: what is in them.
        features: prepared features of the utterances that have the modality.
        available: which modalities each utterance has.
        own: number of each utterance's dialogue, whose rows are left out; -1 for a dialogue without any.
        k: neighbours per modality.

    Shapes:
        features ``{m: [N_m, D_m]}``, available ``[N, M]``, own ``[N]``; returns rows ``[N, M, k]``, -1 where
        there are fewer, and distances ``[N, M, k, M]`` as in `NeighbourTable`.

    Raises:
        ValueError: if k is below 1.
    """
    if k < 1:
        raise ValueError(f"`k` must be at least 1 neighbour; got {k}.")
    having = [column.nonzero().squeeze(1) for column in available.T]
    found = torch.full((*available.shape, k), -1)
    for column, (modality, store) in enumerate(stores.items()):
        for begin in range(0, len(having[column]), _SEARCHED):
            asking = having[column][begin : begin + _SEARCHED]
            vectors = features[modality][begin : begin + _SEARCHED]
            found[asking, column] = _others(store, rows, vectors, own[asking], k)
    measured = torch.full((*found.shape, len(stores)), torch.inf)
    for column, (modality, store) in enumerate(stores.items()):
        asking = having[column]
        candidates = found[asking].flatten(1)
        measure = _measure(store, rows, column, features[modality], candidates)
        measured[asking, ..., column] = measure.reshape(len(asking), *found.shape[1:])
    return found, measured


def _others(store: VectorStore, rows: Rows, vectors: Tensor, own: Tensor, k: int) -> Tensor:
    """Rows ``[Q, k]`` of the nearest utterances of other dialogues than one's own.

    As many are looked up as leave k when all of the longest own dialogue are among them.
    """
    lengths = torch.bincount(rows.dialogues + 1, minlength=int(own.max()) + 2)
    lengths[0] = 0  # of the dialogues that are not here, numbered -1
    count = min(k + int(lengths[own + 1].max()), max(len(store), k))
    found = rows.at(store.search(vectors, count))
    other = (found >= 0) & (rows.dialogues[found] != own.unsqueeze(1))
    order = (~other).to(torch.uint8).argsort(dim=1, stable=True)[:, :k]
    return found.masked_fill(~other, -1).gather(1, order)


def _measure(store: VectorStore, rows: Rows, column: int, vectors: Tensor, candidates: Tensor) -> Tensor:
    """Distances ``[Q, C]`` of vectors ``[Q, D]`` to rows ``[Q, C]``; infinite where a row has no vector."""
    measured = torch.full(candidates.shape, torch.inf)
    there = (candidates >= 0) & rows.available[candidates, column]
    used, place = torch.unique(candidates[there], return_inverse=True)
    if len(used) == 0:
        return measured
    stored = store.vectors(rows.numbers[used])
    places = torch.zeros_like(candidates)
    places[there] = place
    step = max(1, _GATHERED // (candidates.shape[1] * store.width))
    for begin in range(0, len(vectors), step):
        part = slice(begin, begin + step)
        measured[part] = distances(vectors[part], stored[places[part]], store.metric)
    return measured.masked_fill(~there, torch.inf)
