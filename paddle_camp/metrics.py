"""What a classifier is judged by; numpy in, numpy out. AUC, ROC curve and confusion come from scikit-learn.

Outputs are logits ``[N, K]``, or ``[N, T, K]`` where there is a class for each of T places; the last axis is that of
the classes, and K = 1 is the course's sigmoid head, whose one logit is that of class 1. Labels are int ``[N]``
(``[N, T]``), one class number for each; a last axis of 1 (``[N, 1]``) is the same. Others are refused: a
:class:`~paddle_camp.errors.DataError` of one line.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats
from scipy.special import softmax

from paddle_camp.errors import DataError


def one_label_each(labels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Labels of exactly this shape, ``[N]``; ``[N, 1]`` loses its last axis.

    numpy would broadcast ``[N, 1]`` against predictions ``[N]`` to all N x N pairs.

    Raises:
        DataError: there are none, or another number of them.
    """
    labels = np.asarray(labels)
    if labels.shape == (*shape, 1):
        labels = labels[..., 0]
    if labels.shape != tuple(shape) or labels.size == 0:
        wanted = f"give one class number for each, {list(shape)}" if all(shape) else "there is no sample"
        raise DataError(f"labels {list(labels.shape)} for predictions {list(shape)}: {wanted}")
    return labels


def guessing_loss(labels: np.ndarray) -> float:
    """The cross-entropy of always saying the shares of the labels, int ``[N]``: ln K where K classes are as many."""
    return float(stats.entropy(np.unique(labels, return_counts=True)[1]))


def _logits(outputs: np.ndarray) -> np.ndarray:
    """Outputs that have an axis of classes."""
    outputs = np.asarray(outputs)
    if outputs.ndim < 2 or outputs.shape[-1] == 0:
        raise DataError(f"outputs {list(outputs.shape)}: give logits [N, K], the last axis that of the classes")
    return outputs


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Class probabilities: float64 ``[N, max(K, 2)]`` from logits ``[N, K]``, rows summing to 1."""
    logits = _logits(logits).astype(np.float64)
    if logits.shape[-1] == 1:  # a sigmoid is a softmax over (0, logit)
        logits = np.concatenate([np.zeros_like(logits), logits], axis=-1)
    return softmax(logits, axis=-1)


def logits_of_mean(outputs: Sequence[np.ndarray]) -> np.ndarray:
    """Logits whose probabilities are the mean of those of several ``[N, K]``, as ``predict`` averages networks."""
    mean = np.mean([probabilities(np.asarray(each)) for each in outputs], axis=0)
    return np.log(np.clip(mean, 1e-300, 1))  # a probability of 0 has no logarithm


def predict_labels(logits: np.ndarray) -> np.ndarray:
    """The most probable class: int64 ``[N]``. One logit is class 1 where it is > 0.

    The published course code took the argmax over the one logit, which is class 0 for every picture.
    """
    logits = _logits(logits)
    if logits.shape[-1] == 1:
        return (logits[..., 0] > 0).astype(np.int64)
    return logits.argmax(axis=-1).astype(np.int64)


def correct(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Whether each predicted class is its label: bool ``[N]``."""
    predicted = predict_labels(logits)
    return predicted == one_label_each(labels, predicted.shape)


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The share of samples (of places, for ``[N, T, K]``) whose predicted class is their label."""
    return float(np.mean(correct(logits, labels)))


def log_odds(logits: np.ndarray) -> np.ndarray:
    """Of class 1 of two: float64 ``[N]``; above 0 where its probability is above one half.

    They order the samples as the probabilities do, and still do where these have become exactly 0 or 1.
    """
    logits = _logits(logits).astype(np.float64)
    if logits.ndim != 2 or logits.shape[1] > 2:
        raise DataError(f"outputs {list(logits.shape)}: an AUC, a ROC curve or a threshold is one of two classes")
    return logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]


def _two_classes(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The log-odds of class 1, float64 ``[N]``, and whether each sample is of class 1, bool ``[N]``."""
    odds = log_odds(logits)
    return odds, one_label_each(labels, odds.shape) == 1


def auc(logits: np.ndarray, labels: np.ndarray) -> float | None:
    """Area under the ROC curve of class 1, for two classes; None where only one class is present."""
    from sklearn.metrics import roc_auc_score

    score, positive = _two_classes(logits, labels)
    return None if positive.all() or not positive.any() else float(roc_auc_score(positive, score))


def auc_interval(logits: np.ndarray, labels: np.ndarray, *, level: float = 0.95) -> list[float] | None:
    """The interval of :func:`auc`: method 5 of Newcombe (Statistics in Medicine 25, 2006); None as there.

    Its ends are those areas from which the measured one is 1.96 standard errors away (Hanley and McNeil, 1982, with
    the same number of samples in both classes), so it stays within [0, 1], and a perfect order of few samples does
    not pass for certainty: 15 of each class give 0.865 to 1.
    """
    area = auc(logits, labels)
    if area is None:
        return None
    positive = int((one_label_each(labels, np.shape(logits)[:1]) == 1).sum())
    negative = len(labels) - positive
    # The standard error is symmetric about 1/2, so the upper end is the lower one of the mirrored area.
    return [_lower_area(area, positive, negative, level), 1 - _lower_area(1 - area, positive, negative, level)]


