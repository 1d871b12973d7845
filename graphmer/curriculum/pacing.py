"""Pacing of a curriculum: which utterances count, from easy to hard, and with which weight."""

from typing import Annotated

from pydantic import Field
from torch import Tensor

from graphmer.curriculum.views import ranks
from graphmer.settings import Settings


class Pacing(Settings):
    """Which utterances count, from easy to hard, and with which weight."""

    initial_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Fraction of the utterances, the easiest ones, that count in the first epoch of the stage; 1 for all, as
    in HARDY-MER."""
    full_at: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Fraction of the stage's epochs after which all utterances count; until then the fraction that counts
    grows linearly."""
    hardness_weighting: Annotated[float, Field(ge=-1, le=1)] = 0.0
    """``a`` in the weight ``1 + a (2 h - 1)`` of an utterance of hardness ``h``: above 0 hard utterances
    weigh more in the loss, below 0 less; 0 in HARDY-MER."""

    def weights(self, hardness: Tensor, progress: float) -> Tensor:
        """Weight of each utterance in the loss, ``[N]``; zero for those that do not count yet.

        Args:
            hardness: ``[N]``.
            progress: fraction of the stage's epochs that are done.
        """
        share = self.initial_fraction + (1 - self.initial_fraction) * min(1.0, progress / self.full_at)
        counts = ranks(hardness) <= share
        return (1 + self.hardness_weighting * (2 * hardness - 1)) * counts
