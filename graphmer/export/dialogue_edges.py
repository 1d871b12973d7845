"""Edges of a dialogue graph with NumPy alone: copy this file beside an exported model."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def dialogue_edges(
    speaker: NDArray[np.int64], graph: dict[str, Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Edges that an exported model reads, as `graphmer.GraphBuilder` makes them.

    Args:
        speaker: number of each turn's speaker, ``[N]``.
        graph: ``graph`` of the model's description: ``{"rules": {name: {...}}, "causal": bool}``.

    Returns:
        edge_index ``[2, E]``, source and target turn of each edge, and edge_type ``[E]``, its relation.
    """
    source, target = np.indices((len(speaker), len(speaker)))
    same = speaker[source] == speaker[target]
    turn_of_speaker = np.tril(same).sum(axis=1)  # 1 at the first turn of a speaker, 2 at the second, ...
    edges, kinds, relations = [], [], 0
    for rule in graph["rules"].values():
        adjacent, own = rule["rule"] == "adjacent", rule["rule"] == "same_speaker"
        past, future = (1 if adjacent else rule[side] for side in ("past", "future"))
        future = 0 if graph["causal"] else future
        place = turn_of_speaker if own else np.arange(1, len(speaker) + 1)
        apart = place[target] - place[source]
        for limit, distance in ((past, apart), (future, -apart)):
            if limit == 0:
                continue
            near = (distance >= 1) & (distance <= (len(speaker) if limit is None else limit))
            for kind in (same,) if own else (same, ~same):
                there = near & kind
                edges.append(np.stack([source[there], target[there]]))
                kinds.append(np.full(there.sum(), relations))
                relations += 1
    if not edges:
        return np.zeros((2, 0), np.int64), np.zeros(0, np.int64)
    return np.concatenate(edges, axis=1), np.concatenate(kinds)
