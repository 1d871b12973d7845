"""Dialogues as plain values: who says what with which emotion, seen through every set of modalities."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from graphmer.dialogue import Dialogue, Emotion, LabelSpace
from graphmer.graph import DialogueGraph


@dataclass(frozen=True, eq=False)
class Said:
    """What a model says of the turns of a dialogue.

    Attributes:
        emotion: of each turn, a name or a score.
        probability: of each class ``[N, C]``, or the score ``[N, 1]``.
        change: probability of a change ``[N]``; NaN on a first turn.
    """

    emotion: tuple[Emotion, ...]
    probability: Tensor
    change: Tensor


@dataclass(frozen=True, eq=False)
class Timeline:
    """A dialogue to look at.

    Attributes:
        dialogue: as recorded, with its annotations.
        under: what is said under every set of the modalities that occur in it, by the set's name, the
            complete one last.
        router: weight of (utterance, input modality, expert) from all that was recorded, ``[N, M, M]``;
            ``None`` for a network without a router.
        graph: of the dialogue.
    """

    dialogue: Dialogue
    under: Mapping[str, Said]
    router: Tensor | None
    graph: DialogueGraph


def timeline(
    shown: Timeline, labels: LabelSpace, relations: Sequence[str], *, transcripts: bool
) -> dict[str, Any]:
    """A dialogue as JSON values.

    Args:
        shown: the dialogue and what was said of it.
        labels: numbers the emotions.
        relations: names of the edge types.
        transcripts: whether to include what was said, which a corpus's licence may forbid to pass on.
    """
    dialogue = shown.dialogue
    edges: dict[str, list[list[int]]] = {name: [] for name in relations}
    for heard, listener, kind in zip(
        *shown.graph.edge_index.tolist(), shown.graph.edge_type.tolist(), strict=True
    ):
        edges[relations[kind]].append([heard, listener])
    return {
        "id": dialogue.id,
        "speakers": dialogue.speakers,
        "speaker": dialogue.speaker.tolist(),
        "available": [[int(there) for there in row] for row in dialogue.available.tolist()],
        "emotion": [_value(emotion, labels) for emotion in dialogue.emotion],
        "text": dialogue.text if transcripts else None,
        "under": {name: _said(said, labels) for name, said in shown.under.items()},
        "router": None if shown.router is None else _rounded(shown.router.tolist()),
        "edges": edges,
    }


def evenly(count: int, wanted: int) -> list[int]:
    """Positions of `wanted` of `count` things, evenly spread, the first one included.

    Example:
        >>> evenly(10, 3), evenly(2, 5)
        ([0, 3, 6], [0, 1])
    """
    return [number * count // min(wanted, count) for number in range(min(wanted, count))]


def _said(said: Said, labels: LabelSpace) -> dict[str, Any]:
    change = [None if math.isnan(value) else round(value, 3) for value in said.change.tolist()]
    return {
        "emotion": [_value(emotion, labels) for emotion in said.emotion],
        "probability": [] if labels.is_score else _rounded(said.probability.tolist()),
        "change": change,
    }


def _value(emotion: Emotion, labels: LabelSpace) -> float | int | None:
    """The number of a class, or the score."""
    if emotion is None:
        return None
    return labels.names.index(str(emotion)) if labels.names else round(float(emotion), 3)


def _rounded(values: Any) -> Any:
    return [_rounded(value) for value in values] if isinstance(values, list) else round(values, 3)
