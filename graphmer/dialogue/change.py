"""Targets of emotion change recognition.

A turn is compared with an earlier turn. A turn without an earlier one, such as the first turn of a speaker,
is not eligible, which differs from "no change". Unlabelled turns are skipped: the comparison is with the
latest labelled turn.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from graphmer.dialogue.labels import LabelSpace
from graphmer.typing import UNLABELLED

Kind = Literal["speaker", "valence", "adjacent"]
"""Definition of a change.

``speaker``: the emotion differs from that of the speaker's previous turn (the primary definition).
``valence``: the same for the valence (negative, neutral, positive). ``adjacent``: the emotion differs from
that of the previous turn of any speaker.
"""

KINDS: tuple[Kind, ...] = ("speaker", "valence", "adjacent")
"""All kinds of change; the primary one comes first."""


@dataclass(frozen=True, eq=False)
class ChangeTargets:
    """Value of each turn, and the earlier turn that it is compared with.

    Args:
        value: class number or valence of each turn; `UNLABELLED` if it has none.
        previous: position of the earlier turn; -1 if there is none.

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
        """Turns whose value differs from the previous one, bool ``[N]``; False where not eligible."""
        return self.eligible & (self.value != self.value[self.previous])

    @property
    def pairs(self) -> Tensor:
        """Previous and current value of each eligible turn, long ``[P, 2]``."""
        turns = self.eligible.nonzero()[:, 0]
        return torch.stack([self.value[self.previous[turns]], self.value[turns]], dim=1)


def previous_turn(speaker: Tensor, labelled: Tensor, *, strict: bool = False) -> Tensor:
    """Position of the latest earlier labelled turn of the same speaker.

    Args:
        speaker: speaker numbers; only compared for equality.
        labelled: which turns are labelled.
        strict: treat a turn as having no previous turn if the speaker has an unlabelled turn in between,
            instead of skipping that unlabelled turn.

    Shapes:
        speaker long ``[N]``; labelled bool ``[N]``; returns long ``[N]``, -1 if there is no such turn.

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
    """Valence of class numbers ``[N]``: 0 negative, 1 neutral, 2 positive, `UNLABELLED` if unknown."""
    known = [labels.polarity[name] + 1 if name in labels.polarity else UNLABELLED for name in labels.names]
    # UNLABELLED is -1, which indexes the last entry.
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
    """Change targets of one or several dialogues.

    Args:
        emotion: class numbers from `LabelSpace.encode`; turns of a dialogue in temporal order.
        speaker: speaker number of each turn within its dialogue.
        labels: label space; its polarity defines valence, and a class without polarity has no valence.
        kind: definition of a change.
        dialogue: dialogue number of each turn; all turns belong to one dialogue if omitted.
        strict: drop a pair that spans an unlabelled turn, instead of skipping that turn.

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
        raise ValueError("A change of emotion needs class labels; these labels are a score.")
    value = valences(emotion, labels) if kind == "valence" else emotion
    number = torch.zeros_like(speaker) if dialogue is None else dialogue
    group = number if kind == "adjacent" else speaker_ids(speaker, number)
    return ChangeTargets(value, previous_turn(group, value != UNLABELLED, strict=strict))


def speaker_ids(speaker: Tensor, dialogue: Tensor) -> Tensor:
    """Speaker numbers ``[N]`` that are unique across dialogues."""
    return dialogue * (speaker.amax() + 1) + speaker if len(speaker) else speaker
