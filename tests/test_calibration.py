"""Confidence, reliability, temperature and threshold, against numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from paddle_camp import calibration
from paddle_camp.errors import DataError, SettingError
from paddle_camp.metrics import probabilities

# Class 0 with these probabilities; the labels say whether that is right.
SURE = np.array([0.95, 0.9, 0.8, 0.6, 0.6, 0.55])
SHARES = np.stack([SURE, 1 - SURE], axis=1)
LABELS = np.array([0, 0, 1, 0, 0, 1])


def test_confidence_beside_accuracy():
    rows = calibration.reliability(SHARES, LABELS, bins=(0.5, 0.7, 0.9, 1.0))
    assert [(row["count"], row["accuracy"]) for row in rows] == [(3, 2 / 3), (2, 0.5), (1, 1.0)]
    assert [row["confidence"] for row in rows] == pytest.approx([1.75 / 3, 0.85, 0.95])
    assert all(row["interval"][0] <= row["accuracy"] <= row["interval"][1] for row in rows)
    error = calibration.calibration_error(SHARES, LABELS, bins=(0.5, 0.7, 0.9, 1.0))
    assert error == pytest.approx((3 * (2 / 3 - 1.75 / 3) + 2 * 0.35 + 0.05) / 6)
    assert len(calibration.reliability(SHARES, LABELS, bins=(0.5, 0.52, 1.0))) == 1  # an empty bin is no row


def test_the_log_loss():
    expected = -np.log([0.95, 0.9, 0.2, 0.6, 0.6, 0.45]).mean()
    assert calibration.log_loss(SHARES, LABELS) == pytest.approx(expected)
    assert np.isfinite(calibration.log_loss(np.array([[1.0, 0.0]]), np.array([1])))


def test_a_temperature_moves_the_probabilities_and_not_their_order():
    warm, cold = (calibration.temper(SHARES, each) for each in (2.0, 0.5))
    assert (warm[:, 0] < SURE).all() and (cold[:, 0] > SURE).all()
    np.testing.assert_allclose(calibration.temper(SHARES, 1.0), SHARES)
    np.testing.assert_allclose(warm.sum(axis=1), 1)
    assert warm[0, 0] == pytest.approx(0.95**0.5 / (0.95**0.5 + 0.05**0.5))


@pytest.mark.parametrize("true", [0.5, 1.0, 3.0])
def test_the_temperature_is_found_again(true):
    """Labels drawn from probabilities that are then sharpened by ``true``."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (6000, 5))
    shares = probabilities(logits)
    labels = (shares.cumsum(axis=1) < rng.random((6000, 1))).sum(axis=1)
    found = calibration.best_temperature(probabilities(true * logits), labels)
    assert found == pytest.approx(true, rel=0.08)
    tempered = calibration.temper(probabilities(true * logits), found)
    assert calibration.calibration_error(tempered, labels) < 0.03


def test_all_right_is_as_sure_as_can_be():
    assert calibration.best_temperature(SHARES, np.zeros(6, int)) == pytest.approx(1 / 20, rel=0.01)


@pytest.mark.parametrize(("accuracy", "threshold"), [(0.99, 0.9), (2 / 3, 0.55), (0.75, 0.6), (0.8, 0.6), (0.81, 0.9)])
def test_the_threshold_is_the_lowest_that_gives_the_accuracy(accuracy, threshold):
    """Right, surest first: 1/1, 2/2, 2/3, then two of one confidence: 4/5, and 4/6."""
    assert calibration.threshold_for(SHARES, LABELS, accuracy) == threshold


def test_no_threshold_where_the_surest_is_wrong():
    assert calibration.threshold_for(SHARES, np.ones(6, int), 0.5) is None
    tied = np.array([[0.9, 0.1]] * 2)
    assert calibration.threshold_for(tied, np.array([0, 1]), 0.9) is None  # the right one alone cannot be had
    with pytest.raises(SettingError, match="accuracy=0: give a share"):
        calibration.threshold_for(SHARES, LABELS, 0)


def test_what_a_threshold_comes_to():
    found = calibration.above(SHARES, LABELS, 0.6)
    assert (found["count"], found["right"], found["accuracy"]) == (5, 4, 0.8) and found["share"] == 5 / 6
    assert found["interval"][0] < 0.8 < found["interval"][1]
    none = calibration.above(SHARES, LABELS, 0.99)
    assert (none["count"], none["accuracy"], none["interval"]) == (0, None, None)


def test_the_risk_of_answering_more():
    share, wrong = calibration.risk_curve(SHARES, LABELS)
    np.testing.assert_allclose(share, np.arange(1, 7) / 6)
    np.testing.assert_allclose(wrong, [0, 0, 1 / 3, 1 / 4, 1 / 5, 1 / 3])


def test_labels_that_do_not_fit():
    with pytest.raises(DataError, match="one class number for each"):
        calibration.reliability(SHARES, LABELS[:3])
