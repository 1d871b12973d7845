"""Predicted dialogues as JSON values, under every set of available modalities."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from graphmer.dialogue import Dialogue, Emotion, LabelSpace
from graphmer.graph import DialogueGraph


@dataclass(frozen=True, eq=False)
class PredictedTurns:
    """Predictions of a model for the turns of a dialogue.

    Attributes:
        emotion: emotion of each turn, a name or a score.
        probability: class probabilities ``[N, C]``, or scores ``[N, 1]``.
        change: probability of an emotion change ``[N]``; NaN on the first turn of a speaker.
        causes: positions and probabilities of the turns that cause the emotion or change at each turn;
            ``None`` where causes were not predicted.
    """

    emotion: tuple[Emotion, ...]
    probability: Tensor
    change: Tensor
    causes: Sequence[Sequence[tuple[int, float]]] | None = None


@dataclass(frozen=True, eq=False)
class Timeline:
    """Dialogue with its predictions, for display.

    Attributes:
        dialogue: the dialogue as recorded, with its annotations.
        under: predictions under every set of the modalities that occur in the dialogue, by the name of the
            set; the complete set is last.
        router: router weights (turn, input modality, expert) with all recorded modalities, ``[N, M, M]``;
            ``None`` for a network without a router.
        graph: graph of the dialogue.
    """

    dialogue: Dialogue
    under: Mapping[str, PredictedTurns]
    router: Tensor | None
    graph: DialogueGraph


def timeline(
    predicted: Timeline, labels: LabelSpace, relations: Sequence[str], *, transcripts: bool
) -> dict[str, Any]:
    """Dialogue and predictions as JSON values.

    Args:
        predicted: the dialogue and its predictions.
        labels: label space, which numbers the emotions.
        relations: names of the relations, in the order of their numbers.
        transcripts: whether to include the transcript, which the licence of a corpus may forbid to share.
    """
    dialogue = predicted.dialogue
    edges: dict[str, list[list[int]]] = {name: [] for name in relations}
    for source, target, kind in zip(
        *predicted.graph.edge_index.tolist(), predicted.graph.edge_type.tolist(), strict=True
    ):
        edges[relations[kind]].append([source, target])
    return {
        "id": dialogue.id,
        "speakers": dialogue.speakers,
        "speaker": dialogue.speaker.tolist(),
        "available": [[int(value) for value in row] for row in dialogue.available.tolist()],
        "emotion": [_value(emotion, labels) for emotion in dialogue.emotion],
        "text": dialogue.text if transcripts else None,
        "under": {name: _predictions(turns, labels) for name, turns in predicted.under.items()},
        "router": None if predicted.router is None else _rounded(predicted.router.tolist()),
        "edges": edges,
    }


def evenly(count: int, wanted: int) -> list[int]:
    """Evenly spaced positions of `wanted` of `count` items, including the first one.

    Example:
        >>> evenly(10, 3), evenly(2, 5)
        ([0, 3, 6], [0, 1])
    """
    return [number * count // min(wanted, count) for number in range(min(wanted, count))]


def _predictions(turns: PredictedTurns, labels: LabelSpace) -> dict[str, Any]:
    change = [None if math.isnan(value) else round(value, 3) for value in turns.change.tolist()]
    found = {
        "emotion": [_value(emotion, labels) for emotion in turns.emotion],
        "probability": [] if labels.is_score else _rounded(turns.probability.tolist()),
        "change": change,
    }
    if turns.causes is not None:
        found["causes"] = [[[turn, round(score, 3)] for turn, score in each] for each in turns.causes]
    return found


def _value(emotion: Emotion, labels: LabelSpace) -> float | int | None:
    """Number of a class, or the score; ``None`` if there is no annotation."""
    if emotion is None:
        return None
    return labels.names.index(str(emotion)) if labels.names else round(float(emotion), 3)


def _rounded(values: Any) -> Any:
    return [_rounded(value) for value in values] if isinstance(values, list) else round(values, 3)
