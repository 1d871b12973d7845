"""Settings of a curriculum that find their own value on the validation part."""

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Hyperparameters:
    """The settings that are tuned.

    Args:
        support: weight of the loss of the supports.
        k: most supports of an utterance.
        initial_fraction: fraction of the utterances that count when the stage begins.
    """

    support: float
    k: int
    initial_fraction: float

    def moved(self, name: str, factor: float, limits: "SearchSpace") -> "Hyperparameters":
        """One name times a factor, within its limits."""
        low, high = getattr(limits, name)
        value = min(max(getattr(self, name) * factor, low), high)
        return replace(self, **{name: round(value) if name == "k" else value})


@dataclass(frozen=True)
class SearchSpace:
    """Lowest and highest value of each name; equal ones are not tuned."""

    support: tuple[float, float] = (0.125, 4.0)
    k: tuple[int, int] = (1, 20)
    initial_fraction: tuple[float, float] = (0.125, 1.0)

    @property
    def start(self) -> Hyperparameters:
        """Where every search within these limits begins, so that what is found depends on nothing given."""
        support, k, initial_fraction = (
            min(max(getattr(START, name), low), high) for name, (low, high) in vars(self).items()
        )
        return Hyperparameters(support, k, initial_fraction)


START = Hyperparameters(support=1.0, k=5, initial_fraction=0.5)
"""HARDY-MER's weight, our number of supports, and half of the utterances at first."""


def tuned(
    limits: SearchSpace, score: Callable[[Hyperparameters], float]
) -> tuple[Hyperparameters, list[float]]:
    """The hyperparameters after each was halved or doubled, one after the other, as long as the score rose.

    Deterministic; it begins in the `start` of its limits.

    Args:
        limits: of the search.
        score: validation score after a short training with some hyperparameters; higher is better.

    Returns:
        the best hyperparameters, and the scores of all trials in their order.

    Example:
        >>> best, scores = tuned(SearchSpace(), lambda hyperparameters: -abs(hyperparameters.support - 2))
        >>> best, len(scores)
        (Hyperparameters(support=2.0, k=5, initial_fraction=0.5), 8)
    """
    best = limits.start
    scores = [score(best)]
    highest = scores[0]
    for name in ("support", "k", "initial_fraction"):
        for factor in (0.5, 2.0):
            begin = best
            while (candidate := best.moved(name, factor, limits)) != best:
                scores.append(score(candidate))
                if scores[-1] <= highest:
                    break
                best, highest = candidate, scores[-1]
            if best != begin:  # what rose by halving need not be doubled
                break
    return best, scores
