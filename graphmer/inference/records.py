"""Predictions as JSON values."""

from typing import Any

from graphmer.dialogue import Emotion, LabelSpace
from graphmer.inference.prediction import DialoguePrediction, turn_records
from graphmer.inference.turn_record import TurnRecord
from graphmer.inference.what_if import WhatIf


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
        **({} if record.reliability is None else {"reliability": _rounded(record.reliability)}),
        **_causes(record),
    }


def _causes(record: TurnRecord) -> dict[str, Any]:
    """Causes of a turn; nothing where they were not predicted."""
    if record.causes is None:
        return {}
    return {
        "causes": [
            {"turn": cause.turn, "id": cause.id, cause.measure: round(cause.score, 4)}
            for cause in record.causes
        ]
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
