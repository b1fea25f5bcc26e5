"""Every registered network: its name, its parameter count, its structure, parity with paddle.vision."""

from __future__ import annotations

import numpy as np
import paddle
import paddle.vision.models as reference
import pytest

from paddle_camp import create_model, list_models, paddle_operators
from paddle_camp.networks.summary import layer_rows
from tests.helpers.zoo import DIGITS, deep_ones_are_slow, main_output, shape_of

# At 1000 classes and 3 channels (LeNet: 10 classes, 1 channel; its fundus form: 1 class). The ResNets, VGGs, AlexNet
# and DenseNet as published by torchvision, SE-ResNet-50 as by timm, the MobileNets and GoogLeNet (without biases) as in
# paddle.vision.models, EfficientNet-Lite0 as its published weights; LeNet and the nets for digits by hand from the
# course's layers, the small net, the small ResNeXt, the nets for signs (43 classes) and PilotNet (one
# number) by hand.
PARAMETERS = {
    "alexnet": 61_100_840,
    "deep_conv_net": 123_552,
    "digit_net": 306_378,
    "densenet121": 7_978_856,
    "efficientnet_lite0": 4_652_008,
    "googlenet": 11_535_736,
    "lenet": 41_806,
    "lenet_fundus": 19_233_841,
    "mlp_bn": 267_410,
    "mlp_linear": 266_610,
    "mlp_relu": 266_610,
    "mobilenet_v1": 4_231_976,
    "mobilenet_v2": 3_504_872,
    "pilot_net": 252_219,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "resnext17_32x4d": 10_538_280,
    "resnext50_32x4d": 25_028_904,
    "sign_net": 688_387,
    "sign_net_stn": 710_137,
    "simple_cnn": 1_175_242,
    "small_conv_net": 407_176,
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
# Paddle's LeNet is another one; it has no SE-ResNet, EfficientNet, small net, ResNeXt, and none for signs or roads.
SIGNS = {"sign_net", "sign_net_stn"}
OTHERS = {"lenet_fundus", "se_resnet50", "efficientnet_lite0", "small_conv_net", "resnext17_32x4d", "pilot_net"}
NO_REFERENCE = DIGITS | SIGNS | OTHERS


def count(model) -> int:
    return sum(p.size for p in model.parameters() if not p.stop_gradient)


def test_every_model_has_its_count_here():
    assert sorted(PARAMETERS) == list_models()


@pytest.mark.parametrize("name", list_models())
def test_parameter_count(name):
    assert count(create_model(name)) == PARAMETERS[name]  # at the builder's own sizes


def settled(model, images):
    """The model in evaluation mode with running statistics from ``images``: fresh ones let activations explode."""
    model.train()
    with paddle.no_grad():
        for _ in range(3):
            model(images)
    model.eval()
    return model


@pytest.mark.parametrize("name", deep_ones_are_slow(set(list_models()) - NO_REFERENCE))
def test_same_output_as_paddle_vision_with_its_weights(name, tmp_path):
    paddle.seed(1)
    their_name, their_arguments, our_arguments = REFERENCE.get(name, (name, {}, {}))
    images = paddle.randn([2, *shape_of(name)])
    theirs = settled(getattr(reference, their_name)(pretrained=False, **their_arguments), images)
    paddle.save(theirs.state_dict(), str(tmp_path / "theirs.pdparams"))
    ours = create_model(name, pretrained=tmp_path / "theirs.pdparams", **our_arguments)
    ours.eval()
    with paddle.no_grad():
        expected = main_output(theirs(images)).numpy()
        found = ours(images).numpy()
        with paddle_operators():
            assert np.array_equal(ours(images).numpy(), expected)  # the same network, bit for bit
    # oneDNN adds in another order; measured: at most 1.3e-6 of the largest logit, as far as either is from float64.
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()
    assert count(ours) == count(theirs)


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


def test_the_simple_cnn_frames_digits_in_black():
    """28 x 28 become 32 x 32 with two black pixels on every side; three channels of 32 x 32 are the source's."""
    digits = paddle.rand([2, 1, 28, 28])
    framed = paddle.zeros([2, 1, 32, 32])
    framed[:, :, 2:30, 2:30] = digits
    small, large = create_model("simple_cnn"), create_model("simple_cnn", image_size=32)
    large.set_state_dict(small.state_dict())
    assert np.array_equal(small(digits).numpy(), large(framed).numpy())
    source = create_model("simple_cnn", in_channels=3, image_size=32)
    assert source.classifier[0].weight.shape == [2048, 512]
    assert count(source) == count(small) + 2 * 9 * 32


@pytest.mark.parametrize(
    ("arguments", "features", "parameters"),
    [({}, 1024, 123_552), ({"fourth_padding": 1}, 576, 123_552 - 448 * 50), ({"hidden": 200}, 1024, 278_802)],
)
def test_what_the_deep_conv_nets_padding_and_hidden_units_come_to(arguments, features, parameters):
    model = create_model("deep_conv_net", **arguments)
    assert model.classifier[0].weight.shape[0] == features and count(model) == parameters


def test_the_deep_conv_net_drops_from_its_outputs_unless_told_not_to():
    for output_dropout, zeros in ((True, True), (False, False)):
        model = create_model("deep_conv_net", output_dropout=output_dropout)
        outputs = model(paddle.rand([20, 1, 28, 28])).numpy()
        assert (0.3 < (outputs == 0).mean() < 0.7) == zeros
        model.eval()
        assert not (model(paddle.rand([20, 1, 28, 28])).numpy() == 0).any()


def test_an_mlp_may_spread_its_pixels():
    plain, signed = create_model("mlp_relu"), create_model("mlp_relu", signed=True)
    signed.set_state_dict(plain.state_dict())
    pixels = paddle.rand([3, 1, 28, 28])
    np.testing.assert_array_equal(signed(pixels).numpy(), plain(2 * pixels - 1).numpy())


def test_the_small_resnext_costs_what_resnet18_costs():
    one, other = (
        sum(row.multiply_adds for row in layer_rows(create_model(name), (1, 3, 224, 224)))
        for name in ("resnext17_32x4d", "resnet18")
    )
    assert one == 1_810_792_448 and abs(one / other - 1) < 0.002


@pytest.mark.parametrize("name", ["resnet18", "resnext17_32x4d"])
def test_a_plain_net_is_the_residual_one_without_its_shortcuts(name):
    paddle.seed(0)
    plain, residual = create_model(name, num_classes=2, residual=False), create_model(name, num_classes=2)
    extra = [key for key in residual.state_dict() if key not in plain.state_dict()]
    assert extra and all(".downsample." in key for key in extra)
    shared = {key: value for key, value in residual.state_dict().items() if key not in extra}
    plain.set_state_dict(shared)
    x = paddle.randn([2, 64, 8, 8])
    first, second = (model.layer1[0] for model in (plain, residual))
    assert (first(x).numpy() >= 0).all() and np.abs(first(x).numpy() - second(x).numpy()).max() > 0.1
    images = paddle.randn([2, 3, 64, 64])
    found = plain(images).numpy()
    with paddle_operators():
        np.testing.assert_allclose(plain(images).numpy(), found, atol=1e-4)
    (plain(images) ** 2).sum().backward()
    assert all(p.grad is not None for p in plain.parameters() if not p.stop_gradient)


def test_the_stride_of_a_bottleneck_is_in_its_3x3():
    block = create_model("resnet50").layer2[0]
    images = paddle.randn([1, 256, 8, 8])
    narrow = block.conv1(images)
    assert narrow.shape == [1, 128, 8, 8]
    assert block.conv2(narrow).shape == [1, 128, 4, 4]
