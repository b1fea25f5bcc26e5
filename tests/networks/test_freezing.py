"""Frozen layers: nothing of them moves, through later epochs, saved weights and copies."""

from __future__ import annotations

import copy

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_camp import fit
from paddle_camp.networks.freezing import freeze, freeze_norms, frozen, training_mode, unfreeze
from tests.helpers.toys import ToyNet, build, toy_batches, weights


def changed(before: dict, after: dict) -> set[str]:
    return {key for key in before if not np.array_equal(before[key], after[key])}


def test_epochs_move_nothing_that_is_frozen():
    model, optimizer, _ = build()
    freeze(model.conv)
    freeze(model.norm)
    before = weights(model)
    fit(model, optimizer, toy_batches(), num_epochs=2, quiet=True)
    assert changed(before, weights(model)) == {"fc.weight", "fc.bias"}
    assert model.training and model.dropout.training and not model.norm.training


def test_without_freezing_all_of_it_moves():
    model, optimizer, _ = build()
    before = weights(model)
    fit(model, optimizer, toy_batches(), num_epochs=1, quiet=True)
    assert changed(before, weights(model)) == set(before)


def test_a_whole_network_is_frozen_and_thawed():
    model = ToyNet()
    trained = {name for name, p in model.named_parameters() if not p.stop_gradient}
    assert freeze(model) is model and freeze(model) is model  # twice is once
    assert all(p.stop_gradient for p in model.parameters()) and not model.norm.training
    training_mode(model)
    assert model.training and model.dropout.training and not model.norm.training
    assert unfreeze(model) is model
    assert {name for name, p in model.named_parameters() if not p.stop_gradient} == trained
    assert "norm._mean" not in trained and "norm.weight" in trained
    assert model.norm.training and not frozen(model) and not frozen(model.norm)


def test_a_part_is_thawed_and_the_rest_stays():
    model = ToyNet()
    model.fc.bias.stop_gradient = True  # someone else's decision
    freeze(model)
    unfreeze(model.fc)
    assert not frozen(model.fc) and frozen(model.conv)
    assert not model.fc.weight.stop_gradient and model.fc.bias.stop_gradient and model.conv.weight.stop_gradient
    unfreeze(model.norm)
    assert model.norm.training and not model.norm.weight.stop_gradient
    model.eval()
    unfreeze(freeze(model))
    assert not any(layer.training for layer in model.sublayers())


def test_loaded_weights_and_copies_are_as_frozen():
    paddle.seed(0)
    model, other = freeze(ToyNet()), ToyNet()
    for each in (model, copy.deepcopy(model)):
        each.set_state_dict(other.state_dict())
        training_mode(each)
        assert frozen(each.norm) and not each.norm.training and each.conv.weight.stop_gradient
        assert not changed(weights(each), weights(other))
    twin = copy.deepcopy(model)
    unfreeze(twin)
    assert frozen(model.conv) and model.conv.weight.stop_gradient and not twin.conv.weight.stop_gradient
    assert set(model.state_dict()) == set(other.state_dict())


def test_batch_norms_alone_are_frozen():
    model, optimizer, _ = build()
    before = weights(model)
    assert freeze_norms(model) is model
    fit(model, optimizer, toy_batches(), num_epochs=2, quiet=True)
    assert changed(before, weights(model)) == {key for key in before if not key.startswith("norm.")}


NORMS = [(nn.BatchNorm, 2), (nn.BatchNorm1D, 2), (nn.BatchNorm1D, 3), (nn.BatchNorm2D, 4), (nn.BatchNorm3D, 5)]


@pytest.mark.parametrize(("kind", "dimensions"), NORMS)
def test_every_batch_norm_keeps_its_statistics_and_lets_gradients_through(kind, dimensions):
    norm = freeze(kind(3))
    training_mode(norm)
    images = paddle.full([2, 3, *[2] * (dimensions - 2)], 5.0)
    images.stop_gradient = False
    output = norm(images)
    output.sum().backward()
    assert float(norm._mean.abs().max()) == 0 and norm.weight.grad is None
    assert np.allclose(output.numpy(), 5.0, atol=1e-3)  # of a mean of 0 and a variance of 1
    assert np.allclose(images.grad.numpy(), 1.0, atol=1e-3)
    assert type(unfreeze(norm)) is kind and norm.training
