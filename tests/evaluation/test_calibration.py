import math

import numpy as np
import pytest

from graphmer.evaluation.calibration import BINS, calibration_error, emotion_calibration_error


def test_it_is_the_mean_gap_of_the_bins_by_their_size():
    draw = np.random.default_rng(0)
    confidence, right = draw.random(200), draw.random(200) < 0.6
    total = 0.0
    for low in range(BINS):
        inside = (confidence >= low / BINS) & (confidence < (low + 1) / BINS)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert calibration_error(confidence, right) == pytest.approx(total)


def test_full_confidence_belongs_to_the_last_bin():
    assert calibration_error([1.0, 1.0], [True, False]) == pytest.approx(0.5)


def test_it_is_undefined_without_a_case():
    assert math.isnan(calibration_error([], []))


def test_emotions_count_by_their_most_probable_class():
    probability = np.array([[0.2, 0.8], [0.7, 0.3]])
    assert emotion_calibration_error(probability, np.array([1, 1])) == pytest.approx((0.2 + 0.7) / 2)
