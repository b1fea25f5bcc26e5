"""Every kernel of oneDNN against Paddle's operator: drawn shapes, strides, paddings and groups, and other layouts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import paddle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paddle_camp.derivatives import central_differences
from paddle_camp.speed.onednn import elementwise, kernels, transposed
from paddle_camp.speed.onednn.function import compute, usable

SIDES = st.integers(1, 9)


def drawn(*shapes: tuple[int, ...], seed: int = 0) -> list[np.ndarray]:
    """Normal numbers, float32."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def results(function: Callable, arrays: list[np.ndarray], prepare: Callable = lambda x: x) -> list[np.ndarray]:
    """Output and gradients; the gradient that arrives from behind is drawn too, and no two of its numbers are alike."""
    inputs = [paddle.to_tensor(array, stop_gradient=False) for array in arrays]
    output = function(*map(prepare, inputs))
    (output * paddle.to_tensor(drawn(tuple(output.shape), seed=1)[0])).sum().backward()
    return [output.numpy(), *(tensor.grad.numpy() for tensor in inputs)]


def assert_close(ours: list[np.ndarray], theirs: list[np.ndarray]) -> None:
    """Rounding alone: 1e-5 of the largest number; measured over the zoo's shapes: at most 4e-6."""
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * max(1e-3, np.abs(other).max()))


def assert_is_paddles(kernel, *shapes: tuple[int, ...]) -> None:
    arrays = drawn(*shapes)
    assert usable(paddle.to_tensor(arrays[0]))
    assert_close(results(lambda *inputs: compute(kernel, *inputs), arrays), results(kernel.by_paddle, arrays))


@settings(max_examples=60, deadline=None)
@given(
    batch=st.integers(1, 3),
    groups=st.sampled_from([1, 1, 2, 3, 8]),
    per_group=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    more=st.tuples(SIDES, SIDES),
    bias=st.booleans(),
    relu=st.booleans(),
)
def test_convolution(batch, groups, per_group, kernel, stride, padding, more, bias, relu):
    sides = tuple(max(1, size - 2 * pad) + extra for size, pad, extra in zip(kernel, padding, more, strict=True))
    inputs, outputs = (groups * each for each in per_group)
    shapes = [(batch, inputs, *sides), (outputs, per_group[0], *kernel), *([(outputs,)] if bias else [])]
    assert_is_paddles(kernels.Convolution(stride, padding, groups, relu), *shapes)


