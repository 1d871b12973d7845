from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics

from graphmer.dialogue import LabelSpace
from graphmer.errors import CheckpointError
from graphmer.evaluation.change_statistics import (
    DIRECT_METRICS,
    DIRECT_STATISTICS,
    HISTORIES,
    SHIFT_METRICS,
    STATISTICS,
    pairs_of,
    shift_metrics,
    shift_statistics,
)
from tests.evaluation.speech import EMOTIONS, naive_pairs, random_speech, spoken, with_change


def counted(predictions, **options):
    pairs = pairs_of(predictions, EMOTIONS, **options)
    return shift_statistics(pairs, predictions.dialogue.numpy(), len(predictions.dialogue_ids))


def measured(text, **options):
    return {key: float(v) for key, v in shift_metrics(counted(spoken(text), **options).sum(axis=0)).items()}


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("seed", range(8))
def test_counts_and_metrics_agree_with_scikit_learn(seed, history):
    predictions = random_speech(seed)
    rows = naive_pairs(predictions, history)
    found = {k: float(v) for k, v in shift_metrics(counted(predictions, history=history).sum(axis=0)).items()}
    target = [pair[0] != pair[1] for *_, pair, _ in rows]
    predicted = [pair[0] != pair[1] for *_, pair in rows]
    match = [one == other for *_, one, other in rows]
    assert set(found) == set(SHIFT_METRICS)
    assert found["prevalence"] == pytest.approx(np.mean(target))
    assert found["always_shift_f1"] == pytest.approx(metrics.f1_score(target, [True] * len(target)))
    assert found["precision"] == pytest.approx(metrics.precision_score(target, predicted))
    assert found["recall"] == pytest.approx(metrics.recall_score(target, predicted))
    assert found["f1"] == pytest.approx(metrics.f1_score(target, predicted))
    assert found["mcc"] == pytest.approx(metrics.matthews_corrcoef(target, predicted))
    assert found["kappa"] == pytest.approx(metrics.cohen_kappa_score(target, predicted))
    assert found["pair_match"] == pytest.approx(np.mean(match))
    assert found["pair_match_on_shifts"] == pytest.approx(np.mean(np.array(match)[target]))


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("seed", range(4))
def test_direct_and_derived_predictions_are_counted_separately(seed, history):
    predictions = with_change(random_speech(seed), seed)
    counts = counted(predictions, history=history)
    assert counts.shape[1] == STATISTICS + DIRECT_STATISTICS
    found = {name: float(value) for name, value in shift_metrics(counts.sum(axis=0)).items()}
    assert set(found) == {*SHIFT_METRICS, *DIRECT_METRICS}
    rows = naive_pairs(predictions, history)
    target = [pair[0] != pair[1] for *_, pair, _ in rows]
    derived = [pair[0] != pair[1] for *_, pair in rows]
    direct = [bool(predictions.changed[turn]) for _, _, turn, _, _ in rows]
    assert found["mcc"] == pytest.approx(metrics.matthews_corrcoef(target, derived))
    assert found["direct_precision"] == pytest.approx(metrics.precision_score(target, direct))
    assert found["direct_recall"] == pytest.approx(metrics.recall_score(target, direct))
    assert found["direct_f1"] == pytest.approx(metrics.f1_score(target, direct))
    assert found["direct_mcc"] == pytest.approx(metrics.matthews_corrcoef(target, direct))
    assert found["direct_kappa"] == pytest.approx(metrics.cohen_kappa_score(target, direct))
    differ = [one != other for one, other in zip(derived, direct, strict=True)]
    assert found["disagreement"] == pytest.approx(np.mean(differ))


def test_counts_belong_to_their_dialogue():
    counts = counted(spoken("A00 A11 A11 | B01 B11 B00 | A22"))
    assert counts.shape == (3, STATISTICS)
    assert counts.tolist() == [[1, 0, 0, 1, 2, 1], [1, 0, 1, 0, 1, 1], [0] * 6]


def test_a_wrong_previous_emotion_affects_the_next_turn_unless_history_is_gold():
    text = "A01 A11"
    assert measured(text)["recall"] == 0
    assert measured(text, history="gold")["recall"] == 1
    assert measured(text, history="gold")["pair_match_on_shifts"] == 1


@pytest.mark.parametrize("text", ["A00 A10 A10 B00 B00", "A00 A11 A10 B00 B01"])
def test_a_constant_prediction_has_no_agreement_beyond_chance(text):
    found = measured(text)
    assert (found["mcc"], found["kappa"]) == (0, 0)


def test_always_predicting_a_shift_gives_the_always_shift_f1():
    found = measured("A00 A11 A10 A01 A10")
    assert found["f1"] == found["always_shift_f1"]
    assert found["recall"] == 1


def test_without_an_eligible_turn_all_metrics_are_undefined():
    assert all(np.isnan(value) for value in measured("A00 B11 | A22 B-1").values())


def test_without_a_shift_the_metrics_of_shifts_are_undefined():
    found = measured("A00 A01 A00")
    assert found["prevalence"] == 0
    assert found["precision"] == 0
    assert found["pair_match"] == 0
    for name in ("always_shift_f1", "recall", "f1", "mcc", "kappa", "pair_match_on_shifts"):
        assert np.isnan(found[name])


def test_precision_is_undefined_where_no_shift_is_predicted():
    found = measured("A00 A10 A10")
    assert np.isnan(found["precision"])
    assert (found["recall"], found["f1"]) == (0, 0)


def test_metrics_accept_any_leading_axes():
    counts = np.stack([counted(random_speech(seed)) for seed in range(3)])[:, None]
    both = shift_metrics(counts.sum(axis=2))
    assert both["mcc"].shape == (3, 1)
    assert both["mcc"][1, 0] == shift_metrics(counts[1, 0].sum(axis=0))["mcc"]


def test_kinds_differ_in_what_they_compare():
    predictions = spoken("A10 B20 A00 A12")
    assert pairs_of(predictions, EMOTIONS).target.tolist() == [[1, 0], [0, 1]]
    assert pairs_of(predictions, EMOTIONS, kind="adjacent").target.tolist() == [[1, 2], [2, 0], [0, 1]]
    valence = pairs_of(predictions, EMOTIONS, kind="valence")
    assert (valence.target.tolist(), valence.predicted.tolist()) == ([[2, 1], [1, 2]], [[1, 1], [1, 0]])


def test_predictions_without_speakers_or_of_a_score_have_no_changes():
    predictions = spoken("A00 A11")
    with pytest.raises(CheckpointError, match="need the speaker of every turn; predictions under 'at'"):
        pairs_of(replace(predictions, speaker=None), EMOTIONS)
    with pytest.raises(ValueError, match="labels are a score"):
        pairs_of(predictions, LabelSpace(interval=(-3, 3)))
