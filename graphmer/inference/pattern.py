"""Whether the modalities of new dialogues are missing as often as in training."""

from collections.abc import Mapping
from itertools import compress

import torch
from torch import Tensor

from graphmer.dialogue import Dialogue
from graphmer.dialogue.conditions import short_name
from graphmer.nn.missing_pattern import MissingPattern, pattern_counts
from graphmer.training.model_file import TrainedModel

LEVEL = 0.001
"""Level of the test of equal shares."""

DISTANCE = 0.1
"""Smallest total variation distance that is worth a warning: of many turns any is significant."""


class PatternShift:
    """Counts of the sets of recorded modalities of new turns, against those of the training part.

    It notices that modalities are missing more or less often than in training, not that they are missing for
    other reasons: a law that changes at the same rates is not seen.

    Args:
        pattern: the part of the network that reads the missing pattern.
        modalities: of the model.
    """

    def __init__(self, pattern: MissingPattern, modalities: Mapping[str, int]) -> None:
        self.pattern = pattern
        self.modalities = tuple(modalities)
        self.counts = torch.zeros_like(pattern.counts, device="cpu")

    @classmethod
    def of(cls, trained: TrainedModel) -> "PatternShift | None":
        """Of a model that reads the missing pattern; ``None`` for any other."""
        pattern = getattr(trained.model.network, "missing_pattern", None)
        return cls(pattern, trained.widths) if isinstance(pattern, MissingPattern) else None

    def add(self, dialogue: Dialogue) -> None:
        """Count the turns of a dialogue, with its modalities in the model's order."""
        self.counts += pattern_counts(dialogue.present)

    def warning(self) -> str | None:
        """What differs from training, in one line; ``None`` if nothing does or the pattern is ignored.

        The sets differ by the test of equal shares (chi-square, level `LEVEL`) and by a total variation
        distance of at least `DISTANCE`.
        """
        if self.pattern.ignored or not self.counts.sum():
            return None
        from scipy.stats import chi2_contingency  # takes half as long to import as torch

        trained = self.pattern.counts.cpu()
        known, now = trained / trained.sum(), self.counts / self.counts.sum()
        distance = float((known - now).abs().sum() / 2)
        seen = (trained + self.counts) > 0
        if distance < DISTANCE or int(seen.sum()) < 2:
            return None
        if chi2_contingency(torch.stack([trained[seen], self.counts[seen]]).numpy()).pvalue >= LEVEL:
            return None
        most = int((now - known).abs().argmax())
        return (
            f"modalities are missing otherwise than in training: {self._set(most)} on {_percent(now, most)} "
            f"of the turns, in training on {_percent(known, most)} (total variation {distance:.2f}). If they "
            "are lost for other reasons than there, use --ignore-pattern."
        )

    def _set(self, number: int) -> str:
        chosen = list(compress(self.modalities, (number >> m & 1 for m in range(len(self.modalities)))))
        return short_name(chosen, self.modalities) if chosen else "nothing"


def _percent(shares: Tensor, number: int) -> str:
    return f"{100 * float(shares[number]):.0f} %"
