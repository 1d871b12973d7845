"""Settings of a curriculum that find their own value on the validation part."""

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Knobs:
    """The settings that are tuned.

    Args:
        support: weight of the loss of the supports.
        k: most supports of an utterance.
        opening: fraction of the utterances that count when the stage begins.
    """

    support: float
    k: int
    opening: float

    def moved(self, knob: str, factor: float, limits: "Limits") -> "Knobs":
        """One knob times a factor, within its limits."""
        low, high = getattr(limits, knob)
        value = min(max(getattr(self, knob) * factor, low), high)
        return replace(self, **{knob: round(value) if knob == "k" else value})


@dataclass(frozen=True)
class Limits:
    """Lowest and highest value of each knob; equal ones are not tuned."""

    support: tuple[float, float] = (0.125, 4.0)
    k: tuple[int, int] = (1, 20)
    opening: tuple[float, float] = (0.125, 1.0)

    @property
    def start(self) -> Knobs:
        """Where every search within these limits begins, so that what is found depends on nothing given."""
        support, k, opening = (
            min(max(getattr(START, knob), low), high) for knob, (low, high) in vars(self).items()
        )
        return Knobs(support, k, opening)


START = Knobs(support=1.0, k=5, opening=0.5)
"""HARDY-MER's weight, our number of supports, and half of the utterances at first."""


def tuned(limits: Limits, score: Callable[[Knobs], float]) -> tuple[Knobs, list[float]]:
    """The knobs after each was halved or doubled, one after the other, as long as the score rose.

    Deterministic; it begins in the `start` of its limits.

    Args:
        limits: of the search.
        score: validation score after a short training with some knobs; higher is better.

    Returns:
        the best knobs, and the scores of all trials in their order.

    Example:
        >>> best, scores = tuned(Limits(), lambda knobs: -abs(knobs.support - 2))
        >>> best, len(scores)
        (Knobs(support=2.0, k=5, opening=0.5), 8)
    """
    best = limits.start
    scores = [score(best)]
    highest = scores[0]
    for knob in ("support", "k", "opening"):
        for factor in (0.5, 2.0):
            begin = best
            while (candidate := best.moved(knob, factor, limits)) != best:
                scores.append(score(candidate))
                if scores[-1] <= highest:
                    break
                best, highest = candidate, scores[-1]
            if best != begin:  # what rose by halving need not be doubled
                break
    return best, scores
