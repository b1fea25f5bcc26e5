"""Grad-CAM: a case computed by hand, networks of our oneDNN layers, and drawn eyes whose lesions are known."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from paddle import nn

import paddle_camp as camp
from paddle_camp.data.fundus.drawn_eye import draw_lesions
from paddle_camp.data.fundus.standin import kind_of
from paddle_camp.errors import SettingError
from paddle_camp.models.blocks import Sequential, conv_bn
from paddle_camp.models.layers import Conv2D, MaxPool2D, flatten, global_average_pool
from paddle_camp.networks.freezing import freeze
from paddle_camp.networks.grad_cam import explain_together, grad_cam, last_feature_map
from paddle_camp.preprocessing import FUNDUS
from tests.helpers.toys import same_bits, weights
from tests.helpers.zoo import build, shape_of

PICTURE = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)[None, None]  # [1, 1, 2, 2]


def by_hand(conv: type[nn.Layer] = nn.Conv2D, outputs: int = 2) -> nn.Layer:
    """A 1 x 1 convolution to the channels x and 5 - x, their means, and a linear layer."""
    model = nn.Sequential(conv(1, 2, 1), nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Linear(2, outputs))
    model[0].weight.set_value(np.array([1.0, -1.0], np.float32).reshape(2, 1, 1, 1))
    model[0].bias.set_value(np.array([0.0, 5.0], np.float32))
    matrix = [[-1.0, 2.0], [0.5, 1.0]] if outputs == 2 else [[2.0], [1.0]]  # [in, out]
    model[3].weight.set_value(np.array(matrix, np.float32))
    return model


@pytest.mark.parametrize("conv", [nn.Conv2D, Conv2D])
def test_a_case_computed_by_hand(conv):
    """Class 1: weights 2/4 and 1/4 give (2x + 5 - x) / 4. Class 0: -1/4 and 0.5/4 give (2.5 - 1.5x) / 4."""
    model = by_hand(conv)
    found = grad_cam(model, np.repeat(PICTURE, 2, axis=0), np.array([1, 0]))
    assert found.layer == "0" and found.classes.tolist() == [1, 0]
    np.testing.assert_allclose(found.maps[0], (PICTURE[0, 0] + 5) / 4, rtol=1e-6)
    np.testing.assert_allclose(found.maps[1], [[0.25, 0], [0, 0]], rtol=1e-6)
    np.testing.assert_allclose(found.outputs, [[-1.25, 7.5]] * 2, rtol=1e-6)
    assert grad_cam(model, PICTURE).classes.tolist() == [1]  # what the network says


def test_of_a_single_logit_class_0_is_its_negative():
    found = grad_cam(by_hand(outputs=1), np.repeat(PICTURE, 2, axis=0), np.array([1, 0]))
    np.testing.assert_allclose(found.maps[0], (PICTURE[0, 0] + 5) / 4, rtol=1e-6)
    assert not found.maps[1].any() and grad_cam(by_hand(outputs=1), PICTURE).classes.tolist() == [1]


def trained_norms(model: nn.Layer) -> nn.Layer:
    """The network with running statistics that are not those of a fresh one, and a gradient that somebody waits for."""
    rng = np.random.default_rng(0)
    for name, value in model.state_dict().items():
        if name.endswith(("_mean", "_variance")):
            value.set_value(rng.uniform(0.5, 1.5, value.shape).astype(np.float32))
    return model


NETWORKS = {"resnet18": "layer4", "small_conv_net": "features", "vgg11": "features.18", "two_conv_net": "conv2"}


@pytest.mark.parametrize("name", [*NETWORKS, "mobilenet_v2", "sign_net_stn", "lenet_fundus"])
def test_our_own_layers_give_what_paddles_give(name: str):
    """Also where an evaluation folds a batch norm into its convolution: before, in between, and afterwards."""
    paddle.seed(0)
    model = trained_norms(build(name))
    inputs = np.random.default_rng(0).normal(size=(3, *shape_of(name))).astype(np.float32)
    before = camp.evaluate(model, (inputs, np.zeros(3, np.int64))).outputs
    found = grad_cam(model, inputs)
    with camp.paddle_operators():
        other = grad_cam(model, inputs, found.classes)
    assert found.layer == NETWORKS.get(name, found.layer)
    np.testing.assert_allclose(found.maps, other.maps, atol=1e-4 * max(float(other.maps.max()), 1e-30))
    np.testing.assert_allclose(found.outputs, before, rtol=1e-3, atol=1e-5)
    assert np.array_equal(camp.evaluate(model, (inputs, np.zeros(3, np.int64))).outputs, before)  # folded again


def test_nothing_of_the_network_changes():
    model = build("resnet18")
    freeze(model.layer1)
    model.train()
    model(paddle.randn([2, 3, 64, 64])).sum().backward()
    before = weights(model)
    gradients = {p.name: p.grad.numpy().copy() for p in model.parameters() if p.grad is not None}
    wanted = [parameter.stop_gradient for parameter in model.parameters()]
    modes = [layer.training for layer in model.sublayers()]
    grad_cam(model, np.ones((2, 3, 64, 64), np.float32))
    assert same_bits(before, weights(model)) and gradients
    assert all(np.array_equal(p.grad.numpy(), gradients[p.name]) for p in model.parameters() if p.name in gradients)
    assert [parameter.stop_gradient for parameter in model.parameters()] == wanted
    assert [layer.training for layer in model.sublayers()] == modes
    assert not any(getattr(layer, "observers", 0) for layer in model.sublayers())


def test_a_frozen_network_is_explained_too():
    model = by_hand()
    plain = grad_cam(model, PICTURE).maps
    assert np.array_equal(grad_cam(freeze(model), PICTURE).maps, plain)


def test_more_pictures_than_a_batch(monkeypatch):
    inputs = np.random.default_rng(0).normal(size=(5, 1, 2, 2)).astype(np.float32)
    whole = grad_cam(by_hand(), inputs).maps
    monkeypatch.setattr("paddle_camp.networks.grad_cam.AT_ONCE", 2)
    np.testing.assert_allclose(grad_cam(by_hand(), inputs).maps, whole, rtol=1e-6)


def test_an_ensemble_is_the_mean_of_maps_of_one_height():
    """Class 1 of the second network: 0 and 1/4 give (5 - x) / 4, whose highest place is 1."""
    one, other = by_hand(), by_hand()
    other[3].weight.set_value(np.array([[-9.0, 0.0], [0.0, 1.0]], np.float32))
    found, shares = explain_together([one, other], PICTURE, np.array([1]))
    mean = ((PICTURE[0, 0] + 5) / 9 + (5 - PICTURE[0, 0]) / 4) / 2
    np.testing.assert_allclose(found.maps[0], mean, rtol=1e-6)
    assert shares.shape == (1, 2) and shares[0, 1] > 0.99


@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), {}, "Sequential has none; take a convolutional network"),
        (lambda: nn.Sequential(nn.Conv2D(1, 2, 2), nn.Flatten(), nn.Linear(2, 2)), {}, "has several places"),
        (by_hand, {"layer": "7"}, "layer=7: Sequential has no layer of this name"),
        (by_hand, {"layer": "3"}, "layer=3: its output is no map of features"),
        (by_hand, {"classes": np.array([2])}, "classes: give one from 0 to 1 for each of the 1 pictures"),
        (by_hand, {"classes": np.array([0, 1])}, "classes: give one from 0 to 1"),
        (lambda: nn.Sequential(nn.Conv2D(1, 2, 1)), {}, "not one logit a class"),
    ],
)
def test_what_cannot_be_explained_is_one_line(model, options, says):
    with pytest.raises(SettingError, match=says) as caught:
        grad_cam(model(), PICTURE, **options)
    assert "\n" not in str(caught.value)


def test_the_layer_is_the_last_and_finest():
    chain = nn.Sequential(nn.Conv2D(1, 2, 3), nn.ReLU(), nn.MaxPool2D(2))
    model = nn.Sequential(chain, nn.Flatten(), nn.Linear(18, 2))
    assert last_feature_map(model, np.zeros((1, 1, 8, 8), np.float32)) == "0.0"
    model = nn.Sequential(nn.Sequential(nn.Conv2D(1, 2, 3), nn.ReLU()), nn.Flatten(), nn.Linear(72, 2))
    assert last_feature_map(model, np.zeros((1, 1, 8, 8), np.float32)) == "0"


class FineNet(nn.Layer):
    """A quarter of the picture's resolution up to the end, so that a map can be as fine as a lesion."""

    def __init__(self) -> None:
        super().__init__()
        first = [conv_bn(3, 16, 3), MaxPool2D(2, 2), conv_bn(16, 32, 3), MaxPool2D(2, 2)]
        self.features = Sequential(*first, conv_bn(32, 32, 3), conv_bn(32, 32, 3))
        self.fc = nn.Linear(32, 2)

    def forward(self, x):
        return self.fc(flatten(global_average_pool(self.features(x))))


