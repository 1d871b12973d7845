"""Utterances, dialogues, label spaces and missing-modality protocols."""

from graphmer.dialogue.conditions import conditions, protocol, short_name
from graphmer.dialogue.corruption import Noise, Shift
from graphmer.dialogue.dialogue import Dialogue, Utterance
from graphmer.dialogue.labels import Emotion, LabelSpace
from graphmer.dialogue.missing import (
    Burst,
    Complete,
    Drop,
    FixedSet,
    MissingProtocol,
    Rate,
    SpeakerSet,
)
from graphmer.dialogue.policies import Mixed, PartialSets, RandomDrops, RandomRates, RandomSets, Varied

__all__ = [
    "Burst",
    "Complete",
    "Dialogue",
    "Drop",
    "Emotion",
    "FixedSet",
    "LabelSpace",
    "MissingProtocol",
    "Mixed",
    "Noise",
    "PartialSets",
    "RandomDrops",
    "RandomRates",
    "RandomSets",
    "Rate",
    "Shift",
    "SpeakerSet",
    "Utterance",
    "Varied",
    "conditions",
    "protocol",
    "short_name",
]
