"""Which training utterances are hard, and what kinds."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from graphmer.curriculum.hardness import Hardness
from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.change import change_targets
from graphmer.report.sheet import Sheet

_NOTE = "Hardness is the mean over the conditions that hide a modality, in (0, 1)."


def extremes_table(hardness: Hardness, dialogues: Sequence[Dialogue], *, count: int = 10) -> Sheet:
    """The hardest utterances and the easiest ones, the extremes first.

    Args:
        hardness: of these dialogues.
        dialogues: the training part, in its order.
        count: utterances of either kind.
    """
    value = mean_hardness(hardness)
    emotion = [label for dialogue in dialogues for label in dialogue.emotion]
    text = [words for dialogue in dialogues for words in dialogue.text]
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
    header = ("", "dialogue", "utterance", "emotion", "hardness", "rebuilding error", "consistency", "text")
    return Sheet("Hardest and easiest training utterances", header, rows, (_NOTE,))


def kinds_table(hardness: Hardness, dialogues: Sequence[Dialogue], labels: LabelSpace) -> Sheet:
    """Quartiles of the hardness by emotion, and of turns at which a speaker's emotion changes or does not.

    Args:
        hardness: of these dialogues.
        dialogues: the training part, in its order.
        labels: of classes.

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
        (kind, str(int(which.sum())), *(f"{q:.2f}" for q in _quartiles(value[which])))
        for kind, which in kinds.items()
        if bool(which.any())
    )
    header = ("utterances", "number", "lower quartile", "median", "upper quartile")
    return Sheet("Hardness by emotion and by change of emotion", header, rows, (_NOTE,))


def mean_hardness(hardness: Hardness) -> Tensor:
    """Mean over the conditions that hide a modality, ``[N]``; of a single modality, that of its presence."""
    columns = hardness.value.shape[1]
    return hardness.value[:, 1 : max(2, columns - 1)].mean(dim=1)


def _quartiles(values: Tensor) -> list[float]:
    quartiles: list[float] = values.quantile(torch.tensor([0.25, 0.5, 0.75])).tolist()
    return quartiles
