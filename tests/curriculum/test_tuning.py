import math

import pytest

from graphmer.curriculum.tuning import Knobs, Limits, tuned


def smooth(knobs):
    """Best at a support of 1, 4 supports, and half of the utterances at first."""
    return -(math.log2(knobs.support) ** 2 + math.log2(knobs.k / 4) ** 2 + math.log2(2 * knobs.opening) ** 2)


@pytest.mark.parametrize("factor", [0.25, 0.5, 1.0, 2.0, 4.0])
def test_a_start_that_is_off_by_a_factor_ends_in_the_same_place(factor):
    start = Knobs(factor, round(4 * factor), min(1.0, 0.5 * factor))
    best, scores = tuned(start, Limits(), smooth)
    assert best == Knobs(1.0, 4, 0.5)
    assert max(scores) == smooth(best) == 0


def test_nothing_leaves_its_limits_and_fixed_ones_stay():
    tried = []

    def score(knobs):
        tried.append(knobs)
        return knobs.support + knobs.k

    best, _ = tuned(Knobs(1.0, 5, 0.7), Limits((0.5, 4.0), (2, 8), (0.7, 0.7)), score)
    assert best == Knobs(4.0, 8, 0.7)
    assert all(0.5 <= t.support <= 4 and 2 <= t.k <= 8 and t.opening == 0.7 for t in tried)


def test_a_flat_score_changes_nothing():
    start = Knobs(1.0, 5, 0.5)
    best, scores = tuned(start, Limits(), lambda knobs: 0.0)
    assert best == start
    assert len(scores) == 7
