"""Decisions of a model: emotions and changes of emotion."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Decision:
    """Emotions and changes of emotion of a batch of turns.

    Attributes:
        probability: of each emotion, ``[N, C]``.
        emotion: class numbers, long ``[N]``. With a decoder the most probable emotions of each speaker's
            turns as a sequence, which may differ from the largest of `probability`.
        change: probability that the emotion differs from that of the speaker's previous turn, ``[N]``; NaN on
            a first turn. The change head's where the model has one, else `derived_change`.
        derived_change: the same probability, derived from the probabilities of the emotions.
        changed: whether `change` reaches the threshold of a change, bool ``[N]``.
    """

    probability: Tensor
    emotion: Tensor
    change: Tensor
    derived_change: Tensor
    changed: Tensor
