from itertools import combinations, permutations

import numpy as np
import pytest

from graphmer.evaluation.change_sequences import (
    boundary_f1,
    change_error_rate,
    turns_by_speaker,
    window_difference,
)


def gaps(*texts):
    return [np.array([letter == "1" for letter in text], dtype=bool) for text in texts]


def random_gaps(seed, count=6):
    rng = np.random.default_rng(seed)
    return [rng.random(rng.integers(0, 7)) < 0.4 for _ in range(count)]


def random_predictions(target, seed):
    rng = np.random.default_rng(seed)
    return [rng.random(len(each)) < 0.4 for each in target]


def naive_matches(target, predicted, tolerance):
    """Size of the maximum one-to-one matching, by exhaustive search."""
    few, many = np.flatnonzero(target).tolist(), np.flatnonzero(predicted).tolist()
    if len(few) > len(many):
        few, many = many, few
    return max(
        sum(abs(a - b) <= tolerance for a, b in zip(few, order, strict=True))
        for chosen in combinations(many, len(few))
        for order in permutations(chosen)
    )


@pytest.mark.parametrize("tolerance", [0, 1, 2])
@pytest.mark.parametrize("seed", range(6))
def test_the_matching_of_boundaries_is_maximal(seed, tolerance):
    target = random_gaps(seed)
    predicted = random_predictions(target, seed + 50)
    hits = sum(naive_matches(t, g, tolerance) for t, g in zip(target, predicted, strict=True))
    total = sum(t.sum() + g.sum() for t, g in zip(target, predicted, strict=True))
    assert boundary_f1(target, predicted, tolerance) == pytest.approx(2 * hits / total)


def test_a_boundary_is_matched_only_once():
    assert boundary_f1(gaps("010"), gaps("101"), 1) == pytest.approx(2 / 3)
    assert boundary_f1(gaps("010"), gaps("101"), 0) == 0


def test_boundaries_of_different_speakers_are_never_matched():
    assert boundary_f1(gaps("1", "0"), gaps("0", "1"), 1) == 0


def test_boundary_f1_is_undefined_without_an_annotated_boundary():
    assert np.isnan(boundary_f1(gaps("00"), gaps("10"), 1))
    assert np.isnan(boundary_f1([], [], 0))


def naive_window_difference(target, predicted):
    differing = windows = 0
    for t, g in zip(target, predicted, strict=True):
        turns = len(t) + 1
        half = turns / (int(sum(t)) + 1) / 2
        width = max(1, int(np.floor(half + 0.5)))
        for start in range(turns - width):
            windows += 1
            differing += sum(t[start : start + width]) != sum(g[start : start + width])
    return differing / windows


@pytest.mark.parametrize("seed", range(6))
def test_window_difference_agrees_with_naive_loops(seed):
    target = random_gaps(seed)
    predicted = random_predictions(target, seed + 50)
    assert window_difference(target, predicted) == pytest.approx(naive_window_difference(target, predicted))


def test_a_near_miss_costs_less_than_a_far_one():
    target = gaps("00001000")
    assert window_difference(target, target) == 0
    near, far = (window_difference(target, gaps(text)) for text in ("00010000", "10000000"))
    assert 0 < near < far


def test_a_single_turn_has_no_window():
    assert np.isnan(window_difference(gaps("", ""), gaps("", "")))


def naive_distance(first, second):
    if not first or not second:
        return len(first) + len(second)
    if first[0] == second[0]:
        return naive_distance(first[1:], second[1:])
    rest = (first[1:], second), (first, second[1:]), (first[1:], second[1:])
    return 1 + min(naive_distance(*each) for each in rest)


def naive_collapsed(text):
    return [letter for n, letter in enumerate(text) if n == 0 or letter != text[n - 1]]


@pytest.mark.parametrize("seed", range(6))
def test_the_edit_distance_agrees_with_its_recursive_definition(seed):
    rng = np.random.default_rng(seed)
    target = [rng.integers(0, 3, size=rng.integers(1, 7)) for _ in range(5)]
    predicted = [rng.integers(0, 3, size=len(each)) for each in target]
    pairs = [
        (naive_collapsed(t.tolist()), naive_collapsed(g.tolist()))
        for t, g in zip(target, predicted, strict=True)
    ]
    expected = sum(naive_distance(t, g) for t, g in pairs) / sum(len(t) for t, _ in pairs)
    assert change_error_rate(target, predicted) == pytest.approx(expected)


def test_a_late_change_is_no_error_but_a_missed_and_a_wrong_one_are():
    target = [np.array([0, 1, 1, 1])]
    assert change_error_rate(target, [np.array([0, 0, 0, 1])]) == 0
    assert change_error_rate(target, [np.array([0, 0, 0, 0])]) == 0.5
    assert change_error_rate(target, [np.array([0, 2, 2, 2])]) == 0.5
    assert np.isnan(change_error_rate([], []))


def test_turns_are_grouped_by_speaker_in_temporal_order():
    speaker = np.array([3, 1, 3, 1, 7, 3])
    labelled = np.array([True, True, False, True, True, True])
    found = turns_by_speaker(speaker, labelled)
    assert [turns.tolist() for turns in found] == [[1, 3], [0, 5], [4]]
    assert turns_by_speaker(speaker, ~np.ones(6, dtype=bool)) == []
