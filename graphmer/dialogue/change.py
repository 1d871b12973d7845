"""Change of emotion between turns: what there is to recognise, and for which turns.

A turn is compared with an earlier one. Where there is none, as at a speaker's first turn, the turn is not
eligible; that is something else than "no change". Turns without an annotation are skipped: the comparison is
with the latest annotated one.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from graphmer.dialogue.labels import LabelSpace
from graphmer.typing import UNLABELLED

Kind = Literal["speaker", "valence", "adjacent"]
"""``speaker``: another emotion than at the speaker's previous turn (the primary definition); ``valence``: the
same of negative, neutral, positive; ``adjacent``: another emotion than at the previous turn of anybody."""

KINDS: tuple[Kind, ...] = ("speaker", "valence", "adjacent")
"""All kinds of change, the primary one first."""


@dataclass(frozen=True, eq=False)
class ChangeTargets:
    """What each turn is, and which earlier turn it is compared with.

    Args:
        value: class number or valence of each turn, `UNLABELLED` where there is none.
        previous: position of the turn to compare with, -1 where there is none.

    Shapes:
        value, previous long ``[N]``.
    """

    value: Tensor
    previous: Tensor

    @property
    def eligible(self) -> Tensor:
        """Turns for which a change is defined, bool ``[N]``."""
        return (self.previous >= 0) & (self.value != UNLABELLED)

    @property
    def shift(self) -> Tensor:
        """Turns that differ from the previous one, bool ``[N]``; False where not eligible."""
        return self.eligible & (self.value != self.value[self.previous])

    @property
    def pairs(self) -> Tensor:
        """Transition of each eligible turn, long ``[P, 2]``: from the previous value to the present one."""
        turns = self.eligible.nonzero()[:, 0]
        return torch.stack([self.value[self.previous[turns]], self.value[turns]], dim=1)


def previous_turn(speaker: Tensor, labelled: Tensor, *, strict: bool = False) -> Tensor:
    """The latest earlier labelled turn of the same speaker.

    Args:
        speaker: who speaks; any numbers, compared for equality only.
        labelled: which turns are annotated.
        strict: leave out a turn if the speaker said something unlabelled in between, instead of skipping it.

    Shapes:
        speaker long ``[N]``; labelled bool ``[N]``; returns long ``[N]``, -1 where there is no such turn.

    Example:
        >>> previous_turn(torch.tensor([0, 1, 0, 0]), torch.tensor([True, True, False, True]))
        tensor([-1, -1,  0,  0])
    """
    order = speaker.argsort(stable=True)
    rank = torch.arange(len(speaker), device=speaker.device)
    latest = torch.where(labelled[order], rank, -1).cummax(dim=0).values
    before = torch.cat([rank.new_full((1,), -1), latest])[:-1]
    grouped = speaker[order]
    begin = torch.searchsorted(grouped, grouped)
    found = before >= begin
    if strict:
        found &= before == rank - 1
    previous = torch.full_like(order, -1)
    previous[order[found]] = order[before[found]]
    return previous


def valences(emotion: Tensor, labels: LabelSpace) -> Tensor:
    """Valence of class numbers ``[N]``: 0 negative, 1 neutral, 2 positive, `UNLABELLED` where unknown."""
    known = [labels.polarity[name] + 1 if name in labels.polarity else UNLABELLED for name in labels.names]
    # The number of an unlabelled turn, -1, reads the last entry.
    return torch.tensor([*known, UNLABELLED], device=emotion.device)[emotion]


def change_targets(
    emotion: Tensor,
    speaker: Tensor,
    labels: LabelSpace,
    *,
    kind: Kind = "speaker",
    dialogue: Tensor | None = None,
    strict: bool = False,
) -> ChangeTargets:
    """The changes in one dialogue, or in several at once.

    Args:
        emotion: class numbers as `LabelSpace.encode` gives them, turns of a dialogue in their order.
        speaker: number of each turn's speaker within its dialogue.
        labels: the label space; its polarity defines valence, and a class without one has no valence.
        kind: what a change is.
        dialogue: number of each turn's dialogue; one dialogue if left out.
        strict: leave out a pair that spans an unlabelled turn, instead of skipping that turn.

    Shapes:
        emotion, speaker, dialogue long ``[N]``.

    Raises:
        ValueError: if the labels are a score.

    Example:
        >>> labels = LabelSpace(("calm", "angry"))
        >>> found = change_targets(torch.tensor([0, 1, 1, 1]), torch.tensor([0, 1, 0, 1]), labels)
        >>> found.eligible.tolist(), found.shift.tolist()
        ([False, False, True, True], [False, False, True, False])
    """
    if labels.is_score:
        raise ValueError("A change of emotion is one of classes; these labels are a score.")
    value = valences(emotion, labels) if kind == "valence" else emotion
    place = torch.zeros_like(speaker) if dialogue is None else dialogue
    group = place if kind == "adjacent" else speaker_ids(speaker, place)
    return ChangeTargets(value, previous_turn(group, value != UNLABELLED, strict=strict))


def speaker_ids(speaker: Tensor, dialogue: Tensor) -> Tensor:
    """Numbers ``[N]`` that differ between any two speakers, also those of different dialogues."""
    return dialogue * (speaker.amax() + 1) + speaker if len(speaker) else speaker
