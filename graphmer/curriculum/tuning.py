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


def tuned(start: Knobs, limits: Limits, score: Callable[[Knobs], float]) -> tuple[Knobs, list[float]]:
    """The knobs after each was halved or doubled, one after the other, as long as the score rose.

    Deterministic; a start that is off by a factor costs a few more trials.

    Args:
        start: where the search begins.
        limits: of the search.
        score: validation score after a short training with some knobs; higher is better.

    Returns:
        the best knobs, and the scores of all trials in their order.

    Example:
        >>> best, scores = tuned(Knobs(0.5, 5, 1.0), Limits(), lambda knobs: -abs(knobs.support - 2))
        >>> best, len(scores)
        (Knobs(support=2.0, k=5, opening=1.0), 8)
    """
    best, scores = start, [score(start)]
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
