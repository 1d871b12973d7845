"""Tables of the hardness of training utterances."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from graphmer.curriculum.hardness import Hardness
from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.change import change_targets
from graphmer.report.sheet import Sheet

_NOTE = "Hardness is the mean over the conditions that hide a modality, in (0, 1)."


def extremes_table(hardness: Hardness, dialogues: Sequence[Dialogue], *, count: int = 10) -> Sheet:
    """Table of the hardest and the easiest training utterances, the extremes first.

    Args:
        hardness: hardness of the utterances of these dialogues.
        dialogues: dialogues of the training part, in order.
        count: number of hardest and of easiest utterances.
    """
    value = mean_hardness(hardness)
    emotion = [label for dialogue in dialogues for label in dialogue.emotion]
    text = [transcript for dialogue in dialogues for transcript in dialogue.text]
    order = value.argsort(descending=True, stable=True).tolist()
    chosen = [("hardest", row) for row in order[:count]] + [("easiest", row) for row in order[::-1][:count]]
    rows = tuple(
        (
            kind,
            hardness.dialogues[row],
            hardness.utterances[row],
            str(emotion[row] or "-"),
            f"{value[row]:.2f}",
            f"{hardness.direct[row, 1:-1].mean():.2f}",
            f"{hardness.indirect[row]:.2f}",
            (text[row] or "-")[:60],
        )
        for kind, row in chosen
    )
    header = (
        "",
        "dialogue",
        "utterance",
        "emotion",
        "hardness",
        "reconstruction error",
        "consistency",
        "text",
    )
    return Sheet("Hardest and easiest training utterances", header, rows, (_NOTE,))


def kinds_table(hardness: Hardness, dialogues: Sequence[Dialogue], labels: LabelSpace) -> Sheet:
    """Table of the quartiles of the hardness, by emotion and by change of the speaker's emotion.

    Args:
        hardness: hardness of the utterances of these dialogues.
        dialogues: dialogues of the training part, in order.
        labels: label space of classes.

    Raises:
        ValueError: if the labels are a score.
    """
    value = mean_hardness(hardness)
    encoded = [labels.encode(dialogue.emotion) for dialogue in dialogues]
    found = [change_targets(e, d.speaker, labels) for e, d in zip(encoded, dialogues, strict=True)]
    emotion = torch.cat(encoded)
    shift, eligible = torch.cat([f.shift for f in found]), torch.cat([f.eligible for f in found])
    kinds: Mapping[str, Tensor] = {
        **{name: emotion == number for number, name in enumerate(labels.names)},
        "unlabelled": emotion < 0,
        "change": eligible & shift,
        "no change": eligible & ~shift,
        "all": torch.ones_like(eligible),
    }
    rows = tuple(
        (kind, str(int(chosen.sum())), *(f"{q:.2f}" for q in _quartiles(value[chosen])))
        for kind, chosen in kinds.items()
        if bool(chosen.any())
    )
    header = ("utterances", "number", "lower quartile", "median", "upper quartile")
    return Sheet("Hardness by emotion and by change of emotion", header, rows, (_NOTE,))


def mean_hardness(hardness: Hardness) -> Tensor:
    """Mean hardness over the conditions that hide a modality, ``[N]``.

    With a single modality it is the hardness under the condition in which the modality is available.
    """
    columns = hardness.value.shape[1]
    return hardness.value[:, 1 : max(2, columns - 1)].mean(dim=1)


def _quartiles(values: Tensor) -> list[float]:
    quartiles: list[float] = values.quantile(torch.tensor([0.25, 0.5, 0.75])).tolist()
    return quartiles
