"""The last layer of a network: found, and given the weights of a logistic regression on its features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from paddle import nn
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from paddle_camp.choosing import edge_of
from paddle_camp.errors import require

STEPS = 5000  # of the optimisation at most


def head_of(model: nn.Layer) -> nn.Linear:
    """The fully connected layer that gives one number a class: ``model.fc``, or the last one that was made.

    GoogLeNet has others behind ``fc``, in the auxiliary heads that only train.

    Raises:
        SettingError: it has none.
    """
    layers = [
        layer
        for layer in (*model.sublayers(include_self=True), getattr(model, "fc", None))
        if isinstance(layer, nn.Linear)
    ]
    require(bool(layers), f"{type(model).__name__} has no fully connected layer, so it has no head")
    return layers[-1]


def fit_logistic(
    features: np.ndarray, labels: np.ndarray, costs: Sequence[float], folds: int, seed: int
) -> GridSearchCV:
    """Logistic regression on standardised features, its C the one with the lowest loss on held-out folds.

    Means and deviations are those of the part that it is trained on, inside the folds too; with the C chosen it is
    trained on all samples.

    Args:
        features: float ``[N, D]``.
        labels: classes 0 and 1, int ``[N]``.
        costs: the values of C to choose from: the inverse of the penalty's weight.
        folds: every class must have so many samples at least.

    Returns:
        ``best_params_``, ``cv_results_`` and ``best_estimator_``, scikit-learn's.

    Raises:
        SettingError: a class has fewer samples than folds, or there are not two.
    """
    counts = np.unique(labels, return_counts=True)[1]
    require(len(counts) == 2, f"{len(counts)} classes: this logistic regression tells two apart")
    require(
        counts.min() >= folds, f"folds={folds}: a class has {counts.min()} pictures only; take more, or fewer folds"
    )
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=STEPS))
    search = GridSearchCV(
        pipeline,
        {"logisticregression__C": list(costs)},
        scoring="neg_log_loss",
        cv=StratifiedKFold(folds, shuffle=True, random_state=seed),
    )
    return search.fit(features, labels)


def chosen(search: GridSearchCV) -> dict[str, Any]:
    """What :func:`fit_logistic` has chosen: ``C``, the folds' mean ``loss`` of every C, and ``edge``.

    ``edge`` is "largest" or "smallest" where the best C is the last that was tried on that side, else None.
    """
    tried = [float(each) for each in search.cv_results_["param_logisticregression__C"]]
    best = float(search.best_params_["logisticregression__C"])
    losses = {f"{c:g}": -float(score) for c, score in zip(tried, search.cv_results_["mean_test_score"], strict=True)}
    return {"C": best, "losses": losses, "edge": edge_of(best, tried)}


def as_layer(pipeline: Pipeline) -> tuple[np.ndarray, np.ndarray]:
    """Weight ``[D, 2]`` and bias ``[2]``, float32, of the linear layer that gives a pipeline's probabilities.

    The standardisation goes into the weights: w (x - mean) / deviation = (w / deviation) x - w mean / deviation.
    """
    scaler, regression = pipeline[0], pipeline[-1]
    slope = regression.coef_[0] / scaler.scale_
    offset = regression.intercept_[0] - slope @ scaler.mean_
    halves = np.array([-0.5, 0.5])  # a softmax sees the difference of the two only
    return (slope[:, None] * halves).astype(np.float32), (offset * halves).astype(np.float32)


def set_head(model: nn.Layer, weight: np.ndarray, bias: np.ndarray) -> nn.Layer:
    """Give the last layer of ``model`` these numbers, float32 ``[D, K]`` and ``[K]``.

    Returns:
        ``model``.

    Raises:
        SettingError: the layer has another shape.
    """
    head = head_of(model)
    fits = tuple(head.weight.shape) == weight.shape and tuple(head.bias.shape) == bias.shape
    require(fits, f"the head is {list(head.weight.shape)}, the numbers are {list(weight.shape)}")
    head.weight.set_value(weight)
    head.bias.set_value(bias)
    return model
