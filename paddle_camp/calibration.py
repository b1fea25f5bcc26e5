"""Whether a classifier's probabilities can be believed, and from which one on it is sure enough.

Probabilities are float ``[N, K]``, rows summing to 1; labels are int ``[N]``. What is said to be sure is the largest
probability of a row, the confidence.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from paddle_camp.comparisons import share_interval
from paddle_camp.errors import require
from paddle_camp.metrics import correct, one_label_each

BINS = (0.0, 0.5, 0.7, 0.9, 0.97, 0.99, 0.999, 1.0)  # of the confidence; a good classifier's lies at the end
LITTLE = 1e-12  # stands for a probability of 0 in a logarithm


def confidence(probabilities: np.ndarray) -> np.ndarray:
    """The largest probability of each row: ``[N]``."""
    return np.asarray(probabilities).max(axis=1)


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: tuple[float, ...] = BINS) -> list[dict[str, Any]]:
    """The accuracy beside the confidence, in bins of the confidence: a row for each that is not empty; JSON values.

    Args:
        bins: edges, increasing; a confidence at an edge belongs to the bin below it.

    Returns:
        Rows of ``low``, ``high``, ``count``, ``confidence`` (their mean), ``accuracy`` and its 95 % ``interval``.
    """
    sure, right, rows = confidence(probabilities), correct(probabilities, labels), []
    for low, high in zip(bins[:-1], bins[1:], strict=True):
        inside = (sure > low) & (sure <= high)
        count, hits = int(inside.sum()), int(right[inside].sum())
        if count:
            row = {"low": low, "high": high, "count": count, "confidence": float(sure[inside].mean())}
            rows.append(row | {"accuracy": hits / count, "interval": share_interval(hits, count)})
    return rows


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: tuple[float, ...] = BINS) -> float:
    """The mean distance of confidence and accuracy over the bins, weighed by their samples (Naeini et al., 2015)."""
    rows = reliability(probabilities, labels, bins)
    total = sum(row["count"] for row in rows)
    return sum(row["count"] * abs(row["confidence"] - row["accuracy"]) for row in rows) / total


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The mean of minus the logarithm of the probability of the label."""
    labels = one_label_each(labels, np.shape(probabilities)[:1])
    picked = np.asarray(probabilities)[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(picked, LITTLE, 1)).mean())


def temper(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities made less sure (a temperature above 1) or more (below 1); the order of the classes stays."""
    return softmax(np.log(np.clip(probabilities, LITTLE, 1)) / temperature, axis=1)


def best_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The temperature with the least log loss on these samples (Guo et al., arXiv:1706.04599), from 1/20 to 20.

    Find it on samples that nothing was trained on, and report on others.
    """
    logits = np.log(np.clip(probabilities, LITTLE, 1))
    labels = one_label_each(labels, logits.shape[:1])

    def loss(power: float) -> float:
        return float(-log_softmax(logits / np.exp(power), axis=1)[np.arange(len(labels)), labels].mean())

    found = minimize_scalar(loss, bounds=(-np.log(20), np.log(20)), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def threshold_for(probabilities: np.ndarray, labels: np.ndarray, accuracy: float) -> float | None:
    """The lowest confidence from which on at least this share of these samples is right; None: there is none.

    Samples of one confidence are all in or all out.

    Raises:
        SettingError: ``accuracy`` is no share.
    """
    require(0 < accuracy <= 1, f"accuracy={accuracy}: give a share, above 0 and up to 1")
    sure, right = confidence(probabilities), correct(probabilities, labels)
    order = np.argsort(-sure, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    last_of_its_kind = np.append(np.diff(sure[order]) != 0, True)
    enough = np.flatnonzero((shares >= accuracy) & last_of_its_kind)
    return float(sure[order][enough[-1]]) if len(enough) else None


def above(probabilities: np.ndarray, labels: np.ndarray, threshold: float) -> dict[str, Any]:
    """What a threshold of the confidence comes to: JSON values.

    Returns:
        ``count`` and ``share`` of the samples that reach it, how many of them are ``right``, their ``accuracy`` and its
        95 % ``interval`` (None: no sample reaches it).
    """
    reached = confidence(probabilities) >= threshold
    count, right = int(reached.sum()), int(correct(probabilities, labels)[reached].sum())
    row: dict[str, Any] = {"count": count, "share": count / len(reached), "right": right}
    return row | {
        "accuracy": right / count if count else None,
        "interval": share_interval(right, count) if count else None,
    }


def risk_curve(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(Share of the samples that are answered, the surest first; share of these that is wrong): ``[N]`` each."""
    right = correct(probabilities, labels)[np.argsort(-confidence(probabilities), kind="stable")]
    counts = np.arange(1, len(right) + 1)
    return counts / len(right), np.cumsum(~right) / counts
