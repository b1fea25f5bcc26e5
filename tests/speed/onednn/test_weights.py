"""Weights that do not change are brought into oneDNN's layout once, and only those."""

from __future__ import annotations

import ctypes
import threading

import numpy as np
import paddle
import pytest

from paddle_camp.data.batches import ArrayBatches
from paddle_camp.models.layers import Conv2D, flatten
from paddle_camp.speed.onednn.primitive import prepared
from paddle_camp.speed.onednn.primitives import ConvolutionPrimitives
from paddle_camp.speed.onednn.weights import constant_weights, copied
from paddle_camp.training.measuring import evaluate


class Copy:
    """Stands for a reorder: copies the bytes, and counts."""

    def __init__(self, size: int):
        self.size, self.calls = size, 0

    def __call__(self, source: int, target: int) -> None:
        self.calls += 1
        ctypes.memmove(target, source, self.size)

    def of(self, weight: paddle.Tensor) -> list[float]:
        """What lies where the copy is said to lie."""
        address = copied(self, self.size, weight)
        return list((ctypes.c_float * (self.size // 4)).from_address(address))


@pytest.fixture
def copy() -> Copy:
    around = ((0, 0), (0, 0))
    prepared(ConvolutionPrimitives, (1, 1, 2, 2), paddle.float32, (1, 1, 1, 1), (1, 1), around, 1, False, None, False)
    return Copy(8)


def parameter(*values: float) -> paddle.Tensor:
    made = paddle.create_parameter([len(values)], "float32")
    made.set_value(np.array(values, np.float32))
    return made


def test_a_weight_that_may_change_is_copied_for_every_call(copy):
    weight = parameter(1, 2)
    assert copy.of(weight) == [1, 2] and copy.calls == 1
    weight.set_value(np.array([3, 4], np.float32))
    assert copy.of(weight) == [3, 4] and copy.calls == 2


def test_a_constant_one_is_copied_once(copy):
    one, other = parameter(1, 2), parameter(5, 6)
    with constant_weights():
        assert [copy.of(one), copy.of(other), copy.of(one)] == [[1, 2], [5, 6], [1, 2]] and copy.calls == 2
        with constant_weights():  # goes on with what the outer one has
            assert copy.of(one) == [1, 2] and copy.calls == 2
        assert copy.of(other) == [5, 6] and copy.calls == 2
    one.set_value(np.array([7, 8], np.float32))
    with constant_weights():
        assert copy.of(one) == [7, 8]


def test_each_layout_has_its_own_copy(copy):
    weight, doubled = parameter(1, 2), Copy(4)
    with constant_weights():
        assert (copy.of(weight), doubled.of(weight)) == ([1, 2], [1]) and (copy.calls, doubled.calls) == (1, 1)


def test_a_computed_weight_is_copied_for_every_call(copy):
    """It is made anew for each batch (spectral norm), perhaps where the last one lay."""
    with constant_weights():
        for factor in (1, 2, 3):
            assert copy.of(parameter(1, 2) * factor) == [factor, 2 * factor]
    assert copy.calls == 3


def test_weights_are_constant_in_one_thread_only(copy):
    weight, found = parameter(1, 2), []

    def train() -> None:
        for value in (1, 2):
            weight.set_value(np.array([value, value], np.float32))
            found.append(copy.of(weight))

    with constant_weights():
        thread = threading.Thread(target=train)
        thread.start()
        thread.join()
    assert found == [[1, 1], [2, 2]]


class Net(paddle.nn.Layer):
    """A convolution whose weights oneDNN wants in a layout of its own."""

    def __init__(self):
        super().__init__()
        self.conv = Conv2D(32, 32, 3, padding=1)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        return flatten(self.conv(x)).mean(axis=1, keepdim=True)


def test_an_evaluation_copies_once_and_the_next_sees_new_weights(monkeypatch):
    made = []
    once = ConvolutionPrimitives.weights_for_forward
    monkeypatch.setattr(ConvolutionPrimitives, "weights_for_forward", lambda *a: made.append(once(*a)) or made[-1])
    paddle.seed(0)
    net, x = Net(), np.random.default_rng(0).normal(size=(6, 32, 9, 9)).astype(np.float32)
    batches = ArrayBatches(x, np.zeros((6, 1), np.float32), 2)
    for _ in range(2):
        made.clear()
        outputs = evaluate(net, batches, paddle.nn.functional.mse_loss).outputs
        assert len(set(made[-3:])) == 1  # of three batches; before them the network is measured with a sample
        with paddle.no_grad():
            expected = np.concatenate([net(paddle.to_tensor(x[k : k + 2])).numpy() for k in (0, 2, 4)])
        np.testing.assert_array_equal(outputs, expected)
        net.conv.weight.set_value(net.conv.weight * 2 + 1)
