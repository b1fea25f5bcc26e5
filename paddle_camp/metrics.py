"""What a classifier is judged by; numpy in, numpy out. AUC and confusion come from scikit-learn."""

from __future__ import annotations

import numpy as np


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Class probabilities from logits.

    Args:
        logits: float ``[N, K]``; with K = 1 the one logit is that of class 1 (the course's sigmoid head).

    Returns:
        float64 ``[N, max(K, 2)]``, rows summing to 1.
    """
    logits = np.asarray(logits, np.float64)
    if logits.shape[1] == 1:  # a sigmoid is a softmax over (0, logit)
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def predict_labels(logits: np.ndarray) -> np.ndarray:
    """The most probable class: int64 ``[N]``. One logit is class 1 where it is > 0.

    The published course code took the argmax over the one logit, which is class 0 for every picture.
    """
    logits = np.asarray(logits)
    if logits.shape[1] == 1:
        return (logits[:, 0] > 0).astype(np.int64)
    return logits.argmax(axis=1).astype(np.int64)


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The share of samples whose predicted class (logits ``[N, K]``) is their label (int ``[N]``)."""
    return float(np.mean(predict_labels(logits) == labels))


def auc(logits: np.ndarray, labels: np.ndarray) -> float | None:
    """Area under the ROC curve of class 1, for two classes; None where only one class is present."""
    from sklearn.metrics import roc_auc_score

    if len(np.unique(labels)) < 2:
        return None
    return float(roc_auc_score(labels, probabilities(logits)[:, 1]))


def auc_interval(
    logits: np.ndarray, labels: np.ndarray, *, level: float = 0.95, draws: int = 2000, seed: int = 0
) -> list[float] | None:
    """A bootstrap interval of :func:`auc`: its central ``level`` over ``draws`` resamplings of the samples.

    Each class is drawn from its own samples, so every resampling has both (Efron and Tibshirani, 1993, chapter 13).
    None where only one class is present.
    """
    score, positive = probabilities(logits)[:, 1], np.asarray(labels) == 1
    if positive.all() or not positive.any():
        return None
    difference = score[positive][:, None] - score[~positive]
    # The AUC is the share of pairs (positive, negative) in the right order; a tie counts half.
    right = (difference > 0) + 0.5 * (difference == 0)
    rng, (p, n) = np.random.default_rng(seed), right.shape
    times_p, times_n = rng.multinomial(p, np.full(p, 1 / p), draws), rng.multinomial(n, np.full(n, 1 / n), draws)
    areas = ((times_p @ right) * times_n).sum(axis=1) / (p * n)
    return np.quantile(areas, [(1 - level) / 2, (1 + level) / 2]).tolist()


def best_threshold_accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The accuracy of two classes at the threshold that suits these very labels best.

    It explains, it is no result: the threshold has seen the labels. Far above :func:`accuracy`, it says that the
    samples are ordered well and the probabilities lie on one side of a half.
    """
    labels = np.asarray(labels)
    order = np.argsort(-probabilities(logits)[:, 1], kind="stable")
    score, positive = probabilities(logits)[order, 1], labels[order] == 1
    right = np.concatenate([[0], np.cumsum(positive)]) + (~positive).sum() - np.concatenate([[0], np.cumsum(~positive)])
    possible = np.concatenate([[True], score[1:] != score[:-1], [True]])  # equal scores fall on one side together
    return float(right[possible].max() / len(labels))


def roc(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False- and true-positive rates of class 1 over all thresholds, for two classes."""
    from sklearn.metrics import roc_curve

    false_positive, true_positive, _ = roc_curve(labels, probabilities(logits)[:, 1])
    return false_positive, true_positive


def confusion(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """int64 ``[K, K]``: row = true class, column = predicted class."""
    from sklearn.metrics import confusion_matrix

    classes = range(max(2, np.asarray(logits).shape[1]))
    return confusion_matrix(labels, predict_labels(logits), labels=list(classes))


def only_one_right(logits: np.ndarray, others: np.ndarray, labels: np.ndarray) -> list[int]:
    """How many samples only the first classifier gets right, and how many only the second.

    Two classifiers on the same samples differ in these alone; if they are equally good, the difference of the two
    counts has a standard deviation of the square root of their sum (McNemar's test).
    """
    first, second = predict_labels(logits) == labels, predict_labels(others) == labels
    return [int((first & ~second).sum()), int((second & ~first).sum())]


class WeightedMean:
    """A mean over samples, fed by batches of any size (a mean of batch means is wrong when the last is smaller)."""

    def __init__(self) -> None:
        self.total, self.samples = 0.0, 0

    def add(self, mean: float, samples: int) -> None:
        """Add a batch's mean over ``samples`` samples."""
        self.total += mean * samples
        self.samples += samples

    @property
    def value(self) -> float:
        """The mean over all samples so far; NaN if there were none."""
        return self.total / self.samples if self.samples else float("nan")
