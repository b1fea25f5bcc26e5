"""Metrics against numbers worked out by hand."""

import numpy as np
import pytest

from paddle_camp import metrics


def test_two_logits():
    logits = np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0], [0.0, 0.1]])
    labels = np.array([0, 1, 1, 1])
    assert metrics.predict_labels(logits).tolist() == [0, 1, 0, 1]
    assert metrics.accuracy(logits, labels) == 0.75
    assert metrics.confusion(logits, labels).tolist() == [[1, 0], [1, 2]]
    # class 1 minus class 0: -1 | 3, -1, 0.1. Of the three pairs two are in order and one is a tie.
    assert metrics.auc(logits, labels) == pytest.approx(2.5 / 3)


def test_one_logit_predicts_both_classes():
    logits = np.array([[-2.0], [2.0], [0.5]])
    assert metrics.predict_labels(logits).tolist() == [0, 1, 1]
    probability = metrics.probabilities(logits)
    assert probability[:, 1] == pytest.approx(1 / (1 + np.exp([2.0, -2.0, -0.5])))
    assert probability.sum(axis=1) == pytest.approx(1.0)


def test_probabilities_do_not_overflow():
    assert metrics.probabilities(np.array([[1000.0, 0.0]])).tolist() == [[1.0, 0.0]]


def test_auc_by_counting_pairs():
    logits = np.array([[0.0, s] for s in (0.1, 0.4, 0.35, 0.8)])
    labels = np.array([0, 0, 1, 1])
    assert metrics.auc(logits, labels) == pytest.approx(3 / 4)  # of 4 pairs (negative, positive) 3 are in order
    assert metrics.auc(logits, np.ones(4, int)) is None


def test_a_mean_over_samples_is_not_a_mean_of_batches():
    mean = metrics.WeightedMean()
    mean.add(1.0, 10)
    mean.add(4.0, 5)
    assert mean.value == 2.0


def test_what_only_one_of_two_classifiers_gets_right():
    labels = np.array([0, 0, 1, 1, 1])
    one = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])  # right: yes, no, yes, yes, no
    other = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])  # right: yes, yes, no, no, no
    assert metrics.only_one_right(one, other, labels) == [2, 1]


def test_the_bootstrap_interval_of_the_auc():
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    logits = np.stack([np.zeros(200), labels + rng.normal(size=200)], axis=1)
    low, high = metrics.auc_interval(logits, labels)
    area = metrics.auc(logits, labels)
    assert low < area < high
    # Hanley and McNeil's standard error (1982), 1.96 of it to each side.
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    error = np.sqrt((area * (1 - area) + 99 * (q1 - area**2) + 99 * (q2 - area**2)) / 100**2)
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.15)
    assert metrics.auc_interval(logits, labels) == [low, high]  # the same seed, the same interval
    assert metrics.auc_interval(logits, np.zeros(200, int)) is None


def test_the_interval_of_a_perfect_and_of_a_constant_classifier():
    labels = np.array([0, 0, 1, 1])
    assert metrics.auc_interval(np.array([[-2.0], [-1.0], [1.0], [2.0]]), labels) == [1, 1]
    assert metrics.auc_interval(np.zeros((4, 1)), labels) == [0.5, 0.5]


def test_the_accuracy_at_the_best_threshold():
    labels = np.array([0, 0, 1, 1])
    shifted = np.array([[-9.0], [-8.0], [-7.0], [-6.0]])  # in the right order, all of them below a half
    assert metrics.accuracy(shifted, labels) == 0.5
    assert metrics.best_threshold_accuracy(shifted, labels) == 1
    assert metrics.best_threshold_accuracy(-shifted, labels) == 0.5  # all in one class
    assert metrics.best_threshold_accuracy(np.array([[0.0], [1.0], [1.0], [2.0]]), labels) == 0.75  # ties stay together