@pytest.mark.slow
def test_on_drawn_eyes_the_energy_lies_in_the_lesions():
    """Of new pictures with lesions; chance is the lesions' share of the area (9 %). Measured: 26 %, above it in all."""
    size, count = 48, 300
    kinds = [kind_of(0, 0, i) for i in range(count + 100)]
    drawn = [draw_lesions(kind, np.random.default_rng([0, 0, i]), size) for i, kind in enumerate(kinds)]
    images = np.stack([picture.transpose(2, 0, 1) for picture, _ in drawn])
    labels = np.array([kind == "P" for kind in kinds], np.int64)
    data = camp.ImageSet(images, labels, tuple(map(str, range(len(kinds)))), kind=FUNDUS)
    train, test = data.take(np.arange(count)), data.take(np.arange(count, len(kinds)))
    paddle.seed(0)
    model = FineNet()
    optimizer = paddle.optimizer.Adam(0.005, parameters=model.parameters())
    camp.fit(model, optimizer, camp.Batches(train, 20, 0), num_epochs=10, quiet=True)
    outputs = camp.evaluate(model, camp.Batches(test, 50)).outputs
    lesions = np.stack([mask for _, mask in drawn[count:]])
    area = lesions.mean(axis=(1, 2))
    seen = np.flatnonzero((outputs.argmax(axis=1) == 1) & (test.labels == 1) & (area > 0.01))
    assert len(seen) > 20
    maps = grad_cam(model, FUNDUS.scale(test.images[seen])).on_pictures(size, size)
    inside = [camp.metrics.energy_inside(heat, lesions[i]) for heat, i in zip(maps, seen, strict=True)]
    assert np.mean(inside) > 2 * area[seen].mean() and np.mean(np.array(inside) > area[seen]) > 0.9
