import numpy as np
import pytest
import torch
from scipy.stats import pearsonr
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    mean_absolute_error,
    recall_score,
)

from graphmer.evaluation.metrics import (
    CLASS_METRICS,
    SCORE_METRICS,
    class_metrics,
    classification,
    confusion,
    regression,
    score_metrics,
    score_statistics,
)


def random_classes(seed):
    """Targets and predictions in which some of the classes are often absent from one side or from both."""
    generator = np.random.default_rng(seed)
    classes = int(generator.integers(2, 8))
    length = int(generator.integers(1, 40))
    occurring = generator.choice(classes, size=generator.integers(1, classes + 1), replace=False)
    predicted = generator.choice(classes, size=generator.integers(1, classes + 1), replace=False)
    return generator.choice(occurring, length), generator.choice(predicted, length), classes


@pytest.mark.parametrize("seed", range(60))
def test_classification_agrees_with_scikit_learn(seed):
    target, predicted, classes = random_classes(seed)
    result = classification(target, predicted, classes)
    occurring = np.unique(target)
    every = np.arange(classes)
    assert result["wa"] == pytest.approx(accuracy_score(target, predicted))
    macro = {"labels": occurring, "average": "macro", "zero_division": 0}
    assert result["ua"] == pytest.approx(recall_score(target, predicted, **macro))
    assert result["macro_f1"] == pytest.approx(f1_score(target, predicted, **macro))
    weighted = f1_score(target, predicted, average="weighted", zero_division=0)
    assert result["weighted_f1"] == pytest.approx(weighted)
    each = f1_score(target, predicted, labels=every, average=None, zero_division=np.nan)
    np.testing.assert_allclose(result["f1"], each)
    np.testing.assert_array_equal(result["confusion"], confusion_matrix(target, predicted, labels=every))
    np.testing.assert_array_equal(result["support"], np.bincount(target, minlength=classes))


def test_wa_is_accuracy_and_ua_is_the_mean_of_the_recalls():
    result = classification([0] * 9 + [1], [0] * 10, classes=2)
    assert result["wa"] == 0.9
    assert result["ua"] == 0.5


def test_tensors_are_accepted():
    assert classification(torch.tensor([0, 1]), torch.tensor([0, 1]), 2)["wa"] == 1.0
    assert regression(torch.tensor([1.0, -1.0]), torch.tensor([1.0, -1.0]))["mae"] == 0.0


def test_class_metrics_are_computed_for_each_confusion_matrix():
    matrices = np.random.default_rng(0).integers(0, 5, (4, 3, 6, 6))
    matrices[..., 2, :] = 0
    together = class_metrics(matrices)
    assert list(together) == list(CLASS_METRICS)
    for index in np.ndindex(4, 3):
        for name, value in class_metrics(matrices[index]).items():
            assert together[name][index] == pytest.approx(value)


def test_metrics_of_an_empty_confusion_matrix_are_undefined():
    assert all(np.isnan(value) for value in class_metrics(np.zeros((3, 3))).values())


def naive_signs(target, predicted):
    kept = target != 0
    nonzero = target[kept] > 0, predicted[kept] > 0
    haszero = target >= 0, predicted >= 0
    result = {}
    for name, (y_true, y_pred) in {"nonzero": nonzero, "haszero": haszero}.items():
        result[f"acc2_{name}"] = accuracy_score(y_true, y_pred)
        result[f"f1_{name}"] = f1_score(y_true, y_pred, average="weighted", zero_division=0)
    return result


@pytest.mark.parametrize("seed", range(40))
def test_regression_agrees_with_scikit_learn_and_scipy(seed):
    generator = np.random.default_rng(seed)
    target = generator.integers(-9, 10, 30) / 3
    target[0] = 1.0
    predicted = (target + generator.normal(0, 2, 30)).astype(np.float32)
    predicted[generator.integers(0, 30, 4)] = 0.0
    result = regression(target, predicted)
    assert list(result) == list(SCORE_METRICS)
    assert result["mae"] == pytest.approx(mean_absolute_error(target, predicted))
    assert result["pearson"] == pytest.approx(pearsonr(target, predicted)[0])
    levels = np.round(np.clip(target, -3, 3)), np.round(np.clip(predicted, -3, 3))
    assert result["acc7"] == pytest.approx((levels[0] == levels[1]).mean())
    for name, value in naive_signs(target, predicted).items():
        assert result[name] == pytest.approx(value)


def test_the_two_zero_conventions_differ_on_labels_of_zero():
    result = regression([0.0, 1.0, -1.0], [-0.1, 0.5, -0.5])
    assert result["acc2_nonzero"] == 1.0
    assert result["acc2_haszero"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("constant", [0.0, 0.1, -2.7])
def test_pearson_of_constant_predictions_is_nan(constant):
    target = np.linspace(-3, 3, 50)
    assert np.isnan(regression(target, np.full(50, constant, dtype=np.float32))["pearson"])
    assert np.isnan(regression(np.full(50, constant), target)["pearson"])


def test_signs_without_a_nonzero_label_are_nan():
    result = regression([0.0, 0.0], [1.0, -1.0])
    assert np.isnan(result["acc2_nonzero"])
    assert np.isnan(result["f1_nonzero"])
    assert result["acc2_haszero"] == 0.5


def test_score_metrics_are_computed_for_each_sum():
    generator = np.random.default_rng(1)
    rows = score_statistics(generator.uniform(-3, 3, 60), generator.uniform(-3, 3, 60)).reshape(3, 2, 10, -1)
    together = score_metrics(rows.sum(axis=2))
    for index in np.ndindex(3, 2):
        for name, value in score_metrics(rows[index].sum(axis=0)).items():
            assert together[name][index] == pytest.approx(value)


def test_no_utterances_are_refused():
    with pytest.raises(ValueError, match="at least one labelled utterance"):
        classification([], [], 3)
    with pytest.raises(ValueError, match="at least one labelled utterance"):
        regression([], [])


def test_unlabelled_utterances_are_refused():
    with pytest.raises(ValueError, match=r"`target` must hold class numbers in 0\.\.1; got -1 to 1"):
        confusion([-1, 1], [0, 1], 2)
    with pytest.raises(ValueError, match="`target` must be finite; 1 of 2"):
        regression([float("nan"), 1.0], [0.0, 0.0])


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match=r"shape \[N\]; got \(2,\) and \(1,\)"):
        classification([0, 1], [0], 2)
