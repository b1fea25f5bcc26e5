"""A batch norm in the convolution in front of it: the same numbers, and only where nothing can change or be seen."""

from __future__ import annotations

import contextlib

import numpy as np
import paddle
import pytest

from paddle_camp.models import create_model, input_shape
from paddle_camp.models.blocks import Sequential, normed
from paddle_camp.models.layers import BatchNorm2D, Conv2D, ReLU6
from paddle_camp.speed.onednn import kernels
from paddle_camp.speed.onednn.function import paddle_operators
from paddle_camp.speed.onednn.weights import constant_weights
from paddle_camp.training.measuring import evaluate


def shake(layer: paddle.nn.Layer, seed: int = 0) -> None:
    """Give every batch norm statistics, scales and shifts of its own, and stop training."""
    rng = np.random.default_rng(seed)
    for each in layer.sublayers(include_self=True):
        if isinstance(each, BatchNorm2D):
            size = each.weight.shape[0]
            for tensor, low, high in ((each._mean, -0.2, 0.2), (each._variance, 0.5, 2), (each.weight, 0.5, 1.5)):
                tensor.set_value(rng.uniform(low, high, size).astype("float32"))
            each.bias.set_value(rng.uniform(-0.2, 0.2, size).astype("float32"))
    layer.eval()


def pair(relu: bool = False, groups: int = 1, bias: bool | None = None, padding="same") -> tuple[Conv2D, BatchNorm2D]:
    """A convolution and the norm behind it."""
    paddle.seed(0)
    conv, norm = Conv2D(8, 16, 3, 2, padding, groups, bias_attr=bias), BatchNorm2D(16, relu=relu)
    shake(norm)
    return conv, norm


def pictures() -> paddle.Tensor:
    return paddle.to_tensor(np.random.default_rng(1).normal(0, 20, (3, 8, 11, 9)).astype("float32"))


@pytest.fixture
def passes(monkeypatch):
    """How many convolutions and norms oneDNN has computed."""
    found = {"Convolution": 0, "BatchNorm": 0}
    for kind in (kernels.Convolution, kernels.BatchNorm):

        def counted(self, *arguments, kind=kind, forward=kind.forward):
            found[kind.__name__] += 1
            return forward(self, *arguments)

        monkeypatch.setattr(kind, "forward", counted)
    return found


@pytest.mark.parametrize("bias", [None, False])
@pytest.mark.parametrize("groups", [1, 4, 8])
@pytest.mark.parametrize(("relu", "clip"), [(False, False), (True, False), (False, True)])
def test_the_one_convolution_gives_what_the_two_do(relu, clip, groups, bias, passes):
    (conv, norm), x = pair(relu, groups, bias), pictures()
    with paddle.no_grad(), paddle_operators():
        expected = normed(conv, norm, x, clip=clip).numpy()
    with paddle.no_grad(), constant_weights():
        found = [normed(conv, norm, x, clip=clip).numpy() for _ in range(2)]
    assert passes == {"Convolution": 2, "BatchNorm": 0}
    np.testing.assert_array_equal(*found)
    np.testing.assert_allclose(found[0], expected, rtol=1e-5, atol=1e-4)
    assert found[0].max() == 6 if clip else found[0].max() > 6
    assert found[0].min() == 0 if relu or clip else found[0].min() < 0


