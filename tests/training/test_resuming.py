"""Resumption where it is easy to get wrong: layers without a part, parameters without a gradient, odd schedulers."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from paddle import nn
from paddle.optimizer.lr import LinearLR, LinearWarmup, ReduceOnPlateau

from paddle_camp.errors import SettingError
from paddle_camp.networks.freezing import freeze
from paddle_camp.training.describing import network_in_words
from paddle_camp.training.fit import CheckpointPolicy, fit
from paddle_camp.training.losses import classification_loss, regression_loss
from tests.helpers.toys import same_bits, weights, without_times

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 6)).astype("float32"), RNG.integers(0, 2, 40)


class Stop(Exception):
    pass


def with_unused_layer():
    class Net(nn.Layer):
        def __init__(self):
            super().__init__()
            self.used, self.unused = nn.Linear(6, 2), nn.Linear(6, 2)

        def forward(self, x):
            return self.used(x)

    return Net()


def with_batch_norm():
    return nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1D(8), nn.Linear(8, 2))


def train(make, folder, stop_after=None, rate=lambda: 0.1, optimizer="Momentum"):
    paddle.seed(0)
    model, looks = make(), []

    def probe(network):
        looks.append(1)
        if stop_after is not None and len(looks) > stop_after:
            raise Stop
        return {}

    made = getattr(paddle.optimizer, optimizer)(rate(), parameters=model.parameters())
    keep = CheckpointPolicy(folder, seconds=0)
    return model, fit(model, made, (X, Y), num_epochs=3, batch_size=8, keep=keep, probe=probe, quiet=True)


@pytest.mark.parametrize("optimizer", ["Momentum", "Adam"])
@pytest.mark.parametrize(
    ("make", "rate"),
    [
        (with_unused_layer, lambda: 0.1),
        (with_batch_norm, lambda: 0.1),
        (lambda: nn.Linear(6, 2), lambda: LinearLR(0.1, total_steps=10, start_factor=0.2)),
    ],
    ids=["a layer that is never used", "batch norm on rows", "a scheduler that counts from the last rate"],
)
def test_resumed_is_never_having_stopped(tmp_path, make, rate, optimizer):
    whole, history = train(make, tmp_path / "whole", rate=rate, optimizer=optimizer)
    with pytest.raises(Stop):
        train(make, tmp_path / "cut", 2, rate, optimizer)
    resumed, again = train(make, tmp_path / "cut", rate=rate, optimizer=optimizer)
    assert same_bits(weights(whole), weights(resumed))
    assert without_times(history.steps) == without_times(again.steps)


def test_a_network_is_called_the_same_before_and_after_it_has_run():
    model = with_batch_norm()
    before = network_in_words(model)
    model(paddle.to_tensor(X))
    assert network_in_words(model) == before != network_in_words(nn.Sequential(*list(model)[:2], nn.Linear(8, 3)))
    assert network_in_words(freeze(model)) != before


def test_a_plateau_inside_of_another_scheduler_is_one_line():
    model = nn.Linear(6, 2)
    schedule = LinearWarmup(ReduceOnPlateau(0.1), 5, 0.0, 0.1)
    optimizer = paddle.optimizer.SGD(schedule, parameters=model.parameters())
    with pytest.raises(SettingError, match="LinearWarmup around ReduceOnPlateau"):
        fit(model, optimizer, (X, Y), num_epochs=1)


def test_what_the_optimizer_leaves_alone_keeps_no_gradient():
    """Neither do such gradients count in the norm that is clipped."""
    backbone, head = nn.Linear(6, 8), nn.Linear(8, 2)
    model = nn.Sequential(backbone, head)
    optimizer = paddle.optimizer.SGD(0.1, parameters=head.parameters())
    before, own = weights(backbone), np.append(head.weight.numpy(), head.bias.numpy())
    fit(model, optimizer, (X, Y), num_epochs=1, batch_size=40, clip_norm=1e-3, quiet=True)
    assert same_bits(before, weights(backbone))
    moved = np.linalg.norm(np.append(head.weight.numpy(), head.bias.numpy()) - own)
    assert moved == pytest.approx(0.1 * 1e-3, rel=1e-2)
    assert all(p.grad is None or not p.grad.numpy().any() for p in model.parameters())


def test_class_weights_of_another_length_are_not_read_beyond_their_end():
    logits, labels = paddle.zeros([4, 3]), paddle.to_tensor([2, 2, 2, 2])
    with pytest.raises(SettingError, match="label 2: "):
        classification_loss(logits, labels, class_weights=[1.0, 2.0])
    with pytest.raises(SettingError, match="class_weights: 4 for a network of 3 classes"):
        classification_loss(logits, labels, class_weights=[1.0] * 4)
    with pytest.raises(SettingError, match="label 5: the network has 2 outputs"):
        classification_loss(paddle.zeros([1, 1]), paddle.to_tensor([5]))


def test_fit_with_a_squared_error_is_regression():
    model = nn.Linear(6, 1)
    optimizer = paddle.optimizer.SGD(0.01, parameters=model.parameters())
    data = (X, np.arange(40))
    history = fit(model, optimizer, data, num_epochs=1, loss_fn=regression_loss, evaluations=data, quiet=True)
    assert "accuracy" not in history.last("validation") and "mean_absolute_error" in history.last("validation")


def test_a_loader_without_a_batch_is_one_line():
    from paddle.io import DataLoader, TensorDataset

    model = nn.Linear(6, 2)
    optimizer = paddle.optimizer.SGD(0.01, parameters=model.parameters())
    loader = DataLoader(TensorDataset([paddle.to_tensor(X), paddle.to_tensor(Y)]), batch_size=64, drop_last=True)
    with pytest.raises(SettingError, match="the DataLoader makes no batch"):
        fit(model, optimizer, loader, num_epochs=1)
