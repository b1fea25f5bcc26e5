"""The quick bias and the quick max pool: Paddle's bits, and when they are used."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

from paddle_camp import create_model
from paddle_camp.models.layers import Conv2D, MaxPool2D
from tests.helpers.zoo import shape_of


@pytest.mark.parametrize("name", ["lenet", "alexnet"])
def test_the_quick_bias_gives_the_same_bits_and_can_be_turned_off(name, monkeypatch):
    images = paddle.to_tensor(np.random.default_rng(0).normal(size=(2, *shape_of(name))).astype("float32"))
    results = []
    for optimisations in ("bias", "0"):
        monkeypatch.setenv("PADDLE_CAMP_TUNE", optimisations)
        paddle.seed(0)
        model = create_model(name)
        convolution = next(layer for layer in model.sublayers() if isinstance(layer, Conv2D))
        assert convolution.quick_bias == (optimisations == "bias")
        output = model(images)
        (output**2).sum().backward()
        results.append([output.numpy()] + [p.grad.numpy() for p in model.parameters()])
    assert all(np.array_equal(one, other) for one, other in zip(*results, strict=True))


def pooled(optimisations, window, monkeypatch, images):
    """A pool's output and gradient with these optimisations, and whether its backward pass knows the places."""
    monkeypatch.setenv("PADDLE_CAMP_TUNE", optimisations)
    images = paddle.to_tensor(images, stop_gradient=False)
    pool = MaxPool2D(*window)
    output = pool(images)
    (output * paddle.arange(output.size, dtype="float32").reshape(output.shape)).sum().backward()
    return output.numpy(), images.grad.numpy(), pool.keeps_places


@pytest.mark.parametrize("window", [(2, 2), (3, 2), (3, 1, 1), (3, 2, 1)])
def test_the_quick_max_pool_gives_the_same_bits_and_can_be_turned_off(window, monkeypatch):
    # ReLU leaves many equal maxima: both kernels must give the gradient to the same one of them.
    images = np.maximum(np.random.default_rng(0).standard_normal((3, 4, 13, 13), np.float32), 0)
    *ours, quick = pooled("pool", window, monkeypatch, images)
    *stock, slow = pooled("0", window, monkeypatch, images)
    assert (quick, slow) == (True, False)
    assert all(np.array_equal(a, b) for a, b in zip(ours, stock, strict=True))
    assert np.count_nonzero(ours[1])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("window", [(2, 2), (3, 1, 1)])
def test_the_quick_max_pool_leaves_what_is_not_finite_to_paddle(bad, window, monkeypatch):
    """Its kernel would hide the NaN of a training that diverges, and write outside of its buffer."""
    images = np.random.default_rng(0).standard_normal((2, 3, 6, 6), np.float32)
    images[1, 1, :4, :4] = bad
    *ours, _ = pooled("pool", window, monkeypatch, images)
    *stock, _ = pooled("0", window, monkeypatch, images)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(ours, stock, strict=True))
    assert np.isnan(ours[0]).any() == np.isnan(bad)


def test_a_diverging_lenet_says_so(monkeypatch):
    monkeypatch.setenv("PADDLE_CAMP_TUNE", "pool")
    model = create_model("lenet")
    model.conv1.weight.set_value(paddle.full_like(model.conv1.weight, float("nan")))
    loss = model(paddle.ones([2, 1, 28, 28])).sum()
    loss.backward()
    assert not np.isfinite(float(loss))


def test_the_quick_max_pool_is_what_trains(monkeypatch):
    asked = []
    monkeypatch.setenv("PADDLE_CAMP_TUNE", "pool")
    kernel = paddle.nn.functional.max_pool2d

    def noted(*arguments, return_mask=False, **options):
        asked.append(return_mask)
        return kernel(*arguments, return_mask=return_mask, **options)

    monkeypatch.setattr("paddle_camp.models.layers.F.max_pool2d", noted)
    images = paddle.ones([1, 1, 4, 4])
    MaxPool2D(2, 2)(images)  # no gradient is wanted
    images.stop_gradient = False
    with paddle.no_grad():
        MaxPool2D(2, 2)(images)
    assert True not in asked
    MaxPool2D(2, 2)(images)
    assert asked[-1] is True
