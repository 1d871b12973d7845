"""Predictions as plain values, for JSON lines and tables."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphmer.dialogue import Emotion, LabelSpace
from graphmer.inference.prediction import DialoguePrediction
from graphmer.inference.what_if import WhatIf, modalities_of


@dataclass(frozen=True)
class TurnRecord:
    """One turn of a prediction.

    A change of emotion is given in two ways. `changed` follows from the emotions and always agrees with the
    pair (previous, emotion). `change` is the model's probability of a change, and `change_called` its
    decision at the threshold fitted on validation. The two may disagree, because the most probable emotions
    may be equal where a change is probable.

    Attributes:
        dialogue: id of the dialogue.
        turn: place in it, from 0.
        id: the utterance's id.
        speaker: name of the speaker.
        available: modalities that the model read.
        emotion: most probable emotion, or the score.
        probability: of each emotion by name; empty for a score.
        previous: what was predicted for the same speaker's previous turn; ``None`` on the first one.
        change: probability that the emotion differs from the previous one; ``None`` on a first turn and for
            scores.
        change_called: whether `change` reaches the model's threshold; ``None`` where `change` is, and for a
            model that has neither a change head nor a decoder.
        router: weight of each expert for each modality that was read; empty for a network without a router.
    """

    dialogue: str
    turn: int
    id: str
    speaker: str
    available: tuple[str, ...]
    emotion: Emotion
    probability: dict[str, float]
    previous: Emotion
    change: float | None
    change_called: bool | None
    router: dict[str, dict[str, float]]

    @property
    def changed(self) -> bool | None:
        """Whether the predicted emotion differs from the speaker's previous one; ``None`` on a first turn."""
        return None if self.previous is None else self.emotion != self.previous


def turn_records(prediction: DialoguePrediction, labels: LabelSpace) -> Iterator[TurnRecord]:
    """The turns of a prediction in their order."""
    dialogue = prediction.dialogue
    last: dict[int, int] = {}
    for turn, speaker in enumerate(dialogue.speaker.tolist()):
        previous = last.get(speaker)
        last[speaker] = turn
        probability = prediction.probability[turn]
        change, called = float(prediction.change[turn]), prediction.change_called
        read = modalities_of(dialogue, turn)
        yield TurnRecord(
            dialogue=dialogue.id,
            turn=turn,
            id=dialogue.utterance_ids[turn],
            speaker=dialogue.speakers[speaker],
            available=read,
            emotion=prediction.emotion[turn],
            probability=dict(zip(labels.names, probability.tolist(), strict=True)) if labels.names else {},
            previous=None if previous is None else prediction.emotion[previous],
            change=None if math.isnan(change) else change,
            change_called=None if called is None or math.isnan(change) else bool(called[turn]),
            router=_router(prediction, turn, read),
        )


def _router(prediction: DialoguePrediction, turn: int, read: tuple[str, ...]) -> dict[str, dict[str, float]]:
    if prediction.router is None:
        return {}
    modalities = prediction.dialogue.modalities
    weights = dict(zip(modalities, prediction.router[turn].tolist(), strict=True))
    return {m: dict(zip(modalities, weights[m], strict=True)) for m in read}


def as_json(prediction: DialoguePrediction, labels: LabelSpace) -> dict[str, Any]:
    """One dialogue as a JSON object: its turns, and the sequence of emotions of each speaker."""
    turns = list(turn_records(prediction, labels))
    sequences: dict[str, list[Emotion]] = {name: [] for name in prediction.dialogue.speakers}
    for record in turns:
        sequences[record.speaker].append(record.emotion)
    return {
        "id": prediction.dialogue.id,
        "turns": [turn_as_json(record) for record in turns],
        "speakers": sequences,
    }


def turn_as_json(record: TurnRecord) -> dict[str, Any]:
    """One turn as a JSON object."""
    return {
        "id": record.id,
        "speaker": record.speaker,
        **_hypothesis(record),
        "pair": None if record.previous is None else [record.previous, record.emotion],
        "available": list(record.available),
        "router": {modality: _rounded(weights) for modality, weights in record.router.items()},
    }


def what_if_as_json(found: WhatIf, labels: LabelSpace) -> dict[str, Any]:
    """`as_json`, where each turn also has ``what_if``, by sets of its modalities, and ``most_helpful``."""
    content = as_json(found.actual, labels)
    under = {name: list(turn_records(each, labels)) for name, each in found.under.items()}
    for number, (turn, help) in enumerate(zip(content["turns"], found.help, strict=True)):
        turn["what_if"] = {name: _hypothesis(under[name][number]) for name in found.sets_of(number)}
        turn["most_helpful"] = {
            "modality": help.modality,
            "entropy_drop_bits": None if help.entropy_drop is None else round(help.entropy_drop, 4),
            "training_turns": help.turns,
            "note": help.note,
        }
    return content


def _hypothesis(record: TurnRecord) -> dict[str, Any]:
    return {
        "emotion": record.emotion,
        "probability": _rounded(record.probability),
        "changed": record.changed,
        "change_probability": None if record.change is None else round(record.change, 4),
        "change_called": record.change_called,
    }


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}
