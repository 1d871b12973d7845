import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from graphmer.evaluation.change_dynamics import autocorrelation, contagion, inertia, transition_error
from tests.evaluation.speech import naive_pairs, random_speech


def random_pairs(seed, count=40, classes=4):
    return np.random.default_rng(seed).integers(0, classes, size=(count, 2))


def test_inertia_is_the_fraction_of_turns_that_keep_the_emotion():
    pairs = np.array([[0, 0], [0, 1], [0, 0], [1, 0]])
    found = inertia(pairs, 3)
    assert found[:2] == pytest.approx([2 / 3, 0])
    assert np.isnan(found[2])


def test_autocorrelation_is_a_pearson_correlation():
    pairs = random_pairs(0)
    assert autocorrelation(pairs) == pytest.approx(np.corrcoef(pairs[:, 0], pairs[:, 1])[0, 1])
    assert autocorrelation(np.array([[0, 0], [1, 1], [2, 2]])) == pytest.approx(1)


@pytest.mark.parametrize("pairs", [np.zeros((0, 2)), np.array([[1, 0], [1, 2]]), np.array([[1, 1]])])
def test_the_autocorrelation_of_a_constant_is_undefined(pairs):
    assert np.isnan(autocorrelation(pairs))


def test_contagion_is_the_difference_to_shuffled_labels():
    speech = random_speech(3, dialogues=4)
    rows = naive_pairs(speech, any_speaker=True)
    emotion, speaker, dialogue = (x.numpy() for x in (speech.target, speech.speaker, speech.dialogue))
    previous, turn = (np.array([row[n] for row in rows]) for n in (1, 2))

    def value(labels):
        return np.mean(
            [labels[k] == labels[t] and speaker[k] != speaker[t] for k, t in zip(previous, turn, strict=True)]
        )

    rng = np.random.default_rng(0)
    shuffled = []
    for _ in range(3000):
        labels = emotion.copy()
        for number in range(4):
            positions = np.flatnonzero((dialogue == number) & (emotion != -1))
            labels[positions] = rng.permutation(labels[positions])
        shuffled.append(value(labels))
    found = contagion(emotion, speaker, dialogue, turn, previous)
    assert found == pytest.approx(value(emotion) - np.mean(shuffled), abs=0.006)


def test_contagion_is_positive_where_speakers_copy_the_preceding_emotion():
    turns = np.arange(8)
    emotion, speaker = np.array([0, 0, 1, 1, 2, 2, 3, 3]), turns % 2
    assert contagion(emotion, speaker, np.zeros(8, dtype=int), turns[1:], turns[:-1]) > 0.3
    assert contagion(emotion, np.zeros(8), np.zeros(8, dtype=int), turns[1:], turns[:-1]) == 0


def test_contagion_is_undefined_without_adjacent_turns():
    none = np.zeros(0, dtype=int)
    assert np.isnan(contagion(np.array([1]), np.array([0]), np.array([0]), none, none))


@pytest.mark.parametrize("seed", range(4))
def test_transition_error_agrees_with_scipy(seed):
    target, predicted = random_pairs(seed), random_pairs(seed + 9)
    rows = [[np.bincount(p[p[:, 0] == c, 1], minlength=4) for c in range(4)] for p in (target, predicted)]
    # scipy returns the square root of the divergence
    expected = np.mean([jensenshannon(t, g, base=2) ** 2 for t, g in zip(*rows, strict=True)])
    assert transition_error(target, predicted, 4) == pytest.approx(expected)


def test_a_row_that_is_never_predicted_has_a_divergence_of_one():
    target = np.array([[0, 1], [1, 1]])
    assert transition_error(target, target, 3) == 0
    assert transition_error(target, np.array([[0, 1], [2, 2]]), 3) == 0.5
    assert np.isnan(transition_error(target[:0], target[:0], 3))
