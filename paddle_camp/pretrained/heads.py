"""The last layer of a network: found, and given the weights of a logistic regression on its features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from paddle import nn
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from paddle_camp.choosing import edge_of
from paddle_camp.errors import require
from paddle_camp.networks.freezing import freeze_norms
from paddle_camp.pretrained.loading import PretrainedWeights
from paddle_camp.pretrained.settings import PretrainedSettings
from paddle_camp.training.measuring import Evaluation, evaluate

STEPS = 5000  # of the optimisation at most

Head: TypeAlias = "tuple[np.ndarray, np.ndarray]"  # of a last layer: weight [D, K] and bias [K], float32


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


def as_layer(pipeline: Pipeline) -> Head:
    """Weight ``[D, 2]`` and bias ``[2]``, float32, of the linear layer that gives a pipeline's probabilities.

    The standardisation goes into the weights: w (x - mean) / deviation = (w / deviation) x - w mean / deviation.
    """
    scaler, regression = pipeline[0], pipeline[-1]
    slope = regression.coef_[0] / scaler.scale_
    offset = regression.intercept_[0] - slope @ scaler.mean_
    halves = np.array([-0.5, 0.5])  # a softmax sees the difference of the two only
    return (slope[:, None] * halves).astype(np.float32), (offset * halves).astype(np.float32)


def fit_head(
    features: np.ndarray, labels: np.ndarray, settings: PretrainedSettings, seed: int
) -> tuple[GridSearchCV, Head]:
    """:func:`fit_logistic` with the costs and folds of a page's settings: the search, and its best as a last layer."""
    search = fit_logistic(features, labels, settings.costs, settings.folds, seed)
    return search, as_layer(search.best_estimator_)


def measure_head(head: Head, features: np.ndarray, labels: np.ndarray) -> Evaluation:
    """How a last layer does on features ``[N, D]`` with labels ``[N]``."""
    return evaluate(set_head(nn.Linear(*head[0].shape), *head), (features, labels))


def create_tunable(weights: PretrainedWeights, head: Head, **arguments: Any) -> nn.Layer:
    """The network with pretrained weights to be trained further: its head knows already, its batch norms are frozen.

    A head that knows sends no noise back through the network in the first steps (Kumar et al., ICLR 2022,
    arXiv:2202.10054); batches of a few pictures would spoil the statistics that a million have given.

    Args:
        head: of a logistic regression on the features of these weights.
        **arguments: further ones of ``create_model``.
    """
    return freeze_norms(set_head(weights.create(num_classes=head[0].shape[1], **arguments), *head))


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
