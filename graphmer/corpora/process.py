"""How emotions move through a simulated dialogue: who speaks, what stays, what is taken over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphmer.corpora.emission import Emission

_REPEAT = 0.3  # chance that a speaker goes on speaking


@dataclass(frozen=True, eq=False)
class Process:
    r"""What a simulated corpus is drawn from: how emotions move, and how they show.

    The emotion of a turn depends on its speaker's last emotion ``own`` and on the last emotion ``other`` of
    the other party, who is the most recent speaker different from this one:

    .. math:: p(c) = inertia \, [c = own] + contagion \, [c = other] + (1 - inertia - contagion) \, prior_c

    A term that does not exist yet, such as ``own`` at a speaker's first turn, gives its weight to the prior.

    Args:
        prior: probability of each emotion ``[C]``.
        inertia: weight of the speaker's own last emotion.
        contagion: weight of the other party's last emotion.
        emissions: for each modality, how it shows an emotion.

    Raises:
        ValueError: if the prior is no distribution, or a weight is negative or both sum to more than 1.
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

    def draw(self, rng: np.random.Generator, speaker: Sequence[int]) -> NDArray[np.int64]:
        """Emotions, by number, of the turns of a dialogue with these speakers ``[N]``; returns ``[N]``."""
        fresh = rng.choice(len(self.prior), size=len(speaker), p=self.prior).tolist()
        source = rng.random(len(speaker)).tolist()
        last: dict[int, int] = {}
        emotions = []
        for now, (own, other), draw, new in zip(speaker, turn_taking(speaker), source, fresh, strict=True):
            emotion = new
            if draw < self.inertia:
                emotion = last[now] if own else new
            elif draw < self.inertia + self.contagion:
                emotion = new if other is None else last[other]
            last[now] = emotion
            emotions.append(emotion)
        return np.array(emotions, dtype=np.int64)


def turn_taking(speaker: Sequence[int]) -> list[tuple[bool, int | None]]:
    """For each turn, whether its speaker spoke before, and who is the other party, ``None`` for nobody yet.

    Example:
        >>> turn_taking([0, 0, 1, 2, 0])
        [(False, None), (True, None), (False, 0), (False, 1), (True, 2)]
    """
    known: set[int] = set()
    latest: int | None = None
    other: int | None = None
    heard = []
    for now in speaker:
        if now != latest:
            latest, other = now, latest
        heard.append((now in known, other))
        known.add(now)
    return heard


def draw_speakers(rng: np.random.Generator, length: int, speakers: int) -> NDArray[np.int64]:
    """Who speaks at each turn ``[N]``: the same speaker goes on with probability 0.3, else any other one."""
    step = np.where(rng.random(length) < _REPEAT, 0, rng.integers(1, speakers, length))
    return (rng.integers(speakers) + np.cumsum(step)) % speakers


def draw_lengths(
    rng: np.random.Generator, count: int, turns: tuple[int, int], mean: float
) -> NDArray[np.int64]:
    """Numbers of turns ``[count]``: shuffled quantiles of a beta(1, b) law; the total is nearly fixed."""
    shortest, longest = turns
    if shortest == longest:
        return np.full(count, shortest)
    quantile = np.linspace(0, 1, count) if count > 1 else np.full(1, 0.5)
    power = (mean - shortest) / (longest - mean)  # 1 / b
    lengths = shortest + (longest - shortest) * (1 - (1 - quantile) ** power)
    return rng.permutation(np.rint(lengths).astype(np.int64))
