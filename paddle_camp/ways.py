"""Several ways to classify the same samples, each of them trained once or from several seeds.

A training is a dict with ``accuracy``, ``auc`` and ``loss``, its logits as lists ``outputs`` ``[N][2]``, all of the
reported samples, and ``holdout_loss``: what :meth:`Evaluation.as_dict
<paddle_camp.training.measuring.Evaluation.as_dict>` has, and that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from paddle_camp.comparisons import Comparison, compare_paired, holm, share_interval
from paddle_camp.metrics import auc, auc_interval, correct, logits_of_mean


def mean_log_odds(trainings: Sequence[dict]) -> np.ndarray:
    """Logits ``[N, 2]`` of the mean of the trainings' probabilities, as ``predict`` averages several networks."""
    return logits_of_mean([each["outputs"] for each in trainings])


def describe_way(trainings: Sequence[dict], labels: np.ndarray) -> dict[str, Any]:
    """Accuracy, AUC and loss of the trainings of one way, their means, and those of their mean probabilities.

    Returns:
        ``accuracy``, ``auc``, ``loss``: lists; ``mean_accuracy`` and so on; ``holdout_loss``: the mean; ``interval`` of
        the mean accuracy, that of the sampling of the samples; ``together``: of the mean probabilities.
    """
    found: dict[str, Any] = {key: [each[key] for each in trainings] for key in ("accuracy", "auc", "loss")}
    together, count = mean_log_odds(trainings), len(labels)
    right = int(correct(together, labels).sum())
    found |= {f"mean_{key}": float(np.mean(values)) for key, values in list(found.items())}
    found["holdout_loss"] = float(np.mean([each["holdout_loss"] for each in trainings]))
    found["interval"] = share_interval(round(found["mean_accuracy"] * count), count)
    area, low_high = auc(together, labels), auc_interval(together, labels)
    return found | {
        "together": {"accuracy": right / count, "auc": area, "auc_interval": low_high, "wrong": count - right}
    }


def compare_ways(ways: Mapping[str, Sequence[dict]], labels: np.ndarray) -> dict[str, Comparison]:
    """Each pair of ways, sample by sample: "later against earlier" -> the verdict on the later one.

    A sample counts with the share of a way's trainings that get it right; :func:`~paddle_camp.comparisons.holm` allows
    for the number of pairs.
    """
    right = {
        name: np.mean([correct(np.asarray(each["outputs"]), labels) for each in trainings], axis=0)
        for name, trainings in ways.items()
    }
    return holm({f"{b} against {a}": compare_paired(right[b], right[a]) for a, b in combinations(right, 2)})
