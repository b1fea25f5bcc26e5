"""The layers of the zoo: Paddle's parameters and names, its results with oneDNN and without, and where they end."""

from __future__ import annotations

import copy

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_camp import create_model, paddle_operators
from paddle_camp.models import layers
from paddle_camp.speed.onednn.layout import has_channels_last

LAYERS = {
    "convolution": (lambda: layers.Conv2D(3, 8, 3, 2, 1), lambda: nn.Conv2D(3, 8, 3, 2, 1)),
    "with a ReLU": (
        lambda: layers.Conv2D(3, 8, 5, relu=True),
        lambda: nn.Sequential(nn.Conv2D(3, 8, 5), nn.ReLU()),
    ),
    "without bias": (lambda: layers.Conv2D(3, 8, 3, bias_attr=False), lambda: nn.Conv2D(3, 8, 3, bias_attr=False)),
    "same padding": (lambda: layers.Conv2D(3, 8, 3, 2, "same"), lambda: nn.Conv2D(3, 8, 3, 2, "SAME")),
    "groups": (lambda: layers.Conv2D(3, 6, 3, groups=3), lambda: nn.Conv2D(3, 6, 3, groups=3)),
    "transposed": (lambda: layers.Conv2DTranspose(3, 8, 4, 2, 1), lambda: nn.Conv2DTranspose(3, 8, 4, 2, 1)),
    "transposed without bias": (
        lambda: layers.Conv2DTranspose(3, 5, 3, bias_attr=False),
        lambda: nn.Conv2DTranspose(3, 5, 3, bias_attr=False),
    ),
    "leaky relu": (layers.LeakyReLU, lambda: nn.LeakyReLU(0.2)),
    "norm": (lambda: layers.BatchNorm2D(3), lambda: nn.BatchNorm2D(3)),
    "norm with a ReLU": (lambda: layers.BatchNorm2D(3, relu=True), lambda: nn.Sequential(nn.BatchNorm2D(3), nn.ReLU())),
    "max pool": (lambda: layers.MaxPool2D(3, 2, 1), lambda: nn.MaxPool2D(3, 2, 1)),
    "relu": (layers.ReLU, nn.ReLU),
    "relu6": (layers.ReLU6, nn.ReLU6),
    "average pool": (lambda: lambda x: layers.average_pool(x, 2), lambda: lambda x: nn.functional.avg_pool2d(x, 2, 2)),
    "global average pool": (
        lambda: layers.global_average_pool,
        lambda: lambda x: nn.functional.adaptive_avg_pool2d(x, 1),
    ),
    "sigmoid": (lambda: layers.sigmoid, lambda: nn.functional.sigmoid),
    "tanh": (lambda: layers.tanh, lambda: paddle.tanh),
    "scale": (
        lambda: lambda x: layers.scale(x, x.mean(axis=[2, 3], keepdim=True)),
        lambda: lambda x: x * x.mean(axis=[2, 3], keepdim=True),
    ),
    "sum": (lambda: lambda x: layers.add(x, 2 * x), lambda: lambda x: 3 * x),
    "sum with a ReLU": (lambda: lambda x: layers.add_relu(x, 2 * x), lambda: lambda x: nn.functional.relu(3 * x)),
    "concat": (
        lambda: lambda x: layers.concat([layers.relu(x), layers.relu(-x)]),
        lambda: lambda x: paddle.concat([nn.functional.relu(x), nn.functional.relu(-x)], axis=1),
    ),
    "as it lies": (
        lambda: lambda x: layers.as_it_lies(nn.functional.sigmoid, layers.relu(x)),
        lambda: lambda x: nn.functional.sigmoid(nn.functional.relu(x)),
    ),
}


def trained(layer, images: np.ndarray) -> list[np.ndarray]:
    """Output, gradients of the input and of the parameters, state and output in evaluation mode after one pass."""
    x = paddle.to_tensor(images, stop_gradient=False)
    output = layer(x)
    (output * paddle.cos(paddle.arange(output.size, dtype="float32")).reshape(output.shape)).sum().backward()
    found = [output.numpy(), x.grad.numpy()]
    if isinstance(layer, nn.Layer):
        found += [parameter.grad.numpy() for parameter in layer.parameters() if not parameter.stop_gradient]
        found += [value.numpy() for value in layer.state_dict().values()]
        layer.eval()
    with paddle.no_grad():
        return [*found, layer(x).numpy()]


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_paddles_with_onednn_and_without(name):
    images = np.random.default_rng(0).standard_normal((4, 3, 10, 12)).astype("float32")
    paddle.seed(0)
    ours, theirs = (make() for make in LAYERS[name])
    if isinstance(ours, nn.Layer):
        assert [p.shape for p in ours.parameters()] == [p.shape for p in theirs.parameters()]
        theirs.set_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
    again = copy.deepcopy(ours)
    expected = trained(theirs, images)
    found = trained(ours, images)
    with paddle_operators():
        same = trained(again, images)
    for one, two, other in zip(found, same, expected, strict=True):
        scale = max(1e-3, float(np.abs(other).max()))
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * scale)
        np.testing.assert_allclose(two, other, rtol=0, atol=1e-5 * scale)


def test_float64_is_paddles():
    layer = layers.Conv2D(3, 4, 3, relu=True)
    layer.to(dtype="float64")
    assert layer(paddle.randn([1, 3, 5, 5], dtype="float64")).dtype == paddle.float64


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("window", [(2, 2), (3, 1, 1)])
def test_the_max_pool_hides_nothing_that_is_not_finite(bad, window):
    """Paddle's kernel that keeps the places would write outside of its buffer, oneDNN's would skip NaN."""
    images = np.random.default_rng(0).standard_normal((2, 3, 6, 6), np.float32)
    images[1, 1, :4, :4] = bad
    ours = trained(layers.MaxPool2D(*window), images)
    theirs = trained(nn.MaxPool2D(*window), images)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(ours, theirs, strict=True))
    assert np.isnan(ours[0]).any() == np.isnan(bad)


def test_a_diverging_lenet_says_so():
    model = create_model("lenet")
    model.conv1.weight.set_value(paddle.full_like(model.conv1.weight, float("nan")))
    loss = model(paddle.ones([2, 1, 28, 28])).sum()
    loss.backward()
    assert not np.isfinite(float(loss))


@pytest.mark.parametrize(
    ("name", "side"),
    [("resnet18", 64), ("googlenet", 224), ("densenet121", 64), ("mobilenet_v2", 64), ("efficientnet_lite0", 64)],
)
def test_pictures_stay_in_the_layout_from_the_first_layer_to_the_last(name, side):
    """A layer that fell back to Paddle's layout would cost two copies."""
    model, seen = create_model(name), {}

    def note(path: str, inputs: tuple) -> None:
        seen.setdefault(path, has_channels_last(inputs[0]))

    for path, layer in model.named_sublayers():
        if isinstance(layer, layers.Conv2D | layers.BatchNorm2D | layers.MaxPool2D) and "auxiliary" not in path:
            layer.register_forward_pre_hook(lambda layer, inputs, path=path: note(path, inputs))
    model(paddle.randn([2, 3, side, side]))
    first, *rest = seen
    assert not seen[first] and len(rest) > 20
    assert all(seen[path] for path in rest)
