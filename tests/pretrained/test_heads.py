"""The head of a network: found in every network of the zoo, and a logistic regression put into it."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

from paddle_camp.errors import SettingError
from paddle_camp.metrics import probabilities
from paddle_camp.models import create_model, list_models
from paddle_camp.pretrained import heads
from tests.helpers.zoo import build


@pytest.mark.parametrize("name", list_models())
def test_the_head_gives_one_number_a_class(name):
    with paddle.LazyGuard():  # layers without numbers
        head = heads.head_of(build(name, num_classes=7))
    assert head.weight.shape[1] == 7


def test_a_network_without_a_head_is_one_line():
    with pytest.raises(SettingError, match="Sequential has no fully connected layer"):
        heads.head_of(paddle.nn.Sequential(paddle.nn.ReLU()))


def problem(count=120, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    features = rng.normal(size=(count, 512)) * rng.uniform(0.1, 3, 512) + rng.uniform(0, 2, 512)
    features[:, :4] += labels[:, None]
    return features.astype(np.float32), labels


def test_the_network_gives_the_probabilities_of_the_regression():
    features, labels = problem()
    search = heads.fit_logistic(features, labels, (1e-3, 0.1), 3, 0)
    model = create_model("resnet18", num_classes=2)
    heads.set_head(model, *heads.as_layer(search.best_estimator_))
    with paddle.no_grad():
        logits = heads.head_of(model)(paddle.to_tensor(features)).numpy()
    np.testing.assert_allclose(probabilities(logits), search.predict_proba(features), atol=1e-5)


def test_the_penalty_is_chosen_by_the_folds_and_an_edge_is_said():
    features, labels = problem()
    found = heads.chosen(heads.fit_logistic(features, labels, (1e-4, 1e-2, 1e4), 3, 0))
    assert set(found) == {"C", "losses", "edge"} and found["losses"][f"{found['C']:g}"] == min(found["losses"].values())
    assert found["losses"]["10000"] > found["losses"]["0.01"]
    edge = heads.chosen(heads.fit_logistic(features, labels, (10.0, 1e4), 3, 0))
    assert (edge["C"], edge["edge"]) == (10.0, "smallest")
    assert heads.chosen(heads.fit_logistic(features, labels, (1.0,), 3, 0))["edge"] is None
    again = heads.chosen(heads.fit_logistic(features, labels, (1e-4, 1e-2, 1e4), 3, 0))
    assert again == found  # the same seed, the same folds


def test_what_cannot_be_fitted_is_one_line():
    features, labels = problem(10)
    with pytest.raises(SettingError, match="folds=6: a class has 5 pictures only"):
        heads.fit_logistic(features, labels, (1.0,), 6, 0)
    with pytest.raises(SettingError, match="1 classes"):
        heads.fit_logistic(features, labels * 0, (1.0,), 2, 0)
    with pytest.raises(SettingError, match=r"the head is \[512, 2\], the numbers are \[3, 2\]"):
        heads.set_head(create_model("resnet18", num_classes=2), np.zeros((3, 2), "float32"), np.zeros(2, "float32"))
