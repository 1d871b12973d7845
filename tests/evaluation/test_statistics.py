import numpy as np
import pytest
import torch

from graphmer.dialogue import LabelSpace
from graphmer.evaluation.metrics import (
    SCORE_STATISTICS,
    class_metrics,
    classification,
    regression,
    score_metrics,
)
from graphmer.evaluation.predictions import Predictions
from graphmer.evaluation.statistics import (
    dialogue_statistics,
    draw_dialogues,
    estimate,
    percentile_interval,
    pooled,
    resampled,
    spread,
    targets_of,
)

CLASSES = LabelSpace(("happy", "sad", "angry"))
SCORE = LabelSpace(interval=(-3.0, 3.0))


def random_predictions(labels, length=60, dialogues=7, seed=0):
    generator = torch.Generator().manual_seed(seed)
    classes = torch.randint(3, (length,), generator=generator)
    return Predictions(
        condition="a",
        dialogue_ids=tuple(f"d{number}" for number in range(dialogues)),
        dialogue=torch.arange(length) % dialogues,
        utterance_ids=tuple(f"u{number}" for number in range(length)),
        target=classes - 1.0 if labels.is_score else classes,
        output=torch.rand(length, labels.outputs, generator=generator) - 0.5,
        available=torch.ones(length, 1, dtype=torch.bool),
    )


def test_confusions_of_dialogues_add_up_to_the_metrics_of_all_utterances():
    predictions = random_predictions(CLASSES)
    counts = dialogue_statistics(predictions, CLASSES)
    assert counts.shape == (7, 3, 3)
    whole = classification(predictions.target, predictions.predicted, 3)
    for name, value in class_metrics(counts.sum(axis=0)).items():
        assert value == pytest.approx(whole[name])


def test_moments_of_dialogues_add_up_to_the_metrics_of_all_utterances():
    predictions = random_predictions(SCORE)
    moments = dialogue_statistics(predictions, SCORE)
    assert moments.shape == (7, SCORE_STATISTICS)
    whole = regression(predictions.target, predictions.predicted)
    for name, value in score_metrics(moments.sum(axis=0)).items():
        assert value == pytest.approx(whole[name])


@pytest.mark.parametrize("labels", [CLASSES, SCORE])
def test_targets_of_statistics_do_not_depend_on_the_output(labels):
    first, second = random_predictions(labels, seed=3), random_predictions(labels, seed=3)
    second.output.neg_()
    one, two = (dialogue_statistics(each, labels) for each in (first, second))
    assert not np.array_equal(one, two)
    np.testing.assert_array_equal(targets_of(one, labels), targets_of(two, labels))


def test_a_resample_counts_each_dialogue_as_often_as_it_was_sampled():
    parts = [dialogue_statistics(random_predictions(CLASSES, seed=seed), CLASSES) for seed in range(2)]
    counts = np.stack(parts)[:, None]
    times = draw_dialogues(7, resamples=5, seed=4)
    bootstrap = resampled(counts, class_metrics, times)["ua"]
    for number, row in enumerate(times.astype(int)):
        naive = [class_metrics(sum(part[d] * row[d] for d in range(7)))["ua"] for part in parts]
        assert bootstrap[number, 0] == pytest.approx(np.mean(naive))


def test_every_resample_has_the_size_of_the_test_set():
    times = draw_dialogues(9, resamples=20, seed=0)
    assert times.shape == (20, 9)
    assert (times.sum(axis=1) == 9).all()


def test_the_seed_determines_the_resamples():
    first = draw_dialogues(9, resamples=20, seed=0)
    np.testing.assert_array_equal(first, draw_dialogues(9, resamples=20, seed=0))
    assert not np.array_equal(first, draw_dialogues(9, resamples=20, seed=1))


def test_the_interval_has_the_nominal_coverage():
    generator = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        hits = generator.binomial(20, 0.7, size=60)
        counts = np.zeros((1, 1, 60, 2, 2))
        counts[0, 0, :, 0, 0], counts[0, 0, :, 0, 1] = hits, 20 - hits
        times = draw_dialogues(60, resamples=300, seed=trial)
        low, high = percentile_interval(resampled(counts, class_metrics, times)["wa"][:, 0])
        covered += low <= 0.7 <= high
    assert 0.89 <= covered / 200 <= 0.99


def test_pooled_metrics_are_computed_from_sums_over_dialogues():
    counts = np.zeros((1, 1, 2, 2, 2))
    counts[0, 0, 0, 0, 0] = 9
    counts[0, 0, 1, 0, 1] = 1
    assert pooled(counts, class_metrics)["wa"].tolist() == [[0.9]]


def test_an_estimate_is_the_mean_and_spread_over_seeds_with_the_interval_of_the_resamples():
    found = estimate(np.array([0.4, 0.6]), np.linspace(0, 1, 1001))
    assert found.mean == 0.5
    assert found.seed_spread == pytest.approx(0.1 * np.sqrt(2))
    assert (found.low, found.high) == pytest.approx((0.025, 0.975))


def test_one_seed_has_no_spread():
    assert np.isnan(spread(np.array([0.4])))


def test_undefined_resamples_are_left_out_of_an_interval():
    assert percentile_interval(np.array([0.5, np.nan, 0.5])) == (0.5, 0.5)
    assert np.isnan(percentile_interval(np.array([np.nan, np.nan]))).all()


def test_resampling_needs_dialogues():
    with pytest.raises(ValueError, match="at least one dialogue and one resample; got 0 and 5"):
        draw_dialogues(0, resamples=5, seed=0)


def test_predictions_must_fit_the_label_space():
    with pytest.raises(ValueError, match="3 outputs; got 1 for a target that is a score"):
        dialogue_statistics(random_predictions(SCORE), CLASSES)


def test_unlabelled_targets_are_refused():
    predictions = random_predictions(CLASSES)
    predictions.target[0] = -1
    with pytest.raises(ValueError, match=r"in 0\.\.2; got -1 to 2"):
        dialogue_statistics(predictions, CLASSES)
