"""Coordinate search of the hyper-parameters of a curriculum on the validation part."""

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Hyperparameters:
    """Hyper-parameters of a curriculum that can be searched.

    Args:
        support: weight of the loss of the supports.
        k: most supports of an utterance.
        initial_fraction: fraction of the utterances that count when the stage begins.
    """

    support: float
    k: int
    initial_fraction: float

    def scaled(self, name: str, factor: float, space: "SearchSpace") -> "Hyperparameters":
        """One of them times a factor, within its bounds."""
        low, high = getattr(space, name)
        value = min(max(getattr(self, name) * factor, low), high)
        return replace(self, **{name: round(value) if name == "k" else value})


@dataclass(frozen=True)
class SearchSpace:
    """Lowest and highest value of each hyper-parameter; one whose bounds are equal is not searched."""

    support: tuple[float, float] = (0.125, 4.0)
    k: tuple[int, int] = (1, 20)
    initial_fraction: tuple[float, float] = (0.125, 1.0)

    @property
    def start(self) -> Hyperparameters:
        """Start of every search in this space, so that the result does not depend on given values."""
        support, k, initial_fraction = (
            min(max(getattr(START, name), low), high) for name, (low, high) in vars(self).items()
        )
        return Hyperparameters(support, k, initial_fraction)


START = Hyperparameters(support=1.0, k=5, initial_fraction=0.5)
"""HARDY-MER's weight, our number of supports, and half of the utterances at first."""


def search(
    space: SearchSpace, score: Callable[[Hyperparameters], float]
) -> tuple[Hyperparameters, list[float]]:
    """Coordinate search: each hyper-parameter in turn is halved or doubled as long as the score rises.

    Deterministic; it begins at the `start` of the space.

    Args:
        space: bounds of the search.
        score: validation score after a short training with some hyper-parameters; higher is better.

    Returns:
        the best hyper-parameters, and the scores of all trials in their order.

    Example:
        >>> best, scores = search(SearchSpace(), lambda tried: -abs(tried.support - 2))
        >>> best, len(scores)
        (Hyperparameters(support=2.0, k=5, initial_fraction=0.5), 8)
    """
    best = space.start
    scores = [score(best)]
    highest = scores[0]
    for name in ("support", "k", "initial_fraction"):
        for factor in (0.5, 2.0):
            begin = best
            while (candidate := best.scaled(name, factor, space)) != best:
                scores.append(score(candidate))
                if scores[-1] <= highest:
                    break
                best, highest = candidate, scores[-1]
            if best != begin:  # what improved by halving need not be doubled
                break
    return best, scores
