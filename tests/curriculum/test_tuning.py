import math

from graphmer.curriculum.tuning import START, Knobs, Limits, tuned


def smooth(knobs):
    """Best at a support of 2, 10 supports, and all utterances at first."""
    return -(math.log2(knobs.support / 2) ** 2 + math.log2(knobs.k / 10) ** 2 + math.log2(knobs.opening) ** 2)


def test_the_best_within_reach_of_halves_and_doubles_is_found():
    best, scores = tuned(Limits(), smooth)
    assert best == Knobs(2.0, 10, 1.0)
    assert max(scores) == smooth(best) == 0


def test_nothing_leaves_its_limits_and_fixed_ones_stay():
    tried = []

    def score(knobs):
        tried.append(knobs)
        return knobs.support + knobs.k

    best, _ = tuned(Limits((0.5, 4.0), (2, 8), (0.7, 0.7)), score)
    assert best == Knobs(4.0, 8, 0.7)
    assert all(0.5 <= t.support <= 4 and 2 <= t.k <= 8 and t.opening == 0.7 for t in tried)


def test_a_flat_score_changes_nothing():
    best, scores = tuned(Limits(), lambda knobs: 0.0)
    assert best == START
    assert len(scores) == 7
