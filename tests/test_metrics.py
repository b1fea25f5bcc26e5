"""Metrics against numbers worked out by hand."""

import numpy as np
import pytest
from scipy.stats import norm

from paddle_camp import metrics
from paddle_camp.errors import DataError


def test_two_logits():
    logits = np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0], [0.0, 0.1]])
    labels = np.array([0, 1, 1, 1])
    assert metrics.predict_labels(logits).tolist() == [0, 1, 0, 1]
    assert metrics.accuracy(logits, labels) == 0.75
    assert metrics.correct(logits, labels).tolist() == [True, True, False, True]
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
    assert metrics.probabilities(np.array([[-1000.0]], np.float32)).tolist() == [[1.0, 0.0]]
    assert metrics.probabilities(np.array([[1, 1]])).dtype == np.float64


@pytest.mark.parametrize("classes", [1, 2, 10])
def test_labels_in_a_column_are_the_same_labels(classes):
    """Broadcast against each other, [100, 1] and [100] compare every picture with every label."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, max(2, classes), 100)
    logits = rng.normal(size=(100, classes))
    if classes > 1:
        logits[np.arange(87), labels[:87]] += 9
        assert metrics.accuracy(logits, labels) >= 0.87
    functions = [metrics.accuracy, metrics.correct, metrics.confusion]
    functions += [metrics.auc, metrics.auc_interval, metrics.best_threshold_accuracy, metrics.roc] * (classes < 3)
    functions.append(lambda logits, labels: metrics.only_one_right(logits, -logits, labels))
    for function in functions:
        flat = function(logits, labels)
        assert np.array_equal(np.array(flat), np.array(function(logits, labels[:, None])))
        assert np.array_equal(np.array(flat), np.array(function(logits, labels.tolist())))


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((9,), r"labels \[9\] for predictions \[10\]: give one class number for each, \[10\]"),
        ((1,), r"labels \[1\] for predictions \[10\]"),
        ((), r"labels \[\] for predictions \[10\]"),
        ((10, 2), r"labels \[10, 2\] for predictions \[10\]"),
        ((1, 10), r"labels \[1, 10\] for predictions \[10\]"),
    ],
)
def test_labels_of_another_size_are_refused(shape, says):
    logits, labels = np.zeros((10, 2)), np.zeros(shape, int)
    for name in ("accuracy", "correct", "confusion", "auc", "auc_interval", "best_threshold_accuracy", "roc"):
        with pytest.raises(DataError, match=says):
            getattr(metrics, name)(logits, labels)
    with pytest.raises(DataError, match=says):
        metrics.only_one_right(logits, logits, labels)


def test_outputs_without_classes_or_without_samples_are_refused():
    for outputs in (np.zeros(10), np.float32(1), np.zeros((10, 0))):
        with pytest.raises(DataError, match=r"give logits \[N, K\], the last axis that of the classes"):
            metrics.predict_labels(outputs)
        with pytest.raises(DataError, match=r"give logits \[N, K\]"):
            metrics.probabilities(outputs)
    with pytest.raises(DataError, match=r"labels \[0\] for predictions \[0\]: there is no sample"):
        metrics.accuracy(np.zeros((0, 2)), np.zeros(0, int))
    with pytest.raises(DataError, match=r"labels \[3\] for predictions \[2\]"):
        metrics.only_one_right(np.zeros((3, 2)), np.zeros((2, 2)), np.zeros(3, int))


def test_a_class_for_each_of_several_places():
    """Two captions of three words out of four."""
    words = np.array([[0, 3, 1], [2, 2, 0]])
    logits = np.eye(4)[words]
    labels = np.array([[0, 3, 2], [2, 1, 0]])
    assert metrics.predict_labels(logits).tolist() == words.tolist()
    assert metrics.probabilities(logits).shape == (2, 3, 4)
    assert metrics.accuracy(logits, labels) == metrics.accuracy(logits, labels[..., None]) == pytest.approx(4 / 6)
    assert metrics.confusion(logits, labels).tolist() == [[2, 0, 0, 0], [0, 0, 1, 0], [0, 1, 1, 0], [0, 0, 0, 1]]
    assert metrics.predict_labels(logits[..., :1] - 0.5).tolist() == [[1, 0, 0], [0, 0, 1]]  # one logit for each
    assert metrics.only_one_right(np.eye(4)[labels], logits, labels) == (2, 0)
    with pytest.raises(DataError, match=r"labels \[2\] for predictions \[2, 3\]"):
        metrics.accuracy(logits, labels[:, 0])
    with pytest.raises(DataError, match=r"outputs \[2, 3, 4\]: an AUC"):
        metrics.auc(logits, labels)


def test_auc_by_counting_pairs():
    logits = np.array([[0.0, s] for s in (0.1, 0.4, 0.35, 0.8)])
    labels = np.array([0, 0, 1, 1])
    assert metrics.auc(logits, labels) == pytest.approx(3 / 4)  # of 4 pairs (negative, positive) 3 are in order
    assert metrics.auc(-logits, labels) == pytest.approx(1 / 4)
    assert metrics.auc(logits[:, 1:], labels) == pytest.approx(3 / 4)
    assert metrics.auc(np.zeros((4, 2)), labels) == 0.5


def test_one_class_has_no_roc_curve():
    logits = np.array([[0.0, 0.1], [0.0, 0.4]])
    for labels in (np.ones(2, int), np.zeros(2, int)):
        assert metrics.auc(logits, labels) is None and metrics.auc_interval(logits, labels) is None
        assert metrics.best_threshold_accuracy(logits, labels) == 1
        with pytest.raises(DataError, match="all 2 samples are of one class: a ROC curve needs both"):
            metrics.roc(logits, labels)
    with pytest.raises(DataError, match=r"outputs \[2, 3\]: an AUC, a ROC curve or a threshold is one of two classes"):
        metrics.auc(np.zeros((2, 3)), np.array([0, 1]))


def test_confident_logits_keep_their_order():
    """As probabilities they are all exactly 1 in float64, which would be a tie."""
    assert metrics.auc(np.array([[40.0], [50.0], [60.0], [70.0]]), np.array([0, 0, 1, 1])) == 1


def scores(positive: int, negative: int, area: float) -> tuple[np.ndarray, np.ndarray]:
    """One logit a sample, and labels: ``area`` of the pairs are in order, by giving single positives their rank."""
    inside = round(area * positive * negative)
    ranks = np.full(positive, inside // positive) + (np.arange(positive) < inside % positive)
    logits = np.concatenate([np.arange(negative), ranks - 0.5])
    return logits[:, None].astype(float), np.repeat([0, 1], [negative, positive])


def test_the_standard_error_is_that_of_hanley_and_mcneil():
    """Their CT example (Radiology 143, 1982): area 0.893, standard error 0.032 of 51 abnormal and 58 normal scans."""
    logits, labels = scores(51, 58, 0.893)
    area, (low, high) = metrics.auc(logits, labels), metrics.auc_interval(logits, labels)
    assert area == pytest.approx(0.893, abs=2e-4)
    assert (low, high) == (pytest.approx(0.8115, abs=3e-4), pytest.approx(0.9399, abs=3e-4))
    for end in (low, high):  # their formula, with the mean number of samples in both classes
        q1, q2, others = end / (2 - end), 2 * end**2 / (1 + end), (51 + 58) / 2 - 1
        error = np.sqrt((end * (1 - end) + others * (q1 - end**2) + others * (q2 - end**2)) / (51 * 58))
        assert abs(area - end) / error == pytest.approx(1.959964, abs=1e-5)
    assert (high - low) / 2 / 1.96 == pytest.approx(0.032, abs=0.001)
    narrow = metrics.auc_interval(logits, labels, level=0.5)
    assert low < narrow[0] < area < narrow[1] < high


def test_a_perfect_order_of_few_samples_is_no_certainty():
    """The bootstrap gave [1, 1]: every resampling of a perfect order is one."""
    for count, low in ((1, 0.2065), (15, 0.8648), (200, 0.9903)):
        labels = np.repeat([0, 1], count)
        perfect = np.arange(2 * count, dtype=float)[:, None]
        assert metrics.auc_interval(perfect, labels) == [pytest.approx(low, abs=5e-5), 1]
        assert metrics.auc_interval(-perfect, labels) == [0, pytest.approx(1 - low, abs=5e-5)]
    # A single sample of each class is one toss: Wilson's interval of one success in one.
    assert metrics.auc_interval(np.array([[0.0], [1.0]]), [0, 1])[0] == pytest.approx(1 / (1 + 1.959964**2))


def test_a_constant_classifier_is_within_the_middle():
    low, high = metrics.auc_interval(np.zeros((30, 1)), np.arange(30) % 2)
    assert low == pytest.approx(1 - high) and 0.25 < low < 0.35  # 15 of each: a standard error of 0.105 about a half


@pytest.mark.parametrize(("area", "positive", "negative"), [(0.5, 15, 15), (0.97, 15, 15), (0.8, 5, 25)])
def test_the_interval_holds_the_true_area_as_often_as_it_says(area, positive, negative):
    rng, labels = np.random.default_rng(0), np.repeat([0, 1], [negative, positive])
    shift, inside = norm.ppf(area) * 2**0.5, 0
    for _ in range(400):  # the order of two normal laws; the standard error of the share is 0.011
        low, high = metrics.auc_interval((rng.normal(size=len(labels)) + shift * labels)[:, None], labels)
        inside += low <= area <= high
    assert 0.925 <= inside / 400 <= 0.99


def test_a_mean_over_samples_is_not_a_mean_of_batches():
    mean = metrics.WeightedMean()
    mean.add(1.0, 10)
    mean.add(4.0, 5)
    assert mean.value == 2.0


def test_what_only_one_of_two_classifiers_gets_right():
    labels = np.array([0, 0, 1, 1, 1])
    one = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])  # right: yes, no, yes, yes, no
    other = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])  # right: yes, yes, no, no, no
    assert metrics.only_one_right(one, other, labels) == (2, 1)
    assert metrics.only_one_right(other, one, labels) == (1, 2)
    assert metrics.only_one_right(one, one, labels) == (0, 0)


def test_the_accuracy_at_the_best_threshold():
    labels = np.array([0, 0, 1, 1])
    shifted = np.array([[-9.0], [-8.0], [-7.0], [-6.0]])  # in the right order, all of them below a half
    assert metrics.accuracy(shifted, labels) == 0.5
    assert metrics.best_threshold_accuracy(shifted, labels) == 1
    assert metrics.best_threshold_accuracy(-shifted, labels) == 0.5  # all in one class
    assert metrics.best_threshold_accuracy(np.array([[0.0], [1.0], [1.0], [2.0]]), labels) == 0.75  # ties stay together


def test_the_best_threshold_is_the_best_of_all():
    rng = np.random.default_rng(0)
    for _ in range(20):
        labels = rng.integers(0, 2, 30)
        score = np.round(rng.normal(size=30) + labels, 1)  # with ties
        every = [np.mean((score >= threshold) == labels) for threshold in [*score, np.inf]]
        assert metrics.best_threshold_accuracy(score[:, None], labels) == max(every)


@pytest.mark.parametrize(("labels", "loss"), [([0, 1, 1, 0], 0.693147), ([3, 5, 5, 5], 0.562335), ([2, 2], 0.0)])
def test_guessing_costs_the_entropy_of_the_labels(labels, loss):
    assert metrics.guessing_loss(np.array(labels)) == pytest.approx(loss, abs=1e-6)


SHARES = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.05, 0.9, 0.05], [0.3, 0.3, 0.4]])
OF = np.array([0, 1, 1, 0, 2])


def test_the_accuracy_of_each_class_is_its_recall():
    rows = metrics.class_accuracies(SHARES, OF)
    assert [(row["count"], row["right"], row["accuracy"]) for row in rows] == [(2, 1, 0.5), (2, 1, 0.5), (1, 1, 1.0)]
    assert metrics.class_accuracies(SHARES, np.zeros(5, np.int64))[2] == {"count": 0, "right": 0, "accuracy": None}


def test_the_top_losses_are_wrong_and_come_in_the_order_of_the_cross_entropy():
    assert metrics.top_losses(SHARES, OF, 5).tolist() == [3, 2]  # -ln 0.05, -ln 0.3
    assert metrics.top_losses(SHARES, OF[:, None], 1).tolist() == [3]
    assert metrics.top_losses(SHARES, SHARES.argmax(axis=1), 5).tolist() == []


def test_the_hardest_pairs_add_both_directions():
    matrix = np.array([[5, 2, 0], [1, 5, 4], [0, 0, 5]])
    assert metrics.hardest_pairs(matrix, 5) == [
        {"labels": [1, 2], "mistakes": 4.0},
        {"labels": [0, 1], "mistakes": 3.0},
    ]
    assert metrics.hardest_pairs(np.eye(3), 5) == []


def test_the_energy_of_an_even_map_is_the_area_of_the_mask():
    mask = np.zeros((4, 4))
    mask[:2] = 1
    assert metrics.energy_inside(np.ones((4, 4)), mask) == 0.5
    assert metrics.energy_inside(mask, mask) == 1.0 and metrics.energy_inside(1 - mask, mask) == 0.0
    assert metrics.energy_inside(np.zeros((4, 4)), mask) is None
