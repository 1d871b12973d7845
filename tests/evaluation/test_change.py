from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics

from graphmer.dialogue import LabelSpace
from graphmer.evaluation.calibration import calibration_error
from graphmer.evaluation.change import change_metrics, ranking
from graphmer.evaluation.change_statistics import DIRECT_METRICS, HISTORIES, SHIFT_METRICS
from graphmer.evaluation.predictions import Predictions
from tests.evaluation.speech import EMOTIONS, naive_pairs, random_speech, spoken, with_change


def measured(text, **options):
    return change_metrics(spoken(text), EMOTIONS, **options)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ties", [False, True])
def test_ranking_agrees_with_scikit_learn(seed, ties):
    rng = np.random.default_rng(seed)
    score = rng.integers(0, 5, 60) / 4 if ties else rng.random(60)
    target = rng.random(60) < 0.3
    found = ranking(target, score)
    assert found["ap"] == pytest.approx(metrics.average_precision_score(target, score))
    assert found["auroc"] == pytest.approx(metrics.roc_auc_score(target, score))


def test_ranking_is_undefined_without_positive_or_negative_cases():
    score = np.array([0.2, 0.7])
    assert all(np.isnan(value) for value in ranking(np.array([False, False]), score).values())
    found = ranking(np.array([True, True]), score)
    assert found["ap"] == 1
    assert np.isnan(found["auroc"])


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("seed", range(4))
def test_ranking_and_weighted_f1_agree_with_scikit_learn(seed, history):
    speech = random_speech(seed)
    rows = naive_pairs(speech, history)
    found = change_metrics(speech, EMOTIONS, history=history)
    output = speech.output.numpy()
    shift = np.array([pair[0] != pair[1] for *_, pair, _ in rows])
    before = [output[k] if history == "predicted" else np.eye(3)[pair[0]] for _, k, _, pair, _ in rows]
    score = [1 - float(b @ output[row[2]]) for b, row in zip(before, rows, strict=True)]
    assert found["ap"] == pytest.approx(metrics.average_precision_score(shift, score))
    assert found["auroc"] == pytest.approx(metrics.roc_auc_score(shift, score))

    def weighted(target, predicted):
        kinds = sorted(set(target))
        return metrics.f1_score(target, predicted, labels=kinds, average="weighted", zero_division=0)

    target, predicted = (["-".join(map(str, row[n])) for row in rows] for n in (3, 4))
    assert found["pair_weighted_f1"] == pytest.approx(weighted(target, predicted))
    turns = np.array([row[2] for row in rows])
    labelled = np.flatnonzero(speech.target.numpy() != -1)
    parts = {
        "on_shifts": turns[shift],
        "without_shift": turns[~shift],
        "at_first": np.setdiff1d(labelled, turns),
    }
    for name, chosen in parts.items():
        expected = weighted(speech.target.numpy()[chosen].tolist(), speech.predicted.numpy()[chosen].tolist())
        assert found[f"emotion_f1_{name}"] == pytest.approx(expected)


@pytest.mark.parametrize("history", HISTORIES)
def test_a_boundary_without_tolerance_is_a_shift(history):
    for seed in range(5):
        found = change_metrics(random_speech(seed), EMOTIONS, history=history)
        assert found["boundary_f1_0"] == pytest.approx(found["f1"])
        assert found["boundary_f1_1"] >= found["boundary_f1_0"]


def test_perfect_predictions_have_the_best_value_of_every_metric():
    found = measured("A00 B11 A11 B11 A22 B00 | A00 A00 B22 A22")
    for name in ("f1", "mcc", "kappa", "pair_match", "pair_weighted_f1", "boundary_f1_1", "valence_mcc"):
        assert found[name] == pytest.approx(1)
    for name in ("window_difference", "change_error_rate", "transition_error"):
        assert found[name] == pytest.approx(0)
    for name in ("inertia_calm", "contagion", "autocorrelation"):
        assert found[name] == pytest.approx(found[f"{name}_predicted"])


def test_the_keys_do_not_depend_on_the_predictions():
    keys = list(measured("A00"))
    assert keys == list(measured("A00 A11 | B22 B12", history="gold"))
    assert set(SHIFT_METRICS) < set(keys)
    assert {f"valence_{name}" for name in SHIFT_METRICS} < set(keys)
    assert {"inertia_sad_predicted", "contagion_predicted", "adjacent_mcc"} < set(keys)


def test_a_single_turn_defines_only_the_metrics_without_pairs():
    found = measured("A00 B-1")
    defined = {name for name, value in found.items() if not np.isnan(value)}
    assert defined == {"emotion_f1_at_first", "change_error_rate"}


def test_all_metrics_of_unlabelled_dialogues_are_undefined():
    assert all(np.isnan(value) for value in measured("A-0 B-1 A-2").values())


def test_labels_without_polarity_have_no_valence_shifts():
    found = change_metrics(spoken("A00 A11 A11"), LabelSpace(("a", "b", "c")))
    assert found["mcc"] == 1
    assert all(np.isnan(found[f"valence_{name}"]) for name in SHIFT_METRICS)
    assert np.isnan(found["autocorrelation"])


def test_the_autocorrelation_ignores_predicted_emotions_without_valence():
    labels = LabelSpace(("calm", "glad", "odd"), polarity={"calm": 0, "glad": 1})
    found = change_metrics(spoken("A00 A11 A02 A00 A10 A11 A01 A10"), labels)
    expected = np.corrcoef([0, 0, 0, 1, 1], [1, 0, 1, 1, 0])[0, 1]
    assert found["autocorrelation_predicted"] == pytest.approx(expected)


def test_speakers_are_specific_to_a_dialogue():
    whole = Predictions.concatenate([spoken("A00 B11 A11"), spoken("A22 B20 B21", prefix="e")])
    found = change_metrics(whole, EMOTIONS)
    assert found["prevalence"] == pytest.approx(1 / 2)


def test_order_of_dialogues_does_not_matter():
    first, second = random_speech(1), random_speech(2, prefix="e")
    one = change_metrics(Predictions.concatenate([first, second]), EMOTIONS)
    other = change_metrics(Predictions.concatenate([second, first]), EMOTIONS)
    assert one == pytest.approx(other, nan_ok=True)


def test_predictions_of_unlabelled_turns_are_ignored():
    speech = random_speech(4)
    scrambled = speech.output.clone()
    scrambled[speech.target == -1] = scrambled[speech.target == -1].roll(1, dims=1)
    assert change_metrics(speech, EMOTIONS) == pytest.approx(
        change_metrics(replace(speech, output=scrambled), EMOTIONS), nan_ok=True
    )


def test_directly_predicted_probabilities_have_ranking_and_calibration_metrics():
    speech = with_change(random_speech(1), 1)
    rows = naive_pairs(speech)
    shift = np.array([pair[0] != pair[1] for *_, pair, _ in rows])
    score = np.array([float(speech.change[row[2]]) for row in rows])
    found = change_metrics(speech, EMOTIONS)
    assert found["direct_ap"] == pytest.approx(metrics.average_precision_score(shift, score))
    assert found["direct_auroc"] == pytest.approx(metrics.roc_auc_score(shift, score))
    assert found["direct_calibration_error"] == pytest.approx(calibration_error(score, shift))
    plain = change_metrics(random_speech(1), EMOTIONS)
    assert {name: found[name] for name in plain} == pytest.approx(plain, nan_ok=True)
    assert {*DIRECT_METRICS} <= set(found) - set(plain)
