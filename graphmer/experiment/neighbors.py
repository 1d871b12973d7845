"""Who supports whom in the training part of a fold."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from graphmer.curriculum.curriculum import Neighbours
from graphmer.dialogue import Dialogue
from graphmer.retrieval import RetrievalIndex, select_supports
from graphmer.retrieval.store import Metric
from graphmer.retrieval.table import NeighbourTable, mean_distances


def neighbours(
    train: Sequence[Dialogue],
    metric: Metric | Mapping[str, Metric],
    longest: int,
    fingerprint: str,
    *,
    sessions_apart: bool = False,
) -> Callable[[int], Neighbours]:
    """The nearest annotated utterances of other dialogues, for all utterances of the training part.

    Turns without an annotation support nobody, but are supported.

    Args:
        train: standardised (and encoded) dialogues.
        metric: of all modalities, or by modality.
        longest: most supports that are going to be asked for.
        fingerprint: of the fold.
        sessions_apart: of other recording sessions, too. A dialogue without a session is apart from those
            that have one.

    Returns:
        a function from ``k`` to the neighbours, at most that many.
    """
    keys = [(dialogue.id, name) for dialogue in train for name in dialogue.utterance_ids]
    place = {key: number for number, key in enumerate(keys)}
    tables: list[tuple[Tensor, NeighbourTable, Tensor]] = []
    for askers, lenders in _sides(train, sessions_apart):
        widths = {modality: rows.shape[1] for modality, rows in train[0].features.items()}
        index = RetrievalIndex(widths, metric, fingerprint=fingerprint)
        for dialogue in lenders:
            told = zip(dialogue.utterance_ids, dialogue.emotion, strict=True)
            index.add(dialogue, [name for name, emotion in told if emotion is not None])
        found = index.search(askers, longest, torch.ones(len(widths)))
        table = replace(found, scale=mean_distances(found.neighbours, found.distances))
        # -1, for no support, reads the last entry
        row = torch.tensor([*(place[key] for key in index.ids), -1])
        tables.append((torch.tensor([place[key] for key in table.ids]), table, row))

    def up_to(k: int) -> Neighbours:
        def find(available: Tensor, hardness: Tensor) -> Tensor:
            supports = torch.empty(len(keys), k, dtype=torch.long)
            for asking, table, row in tables:
                supports[asking] = row[select_supports(table, available[asking], hardness[asking], k).rows]
            return supports

        return find

    return up_to


def _sides(train: Sequence[Dialogue], apart: bool) -> list[tuple[Sequence[Dialogue], Sequence[Dialogue]]]:
    """Dialogues that ask, and those whose utterances may support them."""
    if not apart:
        return [(train, train)]
    return [
        (
            [dialogue for dialogue in train if dialogue.session == session],
            [dialogue for dialogue in train if dialogue.session != session],
        )
        for session in dict.fromkeys(dialogue.session for dialogue in train)
    ]