def test_other_weights_give_other_numbers_the_next_time():
    (conv, norm), x, found = pair(), pictures(), []
    for factor in (1, 2):
        norm.weight.set_value(norm.weight * factor)
        with paddle.no_grad(), constant_weights():
            found.append(normed(conv, norm, x).numpy() - norm.bias.numpy().reshape(1, -1, 1, 1))
    shift = (norm._mean / (norm._variance + 1e-5).sqrt() * norm.weight).numpy().reshape(1, -1, 1, 1)
    np.testing.assert_allclose(found[1] + shift, 2 * (found[0] + shift / 2), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("case", ["trains", "outside", "gradient", "relu between"])
def test_they_stay_two_where_one_would_be_wrong(case, passes):
    conv, norm = pair()
    if case == "trains":
        norm.train()
    conv.kernel = kernels.Convolution(conv.kernel.stride, None, 1, relu=case == "relu between")
    inside = contextlib.nullcontext() if case == "outside" else constant_weights()
    no_grad = contextlib.nullcontext() if case == "gradient" else paddle.no_grad()
    with inside, no_grad:
        found = normed(conv, norm, pictures())
    assert passes == {"Convolution": 1, "BatchNorm": 1}
    assert found.stop_gradient == (case != "gradient")


@pytest.mark.parametrize("watched", [0, 1])
@pytest.mark.parametrize("kind", ["pre", "post"])
def test_a_hook_sees_what_it_would_see_of_paddles_layers(watched, kind, passes):
    layers, seen = pair(), []
    hook = getattr(layers[watched], f"register_forward_{kind}_hook")(lambda layer, *values: seen.append(values[-1]))
    with paddle.no_grad(), constant_weights():
        normed(*layers, pictures())
        assert passes == {"Convolution": 1, "BatchNorm": 1} and len(seen) == 1
        for _ in range(2):  # taking it off twice is no error, as Paddle's is none
            hook.remove()
            normed(*layers, pictures())
    assert passes == {"Convolution": 3, "BatchNorm": 1} and len(seen) == 1


@pytest.mark.parametrize("where", ["picture", "weight", "statistics"])
def test_a_relu6_hides_nothing(where):
    """oneDNN clips NaN to 0, which would hide that a training diverged."""
    (conv, norm), x = pair(), pictures()
    for name, tensor in (("picture", x), ("weight", conv.weight), ("statistics", norm._mean)):
        if name == where:
            broken = tensor.numpy().copy()
            broken.reshape(-1)[0] = np.nan
            tensor.set_value(broken)
    layers = Sequential(conv, norm, ReLU6())
    layers.eval()
    with paddle.no_grad(), constant_weights():
        assert np.isnan(layers(x).numpy()).any()


def test_a_chain_takes_in_what_stands_behind_and_a_watched_relu6_not(passes):
    conv, norm = pair()
    layers, seen = Sequential(conv, norm, ReLU6(), paddle.nn.Identity()), []
    layers.eval()
    with paddle.no_grad(), paddle_operators():
        expected = layers(pictures()).numpy()
    with paddle.no_grad(), constant_weights():
        np.testing.assert_allclose(layers(pictures()).numpy(), expected, rtol=1e-5, atol=1e-4)
        layers[2].register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0].numpy()))
        np.testing.assert_allclose(layers(pictures()).numpy(), expected, rtol=1e-5, atol=1e-4)
    assert passes == {"Convolution": 2, "BatchNorm": 0}
    (before,) = seen
    np.testing.assert_allclose(before.clip(0, 6), expected, rtol=1e-5, atol=1e-4)


NETWORKS = ["resnet18", "resnet50", "mobilenet_v1", "mobilenet_v2", "efficientnet_lite0", "densenet121", "vgg11_bn"]


@pytest.mark.parametrize("name", [*NETWORKS, "digit_net", "small_conv_net"])
def test_an_evaluation_is_paddles(name, passes):
    """Whole networks with drawn statistics, against Paddle's operators layer by layer."""
    channels, side, _ = input_shape(name)
    side = min(side, 64)
    paddle.seed(0)
    model = create_model(name, num_classes=5)
    shake(model)
    images = np.random.default_rng(2).normal(size=(4, channels, side, side)).astype("float32")
    samples = images, np.zeros(4, np.int64)
    with paddle_operators():
        expected = evaluate(model, samples).outputs
    found = evaluate(model, samples).outputs
    left = {"densenet121": 62, "digit_net": 1, "small_conv_net": 1}  # norms that do not stand behind a convolution
    assert passes["BatchNorm"] == left.get(name, 0) and passes["Convolution"] > 0
    assert np.abs(found - expected).max() <= 2e-5 * np.abs(expected).max()
    assert not np.array_equal(found, expected)


def test_in_bfloat16_it_is_as_near_as_the_two_are():
    (conv, norm), x = pair(relu=True), pictures()
    with paddle.no_grad(), paddle_operators():
        expected = normed(conv, norm, x).numpy()
    half = x.astype("bfloat16")
    with paddle.no_grad():
        two = normed(conv, norm, half).astype("float32").numpy()
        with constant_weights():
            one = normed(conv, norm, half).astype("float32").numpy()
    assert np.abs(one - expected).max() <= max(1.5 * np.abs(two - expected).max(), 1e-2)


def test_what_was_clipped_is_finite_until_it_is_changed(monkeypatch):
    """The second of two ReLU6 need not look for NaN again, in MobileNet a tenth of the time."""
    conv, norm = pair(padding=1)
    looked = []
    monkeypatch.setattr(kernels, "mean_of_pixels", lambda x, look=kernels.mean_of_pixels: looked.append(x) or look(x))
    with paddle.no_grad(), constant_weights():
        clipped = normed(conv, norm, pictures(), clip=True)
        assert len(looked) == 1 and kernels.finite(clipped) and len(looked) == 1
        clipped[0, 0, 0, 0] = float("nan")
        assert not kernels.finite(clipped)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2"])
def test_a_network_that_folds_its_norms_can_be_exported(tmp_path, name):
    """Paddle 2.6 reads the source of ``normed`` for it, and does not know an assignment in a condition."""
    paddle.seed(0)
    model = create_model(name, num_classes=2)
    model.eval()
    x = paddle.randn([2, 3, 64, 64])
    with paddle.no_grad():
        expected = model(x).numpy()
    paddle.jit.save(model, str(tmp_path / "net"), input_spec=[paddle.static.InputSpec([None, 3, 64, 64])])
    np.testing.assert_allclose(paddle.jit.load(str(tmp_path / "net"))(x).numpy(), expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(model(x).numpy(), expected, rtol=1e-3, atol=1e-4)
