import pytest
from sklearn.metrics import confusion_matrix

from graphmer.report.matrices import matrices
from tests.evaluation.speech import EMOTIONS, naive_pairs, random_speech, spoken


def test_transitions_lead_from_a_speakers_previous_emotion():
    (found,) = matrices({(1, "1", "at"): spoken("A00 B22 A11 A10")}, EMOTIONS).values()
    assert found["annotated"] == [[0, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert found["predicted"] == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert found["confusion"] == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize("seed", range(3))
def test_counts_agree_with_scikit_learn_and_a_search_backwards(seed):
    predictions = random_speech(seed)
    (found,) = matrices({(1, "1", "at"): predictions}, EMOTIONS).values()
    known = predictions.target != -1
    expected = confusion_matrix(predictions.target[known], predictions.predicted[known], labels=[0, 1, 2])
    assert found["confusion"] == expected.tolist()
    rows = naive_pairs(predictions)
    for row in range(3):
        for column in range(3):
            assert found["annotated"][row][column] == sum(pair == (row, column) for *_, pair, _ in rows)
            assert found["predicted"][row][column] == sum(pair == (row, column) for *_, pair in rows)


def test_seeds_and_folds_are_added_up():
    one, two = spoken("A00 A11"), spoken("A01 A11", prefix="e")
    found = matrices({(1, "1", "at"): one, (1, "2", "at"): two, (2, "1", "at"): one}, EMOTIONS)
    assert list(found) == ["at"]
    assert found["at"]["confusion"] == [[2, 1, 0], [0, 3, 0], [0, 0, 0]]