def _lower_area(area: float, positive: int, negative: int, level: float) -> float:
    """The area below the measured one whose standard error reaches up to it."""
    from scipy.optimize import brentq
    from scipy.stats import norm

    z, others = norm.ppf((1 + level) / 2), (positive + negative) / 2 - 1

    def gap(true: float) -> float:
        variance = true * (1 - true) * (1 + others * (1 - true) / (2 - true) + others * true / (1 + true))
        return area - true - z * np.sqrt(variance / (positive * negative))

    # An area of 1 has no standard error and is a root too, the wrong one: search below it.
    return float(brentq(gap, 0.0, min(area, 1 - 1e-12))) if area > 0 else 0.0


def best_threshold_accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The accuracy of two classes at the threshold that suits these very labels best.

    It explains, it is no result: the threshold has seen the labels. Far above :func:`accuracy`, it says that the
    samples are ordered well and the probabilities lie on one side of a half.
    """
    _, positive = _two_classes(logits, labels)
    if positive.all() or not positive.any():
        return 1.0  # all on one side
    false_positive, true_positive = roc(logits, labels)  # at every threshold that could be the best one
    right = true_positive * positive.sum() + (1 - false_positive) * (~positive).sum()
    return float(np.rint(right.max()) / len(positive))


def roc(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False- and true-positive rates of class 1 over all thresholds, for two classes.

    Raises:
        DataError: only one class is present.
    """
    from sklearn.metrics import roc_curve

    score, positive = _two_classes(logits, labels)
    if positive.all() or not positive.any():
        raise DataError(f"all {len(positive)} samples are of one class: a ROC curve needs both")
    return roc_curve(positive, score)[:2]


def confusion(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """int64 ``[K, K]``: row = true class, column = predicted class."""
    from sklearn.metrics import confusion_matrix

    predicted = predict_labels(logits)
    classes = range(max(2, np.shape(logits)[-1]))
    labels = one_label_each(labels, predicted.shape)
    return confusion_matrix(labels.reshape(-1), predicted.reshape(-1), labels=list(classes))


def class_accuracies(outputs: np.ndarray, labels: np.ndarray) -> list[dict]:
    """Of each class: ``count`` samples, how many are ``right``, and their share ``accuracy`` (recall; None of none)."""
    matrix = confusion(outputs, labels)
    rows = zip(matrix.sum(axis=1).tolist(), np.diag(matrix).tolist(), strict=True)
    return [{"count": n, "right": right, "accuracy": right / n if n else None} for n, right in rows]


def top_losses(shares: np.ndarray, labels: np.ndarray, most: int) -> np.ndarray:
    """The wrong samples, the most confidently wrong first: int64 ``[<= most]``, by the cross-entropy of each.

    Args:
        shares: class probabilities ``[N, K]``, K at least 2.
    """
    wrong = np.flatnonzero(~correct(shares, labels))
    true = np.asarray(shares)[wrong, one_label_each(labels, np.shape(shares)[:1])[wrong]]
    return wrong[np.argsort(true, kind="stable")][:most]  # the lowest probability is the highest loss


def hardest_pairs(matrix: np.ndarray, most: int) -> list[dict]:
    """The pairs of classes that are most often taken for each other, either way.

    Args:
        matrix: of :func:`confusion`, or the mean of several, ``[K, K]``.

    Returns:
        At most ``most`` rows of the ``labels`` of a pair and the ``mistakes`` between them; none without a mistake.
    """
    counts = np.triu(matrix + matrix.T, 1)
    order = np.argsort(-counts, axis=None, kind="stable")[:most]
    pairs = [divmod(int(place), len(counts)) for place in order]
    return [{"labels": list(pair), "mistakes": float(counts[pair])} for pair in pairs if counts[pair] > 0]


def only_one_right(logits: np.ndarray, others: np.ndarray, labels: np.ndarray) -> tuple[int, int]:
    """How many samples only the first classifier gets right, and how many only the second.

    Two classifiers on the same samples differ in these alone: :func:`paddle_camp.comparisons.mcnemar`.
    """
    first, second = correct(logits, labels), correct(others, labels)
    return int((first & ~second).sum()), int((second & ~first).sum())


def energy_inside(heat: np.ndarray, mask: np.ndarray) -> float | None:
    """The share of a heat map's sum that lies inside of a mask (Wang et al., arXiv:1910.01279); None of an empty map.

    A map that is the same everywhere has the mask's share of the area: that is chance.

    Args:
        heat: ``[H, W]``, 0 or more.
        mask: ``[H, W]``, from 0 to 1.
    """
    total = float(np.sum(heat))
    return float(np.sum(np.asarray(heat, np.float64) * mask)) / total if total > 0 else None


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
