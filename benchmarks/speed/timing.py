"""Two ways of doing one thing, timed in turn, so that whatever else the machine does meets both alike."""

import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of a rate or a time."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
        return cls(float(median), float(low), float(high))


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Time of one call: wall time, or that of another clock."""
    begin = clock()
    work()
    return clock() - begin


def children() -> float:
    """Processor time of the processes that were started and have ended, of user and system."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def in_turn(
    ways: Mapping[str, Callable[[], object]],
    rounds: int,
    before: Callable[[int], None] = lambda _: None,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Spread]:
    """Seconds of each way, over `rounds` rounds of all of them, after one round that does not count.

    Args:
        ways: what is timed, by name.
        rounds: how often; the order changes from round to round.
        before: called with the number of each round before it, not timed.
        clock: of wall time, or another.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for number in range(-1, rounds):
        before(number)
        for place in range(len(names)):
            name = names[(number + place) % len(names)]
            spent = seconds(ways[name], clock)
            if number >= 0:
                taken[name].append(spent)
    return {name: Spread.of(values) for name, values in taken.items()}


def ratio(times: Mapping[str, Spread], of: str, to: str) -> dict[str, object]:
    """How many times as long one way takes as another, with what was measured."""
    return {
        "value": times[of].median / times[to].median,
        "seconds": {name: asdict(times[name]) for name in (of, to)},
    }
