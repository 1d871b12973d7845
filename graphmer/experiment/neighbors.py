"""Supports of the utterances of a training part, from other dialogues."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from graphmer.curriculum.curriculum import Neighbors
from graphmer.dialogue import Dialogue
from graphmer.retrieval import RetrievalIndex, select_supports
from graphmer.retrieval.store import Metric
from graphmer.retrieval.table import NeighbourTable, mean_distances


def neighbors(
    train: Sequence[Dialogue],
    metric: Metric | Mapping[str, Metric],
    longest: int,
    fingerprint: str,
    *,
    sessions_apart: bool = False,
) -> Callable[[int], Neighbors]:
    """Nearest annotated utterances of other dialogues, for all utterances of the training part.

    Turns without an annotation have supports, but are no supports.

    Args:
        train: standardised (and encoded) dialogues.
        metric: of all modalities, or by modality.
        longest: largest ``k``.
        fingerprint: of the fold.
        sessions_apart: take supports from other recording sessions only. Dialogues without a session are
            one session.

    Returns:
        a function from ``k`` to the neighbours, at most that many.
    """
    keys = [(dialogue.id, name) for dialogue in train for name in dialogue.utterance_ids]
    place = {key: number for number, key in enumerate(keys)}
    tables: list[tuple[Tensor, NeighbourTable, Tensor]] = []
    for queries, candidates in _sides(train, sessions_apart):
        widths = {modality: rows.shape[1] for modality, rows in train[0].features.items()}
        index = RetrievalIndex(widths, metric, fingerprint=fingerprint)
        for dialogue in candidates:
            labelled = zip(dialogue.utterance_ids, dialogue.emotion, strict=True)
            index.add(dialogue, [name for name, emotion in labelled if emotion is not None])
        found = index.search(queries, longest, torch.ones(len(widths)))
        table = replace(found, scale=mean_distances(found.neighbours, found.distances))
        # -1, for no support, reads the last entry
        row = torch.tensor([*(place[key] for key in index.ids), -1])
        tables.append((torch.tensor([place[key] for key in table.ids]), table, row))

    def up_to(k: int) -> Neighbors:
        def find(available: Tensor, hardness: Tensor) -> Tensor:
            supports = torch.empty(len(keys), k, dtype=torch.long)
            for query, table, row in tables:
                supports[query] = row[select_supports(table, available[query], hardness[query], k).rows]
            return supports

        return find

    return up_to


def _sides(train: Sequence[Dialogue], apart: bool) -> list[tuple[Sequence[Dialogue], Sequence[Dialogue]]]:
    """Query dialogues, and those whose utterances may support them."""
    if not apart:
        return [(train, train)]
    return [
        (
            [dialogue for dialogue in train if dialogue.session == session],
            [dialogue for dialogue in train if dialogue.session != session],
        )
        for session in dict.fromkeys(dialogue.session for dialogue in train)
    ]
