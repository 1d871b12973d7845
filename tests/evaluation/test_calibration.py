import math

import numpy as np
import pytest

from graphmer.evaluation.calibration import BINS, calibration_error, emotion_calibration_error


def test_the_error_is_the_weighted_mean_gap_of_the_bins():
    rng = np.random.default_rng(0)
    confidence, correct = rng.random(200), rng.random(200) < 0.6
    total = 0.0
    for low in range(BINS):
        inside = (confidence >= low / BINS) & (confidence < (low + 1) / BINS)
        if inside.any():
            total += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    assert calibration_error(confidence, correct) == pytest.approx(total)


def test_full_confidence_belongs_to_the_last_bin():
    assert calibration_error([1.0, 1.0], [True, False]) == pytest.approx(0.5)


def test_the_error_is_undefined_without_cases():
    assert math.isnan(calibration_error([], []))


def test_the_confidence_of_an_emotion_is_its_highest_probability():
    probability = np.array([[0.2, 0.8], [0.7, 0.3]])
    assert emotion_calibration_error(probability, np.array([1, 1])) == pytest.approx((0.2 + 0.7) / 2)
