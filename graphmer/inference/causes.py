"""Turns that speak for a change or an emotion: by the cause head, or by leaving turns out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Measure = Literal["probability", "probability_drop"]
"""``probability``: of being a cause, by a model's cause head. ``probability_drop``: how much the probability
of the change, or of the predicted emotion where nothing changes, falls when the turn is left out."""

NEUTRAL = ("neutral", "no emotion", "none", "other", "others")
"""Names of classes that are no emotion; turns of these have causes only where they are a change."""

WINDOW = 10
"""How many turns before a turn are left out to explain it."""
SHARE = 0.5
"""Share of the largest fall from which a turn is called a cause, too."""
LEAST = 0.02
"""Smallest fall of a cause."""


@dataclass(frozen=True, eq=False)
class Causes:
    """Possible causes of the emotion or the change at each turn.

    Attributes:
        measure: what the scores are.
        score: of the turn ``k`` turns before, in column ``k``; NaN where there is none.
        called: whether this turn is called a cause.

    Shapes:
        score float, called bool ``[N, W + 1]``.
    """

    measure: Measure
    score: Tensor
    called: Tensor

    def of(self, turn: int) -> list[tuple[int, float]]:
        """Position and score of the called causes of a turn, the highest score first."""
        found = [
            (turn - distance, float(self.score[turn, distance]))
            for distance in self.called[turn].nonzero()[:, 0].tolist()
        ]
        return sorted(found, key=lambda cause: -cause[1])


def left_out(full: Tensor, without: Mapping[int, Tensor], window: int = WINDOW) -> Causes:
    """Causes by leaving turns out: those without which the explained probability falls most.

    The turn of the largest fall is called a cause, if that is `LEAST` or more, and so are those with at least
    `SHARE` of it.

    Args:
        full: explained probability of each turn in the complete dialogue, such as that of its change.
        without: the same without each turn, by the position of the one that was left out; a turn that is not
            there makes no difference.
        window: largest number of turns between a turn and its cause.

    Shapes:
        full and the values of without float ``[N]``.
    """
    score = torch.full((len(full), window + 1), torch.nan)
    for source in range(len(full)):
        later = full[source : source + window + 1]
        rest = without[source][source : source + window + 1] if source in without else later
        distance = torch.arange(len(later))
        score[source + distance, distance] = later - rest
    known = score.nan_to_num(nan=-torch.inf)
    largest = known.amax(dim=1, keepdim=True).clamp_min(LEAST / SHARE)
    return Causes("probability_drop", score, known >= SHARE * largest)
