"""Generative process of simulated dialogues: turn-taking, emotional inertia and contagion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphmer.corpora.emission import Emission

_REPEAT = 0.3  # probability that a speaker also has the next turn


@dataclass(frozen=True, eq=False)
class Process:
    r"""Generative process of a simulated corpus: transitions of emotions, and emissions of features.

    The emotion ``c`` of a turn depends on the last emotion ``own`` of its speaker, and on the last emotion
    ``other`` of the most recent other speaker:

    .. math:: p(c) = inertia \, [c = own] + contagion \, [c = other] + (1 - inertia - contagion) \, prior_c

    The weight of an undefined term, such as ``own`` at the first turn of a speaker, is added to the prior.

    Args:
        prior: probability of each emotion ``[C]``.
        inertia: weight of the last emotion of the speaker.
        contagion: weight of the last emotion of the most recent other speaker.
        emissions: emission distribution of each modality.

    Raises:
        ValueError: if the prior is not a distribution, a weight is negative, or the weights sum to more than
            1.
    """

    prior: NDArray[np.float64]
    inertia: float
    contagion: float
    emissions: Mapping[str, Emission]

    def __post_init__(self) -> None:
        if not (np.all(self.prior > 0) and np.isclose(self.prior.sum(), 1)):
            raise ValueError(f"The prior over emotions must be positive and sum to 1; got {self.prior}.")
        if min(self.inertia, self.contagion) < 0 or self.inertia + self.contagion > 1:
            raise ValueError(
                "`inertia` and `contagion` must be fractions >= 0 that sum to at most 1; "
                f"got {self.inertia} and {self.contagion}."
            )

    def sample(self, rng: np.random.Generator, speaker: Sequence[int]) -> NDArray[np.int64]:
        """Sample the emotion numbers ``[N]`` of a dialogue with these speakers ``[N]``."""
        fresh = rng.choice(len(self.prior), size=len(speaker), p=self.prior).tolist()
        uniform = rng.random(len(speaker)).tolist()
        last: dict[int, int] = {}
        emotions = []
        for now, (own, other), u, new in zip(speaker, turn_taking(speaker), uniform, fresh, strict=True):
            emotion = new
            if u < self.inertia:
                emotion = last[now] if own else new
            elif u < self.inertia + self.contagion:
                emotion = new if other is None else last[other]
            last[now] = emotion
            emotions.append(emotion)
        return np.array(emotions, dtype=np.int64)


def turn_taking(speaker: Sequence[int]) -> list[tuple[bool, int | None]]:
    """Whether the speaker of each turn has an earlier turn, and the most recent other speaker or ``None``.

    Example:
        >>> turn_taking([0, 0, 1, 2, 0])
        [(False, None), (True, None), (False, 0), (False, 1), (True, 2)]
    """
    known: set[int] = set()
    latest: int | None = None
    other: int | None = None
    turns = []
    for now in speaker:
        if now != latest:
            latest, other = now, latest
        turns.append((now in known, other))
        known.add(now)
    return turns


def sample_speakers(rng: np.random.Generator, length: int, speakers: int) -> NDArray[np.int64]:
    """Sample speakers ``[N]``: the previous speaker with probability 0.3, otherwise any other speaker."""
    step = np.where(rng.random(length) < _REPEAT, 0, rng.integers(1, speakers, length))
    return (rng.integers(speakers) + np.cumsum(step)) % speakers


def sample_lengths(
    rng: np.random.Generator, count: int, turns: tuple[int, int], mean: float
) -> NDArray[np.int64]:
    """Sample dialogue lengths ``[count]``: shuffled quantiles of a beta(1, b) distribution.

    Because of the quantiles, the total is nearly constant.
    """
    shortest, longest = turns
    if shortest == longest:
        return np.full(count, shortest)
    quantile = np.linspace(0, 1, count) if count > 1 else np.full(1, 0.5)
    power = (mean - shortest) / (longest - mean)  # 1 / b
    lengths = shortest + (longest - shortest) * (1 - (1 - quantile) ** power)
    return rng.permutation(np.rint(lengths).astype(np.int64))
