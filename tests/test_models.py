"""Every registered network: shape, gradient on every parameter, parameter count, parity with paddle.vision."""

import numpy as np
import paddle
import paddle.vision.models as reference
import pytest

from paddle_camp import create_model, list_models, register_model
from paddle_camp.errors import SettingError
from paddle_camp.models.layers import Conv2D, MaxPool2D

# At 1000 classes and 3 channels (LeNet: 10 classes, 1 channel; its fundus form: 1 class). The ResNets, VGGs, AlexNet
# and DenseNet as published by torchvision, SE-ResNet-50 as by timm, the MobileNets and GoogLeNet (without biases) as in
# paddle.vision.models; LeNet and the nets for digits by hand from the course's layers.
PARAMETERS = {
    "alexnet": 61_100_840,
    "deep_conv_net": 123_552,
    "digit_net": 306_378,
    "densenet121": 7_978_856,
    "googlenet": 11_535_736,
    "lenet": 41_806,
    "lenet_fundus": 19_233_841,
    "mlp_bn": 267_410,
    "mlp_linear": 266_610,
    "mlp_relu": 266_610,
    "mobilenet_v1": 4_231_976,
    "mobilenet_v2": 3_504_872,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "resnext50_32x4d": 25_028_904,
    "se_resnet50": 28_088_024,
    "two_conv_net": 20_350,
    "vgg11": 132_863_336,
    "vgg11_bn": 132_868_840,
    "vgg13": 133_047_848,
    "vgg13_bn": 133_053_736,
    "vgg16": 138_357_544,
    "vgg16_bn": 138_365_992,
    "vgg19": 143_667_240,
    "vgg19_bn": 143_678_248,
}
# What a name of the zoo is called in paddle.vision.models, and what must be said to get the same network.
REFERENCE = {
    **{f"vgg{n}_bn": (f"vgg{n}", {"batch_norm": True}, {}) for n in (11, 13, 16, 19)},
    "googlenet": ("googlenet", {}, {"as_paddle": True}),
}
DIGITS = {"lenet", "mlp_linear", "mlp_relu", "mlp_bn", "two_conv_net", "deep_conv_net", "digit_net"}
NO_REFERENCE = DIGITS | {"lenet_fundus", "se_resnet50"}  # Paddle's LeNet is another one; it has no SE-ResNet
DEEP = {
    "resnet101",
    "resnet152",
    "vgg13",
    "vgg13_bn",
    "vgg19",
    "vgg19_bn",
}  # no different in kind from the shorter ones
SIZES = {**dict.fromkeys(DIGITS, 28), "lenet_fundus": 64, "alexnet": 224, "googlenet": 224}  # the others take 64 x 64


def count(model) -> int:
    return sum(p.size for p in model.parameters() if not p.stop_gradient)


def test_every_model_has_its_count_here():
    assert sorted(PARAMETERS) == list_models()


@pytest.mark.parametrize("name", list_models())
def test_parameter_count(name):
    assert count(create_model(name)) == PARAMETERS[name]  # at the builder's own sizes


def build(name, **arguments):
    if name == "lenet_fundus":
        arguments = {"image_size": SIZES[name]} | arguments
    return create_model(name, **arguments)


def settled(model, images):
    """The model in evaluation mode with running statistics from ``images``: fresh ones let activations explode."""
    model.train()
    with paddle.no_grad():
        for _ in range(3):
            model(images)
    model.eval()
    return model


def main_output(output):
    return output[0] if isinstance(output, tuple | list) else output


@pytest.mark.parametrize("name", [name for name in list_models() if name not in NO_REFERENCE])
def test_same_output_as_paddle_vision_with_its_weights(name, tmp_path):
    paddle.seed(1)
    their_name, their_arguments, our_arguments = REFERENCE.get(name, (name, {}, {}))
    size = SIZES.get(name, 64)
    images = paddle.randn([2, 3, size, size])
    theirs = settled(getattr(reference, their_name)(pretrained=False, **their_arguments), images)
    paddle.save(theirs.state_dict(), str(tmp_path / "theirs.pdparams"))
    ours = create_model(name, pretrained=tmp_path / "theirs.pdparams", **our_arguments)
    ours.eval()
    with paddle.no_grad():
        difference = float((main_output(theirs(images)) - ours(images)).abs().max())
    assert difference < 1e-4
    assert count(ours) == count(theirs)


