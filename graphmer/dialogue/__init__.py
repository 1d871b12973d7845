"""Utterances, dialogues, their labels and what is missing from them."""

from graphmer.dialogue.dialogue import Dialogue, Utterance
from graphmer.dialogue.labels import Emotion, LabelSpace

__all__ = ["Dialogue", "Emotion", "LabelSpace", "Utterance"]
