"""bfloat16 on a CPU: near to float32, stored where it should be, and never where the processor is not made for it."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import paddle
import pytest

from paddle_camp import create_model, fit, machine, paddle_operators
from paddle_camp.models import blocks, input_shape, layers
from paddle_camp.speed.onednn.layout import has_channels_last
from paddle_camp.speed.onednn.precision import bfloat16
from paddle_camp.training import precision
from paddle_camp.training.measuring import evaluate
from paddle_camp.training.tasks import Supervised
from tests.helpers.toys import leaf, picture, same_bits, weights


def computes() -> bool:
    """Whether oneDNN has bfloat16 on this processor, fast or slow."""
    with bfloat16():
        return layers.Conv2D(3, 4, 3)(paddle.ones([1, 3, 5, 5])).dtype == paddle.bfloat16


needs_bfloat16 = pytest.mark.skipif(not computes(), reason="oneDNN has no bfloat16 on this processor")

LAYERS = {
    "convolution": lambda: layers.Conv2D(16, 32, 3, 2, 1),
    "with a ReLU": lambda: layers.Conv2D(16, 32, 5, relu=True),
    "groups": lambda: layers.Conv2D(16, 32, 3, groups=4),
    "depthwise": lambda: layers.Conv2D(16, 16, 3, groups=16),
    "norm": lambda: layers.BatchNorm2D(16, relu=True),
    "max pool": lambda: layers.MaxPool2D(3, 2, 1),
    "average pool": lambda: lambda x: layers.average_pool(x, 2),
    "global average pool": lambda: layers.global_average_pool,
    "sigmoid": lambda: layers.sigmoid,
    "tanh": lambda: layers.tanh,
    "relu6": layers.ReLU6,
    "sum": lambda: lambda x: layers.add_relu(x, 2 * layers.as_float32(x)),
    "scale": lambda: lambda x: layers.scale(x, layers.as_float32(layers.global_average_pool(x))),
    "concat": lambda: lambda x: layers.concat([x, layers.relu(x)]),
    "concat of both formats": lambda: lambda x: layers.concat([layers.as_float32(x), x]),
    "fork": lambda: lambda x: layers.add(*layers.fork(x, 2)),
    "squeeze and excitation": lambda: blocks.SqueezeExcitation(16, 4),
    "as it lies": lambda: lambda x: layers.as_it_lies(lambda y: 3 * y, x),
}


def identity(x: paddle.Tensor) -> paddle.Tensor:
    """A convolution that changes nothing but the format."""
    layer = layers.Conv2D(16, 16, 1, bias_attr=False)
    layer.weight.set_value(paddle.eye(16).reshape([16, 16, 1, 1]))
    return layer(x)


def results(layer, x: paddle.Tensor) -> list[np.ndarray]:
    """Output and gradients of input and parameters of ``layer`` behind an identity that makes the format."""
    parameters = layer.parameters() if isinstance(layer, paddle.nn.Layer) else []
    output = layers.as_float32(layer(identity(x)))
    (output * paddle.cos(paddle.arange(output.size, dtype="float32")).reshape(output.shape)).sum().backward()
    found = [output.numpy(), x.grad.numpy(), *(p.grad.numpy() for p in parameters if p.grad is not None)]
    for tensor in (x, *parameters):
        tensor.clear_gradient()
    return found


@needs_bfloat16
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_near_to_float32(name):
    """Eight bits: an error of 2^-9 of each number, and more where a corner of a ReLU or a tie of a pool turns over."""
    paddle.seed(0)
    x, layer = leaf(4, 16, 10, 12), LAYERS[name]()
    expected = results(layer, x)
    with bfloat16():
        found = results(layer, x)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype == np.float32
        assert np.linalg.norm(one - other) <= 0.08 * np.linalg.norm(other)
    assert not np.array_equal(found[0], expected[0])


@needs_bfloat16
def test_pictures_are_stored_in_it_and_parameters_are_not():
    layer, norm = layers.Conv2D(3, 4, 3), layers.BatchNorm2D(4)
    with bfloat16():
        y = norm(layer(leaf(2, 3, 8, 8)))
    assert y.dtype == paddle.bfloat16 and has_channels_last(y)
    layers.flatten(y).sum().backward()  # outside of the context, as in a training
    assert {p.dtype for p in (layer.weight, layer.weight.grad, norm.weight.grad, norm._mean)} == {paddle.float32}
    assert layer(picture()).dtype == paddle.float32


@needs_bfloat16
@pytest.mark.parametrize(
    "name",
    ["lenet", "digit_net", "googlenet", "se_resnet50", "mobilenet_v2", "densenet121", "vgg11", "efficientnet_lite0"],
)
def test_a_network_gives_float32_near_to_its_own(name):
    paddle.seed(0)
    model = create_model(name)
    model.eval()
    channels, side, _ = input_shape(name)
    x = paddle.randn([2, channels, side, side])
    with paddle.no_grad():
        expected = model(x).numpy()
        with bfloat16():
            found = model(x)
    assert found.dtype == paddle.float32
    assert 0 < np.linalg.norm(found.numpy() - expected) <= 0.05 * np.linalg.norm(expected)


@needs_bfloat16
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_passes(bad):
    for layer in (layers.MaxPool2D(2, 2), layers.ReLU6(), layers.Conv2D(3, 4, 3)):
        x = picture()
        x[1, 1, :4, :4] = bad
        with bfloat16():
            ours = layers.as_float32(layer(layers.Conv2D(3, 3, 1)(x))).numpy()
        assert not np.isfinite(ours).all() or (isinstance(layer, layers.ReLU6) and bad == np.inf)


@needs_bfloat16
def test_what_onednn_cannot_is_paddles_in_float32():
    with bfloat16():
        y = layers.Conv2D(3, 4, 3)(picture())
        z = layers.add(y, paddle.ones([1, 4, 1, 1]))  # of another shape
    assert z.dtype == paddle.float32
    np.testing.assert_allclose(z.numpy(), layers.as_float32(y).numpy() + 1, rtol=1e-6)


def digits(count: int = 64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, count)
    images = rng.standard_normal((count, 1, 28, 28)) + labels[:, None, None, None] / 5
    return images.astype("float32"), labels


def trained(amp: bool) -> tuple[dict, float]:
    paddle.seed(0)
    model = create_model("digit_net")
    optimizer = paddle.optimizer.Adam(0.001, parameters=model.parameters())
    history = fit(model, optimizer, digits(), num_epochs=2, batch_size=16, amp=amp, seed=0)
    return weights(model), float(history.steps[-1]["loss"])


@needs_bfloat16
def test_a_network_of_paddles_layers_behind_the_zoos_is_float32_unless_it_says_otherwise(monkeypatch, caplog):
    monkeypatch.setattr(machine, "why_no_bfloat16", lambda: "")
    precision._say.cache_clear()
    mixed = paddle.nn.Sequential(layers.Conv2D(1, 8, 5), paddle.nn.BatchNorm2D(8), paddle.nn.Flatten())
    with precision.autocast(True, mixed):
        assert mixed(paddle.ones([2, 1, 8, 8])).dtype == paddle.float32
    assert "Sequential: not of the zoo, and without takes_bfloat16 = True; all is computed in float32" in caplog.text
    own = paddle.nn.Sequential(layers.Conv2D(1, 8, 5), layers.BatchNorm2D(8))
    own.takes_bfloat16 = True
    with precision.autocast(True, own, create_model("lenet")):
        assert own(paddle.ones([2, 1, 8, 8])).dtype == paddle.bfloat16


@needs_bfloat16
@pytest.mark.parametrize(
    ("function", "slope"), [(layers.sigmoid, 0.00149822), (layers.tanh, 9.0413e-06)], ids=["sigmoid", "tanh"]
)
def test_the_slope_of_a_saturated_unit_is_not_rounded_away(function, slope):
    """At 6.5, where the output is 1 but for what bfloat16 can tell from it."""
    x = paddle.full([1, 1, 1, 1], 6.5, "bfloat16")
    x.stop_gradient = False
    y = function(x)
    y.sum().backward()
    assert y.dtype == paddle.bfloat16
    assert float(x.grad.astype("float32").max()) == pytest.approx(slope, rel=0.05)


@needs_bfloat16
def test_pictures_become_float32_wherever_they_are():
    with bfloat16():
        y = layers.Conv2D(3, 4, 3)(picture())
    with paddle_operators():
        assert layers.flatten(y).dtype == layers.as_float32(y[0]).dtype == paddle.float32


@needs_bfloat16
def test_a_training_in_it_has_the_same_bits_again_and_learns_the_same(monkeypatch):
    monkeypatch.setattr(machine, "why_no_bfloat16", lambda: "")
    (once, loss), (again, _), (whole, expected) = trained(True), trained(True), trained(False)
    assert same_bits(once, again) and not same_bits(once, whole)
    assert loss == pytest.approx(expected, rel=0.2)


def test_where_the_processor_is_not_made_for_it_all_is_float32(monkeypatch, caplog):
    monkeypatch.setattr(machine, "why_no_bfloat16", lambda: "this processor has neither of them")
    precision._say.cache_clear()
    model = create_model("lenet")
    with caplog.at_level(logging.WARNING):
        plain, half = (evaluate(model, digits(8), amp=amp) for amp in (False, True))
        evaluate(model, digits(8), amp=True)
    assert np.array_equal(plain.outputs, half.outputs)
    assert [record.message for record in caplog.records] == [
        "mixed precision: this processor has neither of them; all is computed in float32"
    ]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu avx512f avx512_bf16", True), ("fpu amx_bf16", True), ("fpu avx512f avx512_bf16x", False), (None, False)],
)
def test_which_processors_are_made_for_it(monkeypatch, flags, expected):
    def read(self, *arguments):
        if flags is None:
            raise FileNotFoundError
        return f"model name\t: x\nflags\t\t: {flags}\n"

    monkeypatch.delenv("PADDLE_CAMP_TUNE", raising=False)
    monkeypatch.setattr(Path, "read_text", read)
    monkeypatch.setattr(machine, "_cpu_flags", machine._cpu_flags.__wrapped__)
    assert (machine.why_no_bfloat16() == "") is expected
    monkeypatch.setenv("PADDLE_CAMP_TUNE", "threads")
    assert "needs onednn" in machine.why_no_bfloat16()


@needs_bfloat16
def test_a_task_computes_in_it(monkeypatch):
    monkeypatch.setattr(machine, "why_no_bfloat16", lambda: "")
    model, seen = create_model("lenet", activation="relu"), []
    model.pool.register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0].dtype))
    task = Supervised(model, paddle.optimizer.Momentum(0.1, 0.9, parameters=model.parameters()), amp=True)
    images, labels = map(paddle.to_tensor, digits(8))
    task.step((images, labels))
    assert set(seen) == {paddle.bfloat16}