@pytest.mark.parametrize("name", [name for name in list_models() if name not in DEEP])
@pytest.mark.parametrize(("num_classes", "in_channels"), [(1, 3), (7, 1)])
def test_shape_and_a_gradient_on_every_parameter(name, num_classes, in_channels):
    paddle.seed(0)
    model = build(name, num_classes=num_classes, in_channels=in_channels)
    size = SIZES.get(name, 64)
    outputs = model(paddle.randn([2, in_channels, size, size]))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    assert [output.shape for output in outputs] == [[2, num_classes]] * len(outputs)
    sum((output**2).sum() for output in outputs).backward()
    for key, parameter in model.named_parameters():
        if key.endswith(("._mean", "._variance")):  # running statistics: Paddle counts them as parameters
            continue
        assert not parameter.stop_gradient
        assert parameter.grad is not None, f"{key} has no gradient"
        assert float(parameter.grad.abs().sum()) > 0, f"{key} has a gradient of zero"


def test_googlenet_has_three_heads_in_training_and_one_in_evaluation():
    model, images = create_model("googlenet", num_classes=2), paddle.randn([1, 3, 224, 224])
    assert len(model(images)) == 3
    model.eval()
    assert model(images).shape == [1, 2]
    alone = create_model("googlenet", num_classes=2, auxiliary=False)
    assert alone(images).shape == [1, 2]
    assert count(model) - count(alone) == count(model.auxiliary1) + count(model.auxiliary2)


def test_the_fundus_lenet_sees_300000_features():
    assert create_model("lenet_fundus").fc1.weight.shape == [300_000, 64]


def test_the_stride_of_a_bottleneck_is_in_its_3x3():
    block = create_model("resnet50").layer2[0]
    images = paddle.randn([1, 256, 8, 8])
    narrow = block.conv1(images)
    assert narrow.shape == [1, 128, 8, 8]
    assert block.conv2(narrow).shape == [1, 128, 4, 4]


# Names -> (steps, rate) that suffice; the fast ones run always, the rest behind the marker.
BY_HEART = {
    **dict.fromkeys(DIGITS, (60, 0.05)),
    "deep_conv_net": (100, 0.005),
    "resnet18": (20, 0.01),
    "mobilenet_v2": (30, 0.01),
    "vgg11_bn": (20, 0.01),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in BY_HEART else pytest.mark.slow) for n in list_models()]
)
def test_every_network_can_learn_four_pictures_by_heart(name):
    steps, rate = BY_HEART.get(name, (150, 0.001))
    paddle.seed(0)
    size = SIZES.get(name, 64)
    options = {"activation": "relu"} if name.startswith("lenet") else {}
    if name in ("deep_conv_net", "digit_net"):
        options |= {"dropout": 0.0}  # the deep one drops half of the logits themselves
    model = build(name, num_classes=2, **options)
    kind = paddle.optimizer.Momentum if name in BY_HEART else paddle.optimizer.Adam
    optimizer = kind(rate if name in BY_HEART else 1e-4, parameters=model.parameters())
    rng = np.random.default_rng(0)
    channels = 1 if name in DIGITS else 3
    images = paddle.to_tensor(rng.normal(size=(4, channels, size, size)).astype("float32"))
    labels = paddle.to_tensor([0, 1, 0, 1])
    for _ in range(steps):
        loss = paddle.nn.functional.cross_entropy(main_output(model(images)), labels)
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        if float(loss) < 0.1:
            return
    pytest.fail(f"the loss is still {float(loss):.3f} after {steps} steps")


def test_an_unknown_name_lists_the_zoo():
    with pytest.raises(SettingError, match=r"no model 'resnet5': did you mean 'resnet50'.*resnet18, .*resnet50"):
        create_model("resnet5")


def test_a_name_cannot_be_taken_twice():
    def resnet18():
        raise AssertionError("never built")

    with pytest.raises(ValueError, match="'resnet18' is registered already"):
        register_model(resnet18)


@pytest.mark.parametrize(("name", "size"), [("lenet", 28), ("alexnet", 224)])
def test_the_quick_bias_gives_the_same_bits_and_can_be_turned_off(name, size, monkeypatch):
    channels = 1 if name in DIGITS else 3
    images = paddle.to_tensor(np.random.default_rng(0).normal(size=(2, channels, size, size)).astype("float32"))
    results = []
    for levers in ("bias", "0"):
        monkeypatch.setenv("PADDLE_CAMP_TUNE", levers)
        paddle.seed(0)
        model = create_model(name)
        convolution = next(layer for layer in model.sublayers() if isinstance(layer, Conv2D))
        assert convolution.quick_bias == (levers == "bias")
        output = model(images)
        (output**2).sum().backward()
        results.append([output.numpy()] + [p.grad.numpy() for p in model.parameters()])
    assert all(np.array_equal(one, other) for one, other in zip(*results, strict=True))


def pooled(levers, window, monkeypatch, images):
    """A pool's output and gradient with these levers, and whether its backward pass knows the places."""
    monkeypatch.setenv("PADDLE_CAMP_TUNE", levers)
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
