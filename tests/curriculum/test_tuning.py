import math

from graphmer.curriculum.tuning import START, Hyperparameters, SearchSpace, search


def smooth(hyperparameters):
    """Best at a support of 2, 10 supports, and all utterances at first."""
    return -(
        math.log2(hyperparameters.support / 2) ** 2
        + math.log2(hyperparameters.k / 10) ** 2
        + math.log2(hyperparameters.initial_fraction) ** 2
    )


def test_the_best_within_reach_of_halves_and_doubles_is_found():
    best, scores = search(SearchSpace(), smooth)
    assert best == Hyperparameters(2.0, 10, 1.0)
    assert max(scores) == smooth(best) == 0


def test_nothing_leaves_its_limits_and_fixed_ones_stay():
    tried = []

    def score(hyperparameters):
        tried.append(hyperparameters)
        return hyperparameters.support + hyperparameters.k

    best, _ = search(SearchSpace((0.5, 4.0), (2, 8), (0.7, 0.7)), score)
    assert best == Hyperparameters(4.0, 8, 0.7)
    assert all(0.5 <= t.support <= 4 and 2 <= t.k <= 8 and t.initial_fraction == 0.7 for t in tried)


def test_a_flat_score_changes_nothing():
    best, scores = search(SearchSpace(), lambda hyperparameters: 0.0)
    assert best == START
    assert len(scores) == 7