@settings(max_examples=40, deadline=None)
@given(
    groups=st.sampled_from([1, 1, 2, 8]),
    per_group=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    sides=st.tuples(SIDES, SIDES),
)
def test_convolution_with_the_padding_of_tensorflow(groups, per_group, kernel, stride, sides):
    """A side becomes side / stride, rounded up, and is what Paddle computes of pictures that are padded beforehand."""
    inputs, outputs = (groups * each for each in per_group)
    arrays = drawn((2, inputs, *sides), (outputs, per_group[0], *kernel))
    same = kernels.Convolution(stride, None, groups, relu=False)
    (top, left), (bottom, right) = kernels.same_padding(sides, kernel, stride)
    assert 0 <= bottom - top <= 1 and 0 <= right - left <= 1

    def by_hand(x, weight):
        padded = paddle.nn.functional.pad(x, [left, right, top, bottom])
        return paddle.nn.functional.conv2d(padded, weight, None, stride, 0, groups=groups)

    expected = results(by_hand, arrays)
    assert expected[0].shape[2:] == tuple(-(-side // step) for side, step in zip(sides, stride, strict=True))
    assert_close(results(lambda *each: compute(same, *each), arrays), expected)
    assert_close(results(same.by_paddle, arrays), expected)


@settings(max_examples=40, deadline=None)
@given(
    batch=st.integers(1, 3),
    channels=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    sides=st.tuples(st.integers(2, 7), st.integers(2, 7)),
)
def test_transposed_convolution(batch, channels, kernel, stride, padding, sides):
    padding = tuple(min(pad, (size - 1) // 2) for pad, size in zip(padding, kernel, strict=True))
    kernel_of = transposed.TransposedConvolution(stride, padding)
    assert_is_paddles(kernel_of, (batch, channels[0], *sides), (*channels, *kernel))


@pytest.mark.parametrize(
    ("shape", "weight", "stride", "padding", "groups"),
    [
        ((2, 3, 32, 31), (64, 3, 7, 7), 2, 3, 1),  # ResNet's first
        ((2, 3, 63, 63), (64, 3, 11, 11), 4, 2, 1),  # AlexNet's first
        ((2, 64, 7, 7), (256, 64, 1, 1), 1, 0, 1),
        ((2, 128, 14, 14), (128, 4, 3, 3), 2, 1, 32),  # ResNeXt's
        ((2, 96, 15, 15), (96, 1, 3, 3), 2, 1, 96),  # depthwise
        ((1, 1, 28, 28), (6, 1, 5, 5), 1, 0, 1),  # LeNet's first, one digit
        ((1, 1, 3, 4), (1, 1, 1, 2), (1, 3), 0, 1),  # of which oneDNN computes the first row alone
    ],
)
def test_convolutions_of_the_zoo(shape, weight, stride, padding, groups):
    strides = stride if isinstance(stride, tuple) else (stride, stride)
    kernel = kernels.Convolution(strides, (padding, padding), groups, relu=False)
    assert_is_paddles(kernel, shape, weight, weight[:1])


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["max", "average"]),
    shape=st.tuples(st.integers(1, 3), st.integers(1, 20), SIDES, SIDES),
    size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padded=st.booleans(),
)
def test_pool(kind, shape, size, stride, padded):
    padding = tuple(each // 2 for each in size) if padded else (0, 0)
    shape = (*shape[:2], *(side + window for side, window in zip(shape[2:], size, strict=True)))
    assert_is_paddles(kernels.Pool(kind, size, stride, padding), shape)


@settings(max_examples=20, deadline=None)
@given(shape=st.tuples(st.integers(1, 3), st.integers(1, 20), SIDES, SIDES), relu=st.booleans())
def test_elementwise(shape, relu):
    for name in ("relu", "relu6", "sigmoid", "tanh"):
        assert_is_paddles(elementwise.Activation(name), shape)
    assert_is_paddles(elementwise.Sum(relu), shape, shape)
    assert_is_paddles(elementwise.Scale(), shape, (*shape[:2], 1, 1))
    assert_is_paddles(elementwise.Concat(), shape, (shape[0], 3, *shape[2:]), shape)


def normed(ours: bool, training: bool, relu: bool, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Output and gradients of a batch norm, and its running statistics afterwards."""
    channels = arrays[0].shape[1]
    mean, variance = paddle.linspace(-1, 1, channels), paddle.linspace(0.5, 2, channels)
    kernel = kernels.BatchNorm(mean, variance, training, 0.9, 1e-5, relu)
    found = results(lambda *inputs: compute(kernel, *inputs) if ours else kernel.by_paddle(*inputs), arrays)
    return [*found, mean.numpy(), variance.numpy()]


@settings(max_examples=40, deadline=None)
@given(shape=st.tuples(st.integers(2, 4), st.integers(1, 20), SIDES, SIDES), training=st.booleans(), relu=st.booleans())
def test_batch_norm(shape, training, relu):
    shape = (*shape[:2], shape[2] + 1, shape[3])  # the variance of four values or more: that of two amplifies rounding
    arrays = drawn(shape, shape[1:2], shape[1:2])
    arrays[0] = 2 * arrays[0] + 1
    assert_close(normed(True, training, relu, arrays), normed(False, training, relu, arrays))


def test_the_running_statistics_move_as_paddles_do():
    """By a tenth of the way, and with the variance over all values, not over one fewer."""
    arrays = drawn((2, 1, 1, 2), (1,), (1,))
    arrays[0][:] = np.array([1.0, 2.0, 3.0, 6.0]).reshape(2, 1, 1, 2)
    *_, mean, variance = normed(True, True, False, arrays)
    assert mean == pytest.approx([0.9 * -1 + 0.1 * 3.0]) and variance == pytest.approx([0.9 * 0.5 + 0.1 * 3.5])


def test_the_norm_of_one_number_is_paddles():
    arrays = drawn((1, 3, 1, 1), (3,), (3,))
    assert_close(normed(True, True, False, arrays), normed(False, True, False, arrays))


LAYOUTS = {
    "channels last": lambda x: (x.transpose([0, 2, 3, 1]) * 1).transpose([0, 3, 1, 2]),
    "turned": lambda x: (x.transpose([3, 2, 1, 0]) * 1).transpose([3, 2, 1, 0]),
    "part of a larger one": lambda x: paddle.concat([x, x], axis=1)[:, : x.shape[1]],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("behind", LAYOUTS)
def test_inputs_and_gradients_may_lie_in_memory_as_they_like(layout, behind):
    kernel, arrays = kernels.Convolution((1, 1), (1, 1), 1, relu=True), drawn((2, 3, 5, 4), (6, 3, 3, 3))
    prepare = lambda x: LAYOUTS[layout](x) if x.shape[0] == 2 else x  # noqa: E731
    ours = results(lambda *inputs: LAYOUTS[behind](compute(kernel, *inputs)), arrays, prepare)
    assert_close(ours, results(kernel.by_paddle, arrays))


@pytest.mark.parametrize("name", ["convolution", "batch norm", "relu", "sum", "max", "average"])
def test_gradients_against_central_differences(name):
    shape = (2, 3, 4, 4)
    kernel, shapes = {
        "convolution": (kernels.Convolution((2, 1), (1, 0), 1, False), [shape, (4, 3, 3, 2), (4,)]),
        "batch norm": (
            kernels.BatchNorm(paddle.zeros([3]), paddle.ones([3]), True, 0.9, 1e-5, False),
            [shape, (3,), (3,)],
        ),
        "relu": (elementwise.Activation("relu"), [shape]),
        "sum": (elementwise.Sum(relu=True), [shape, shape]),
        "max": (kernels.Pool("max", (2, 2), (2, 2), (0, 0)), [shape]),
        "average": (kernels.Pool("average", (3, 3), (2, 2), (1, 1)), [shape]),
    }[name]
    arrays = drawn(*shapes)
    _, *gradients = results(lambda *inputs: compute(kernel, *inputs), arrays)

    def weighted() -> float:
        with paddle.no_grad():
            output = compute(kernel, *map(paddle.to_tensor, arrays)).numpy().astype(np.float64)
        return float((output * drawn(output.shape, seed=1)[0]).sum())

    for array, gradient in zip(arrays, gradients, strict=True):
        measured = central_differences(weighted, array, 1e-2)
        wrong = np.abs(measured - gradient) > 2e-2 * np.abs(gradient).max()
        assert wrong.mean() <= (0.05 if name in ("relu", "sum", "max") else 0)  # where a step goes over a corner


def test_a_tie_of_a_max_pool_is_decided_as_paddle_does():
    """A ReLU leaves many equal maxima."""
    arrays = [np.maximum(drawn((3, 20, 13, 13))[0], 0)]
    for window in ((2, 2), (3, 1)):
        kernel = kernels.Pool("max", (window[0],) * 2, (window[1],) * 2, (0, 0))
        ours, theirs = (results(f, arrays) for f in (lambda x, k=kernel: compute(k, x), kernel.by_paddle))
        assert_close(ours, theirs)


def test_gradients_that_nobody_wants_are_not_computed():
    x, weight = (paddle.to_tensor(array) for array in drawn((2, 3, 5, 5), (4, 3, 3, 3)))
    kernel = kernels.Convolution((1, 1), (0, 0), 1, relu=False)
    weight.stop_gradient = False
    compute(kernel, x, weight).sum().backward()
    assert x.grad is None and weight.grad is not None
    x.stop_gradient, weight.stop_gradient = False, True
    compute(kernel, x, weight).sum().backward()
    assert x.grad is not None
    with paddle.no_grad():
        assert compute(kernel, x, weight).stop_gradient
    part = paddle.to_tensor(drawn((2, 2, 5, 5))[0])
    _, kept = elementwise.Concat().forward([x, part], [True, False])
    wanted, other = elementwise.Concat().backward(kept, paddle.ones([2, 5, 5, 5]), [True, False])
    assert wanted.shape == x.shape and other is None


def test_the_same_numbers_give_the_same_bits():
    kernel, arrays = kernels.Convolution((1, 1), (1, 1), 1, relu=True), drawn((5, 16, 9, 9), (32, 16, 3, 3), (32,))
    runs = [results(lambda *inputs: compute(kernel, *inputs), arrays) for _ in range(3)]
    for run in runs[1:]:
        assert all(np.array_equal(one, other) for one, other in zip(runs[0], run, strict=True))
