"""The small net: its sizes by hand, the shuffle, who sees whom with groups, and what it refuses."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from paddle import nn

import paddle_camp as camp
from paddle_camp.models import small


def multiply_adds(side=64, **arguments) -> int:
    model = camp.create_model("small_conv_net", num_classes=2, **arguments)
    return sum(row.multiply_adds for row in camp.layer_rows(model, (1, 3, side, side)))


def test_its_sizes_by_hand():
    # A stem of 32 x 32 places, then 16 x 16, 8 x 8, 8 x 8, 4 x 4 places of k x k x in x out / groups.
    body = {g: 9 * (32 * 64 * 256 + 64 * 64 * 64 + 64 * 128 * 64 + 128 * 128 * 16) // g for g in (1, 4, 32)}
    for groups, count in body.items():
        assert multiply_adds(groups=groups) == 27 * 32 * 1024 + count + 2 * 128
    depthwise = 9 * (64 * 256 + 64 * 64 + 128 * 64 + 128 * 16)
    assert multiply_adds(groups="depthwise") == 27 * 32 * 1024 + depthwise + 2 * 128
    separable = 9 * (32 * 256 + 64 * 64 + 64 * 64 + 128 * 16) + 32 * 64 * 256 + 64**3 + 64 * 128 * 64 + 128**2 * 16
    assert multiply_adds(groups="depthwise", pointwise=True) == 27 * 32 * 1024 + separable + 2 * 128


@pytest.mark.parametrize("norm", small.NORMS)
def test_a_norm_has_a_scale_and_a_shift_for_each_channel_or_the_convolution_a_bias(norm):
    model = camp.create_model("small_conv_net", num_classes=2, norm=norm)
    without = 27 * 32 + 9 * (32 * 64 + 64 * 64 + 64 * 128 + 128 * 128) + 2 * 129
    channels = 32 + 64 + 64 + 128 + 128
    assert camp.count_parameters(model) == without + (1 if norm == "none" else 2) * channels


def test_a_shuffle_deals_the_channels_like_cards():
    x = paddle.arange(6, dtype="float32").reshape([1, 6, 1, 1]).expand([2, 6, 3, 2])
    assert small.channel_shuffle(x, 2)[1, :, 0, 0].tolist() == [0, 3, 1, 4, 2, 5]
    x = paddle.randn([2, 12, 3, 5])
    for groups in (1, 2, 3, 12):
        expected = nn.ChannelShuffle(groups)(x).numpy()
        assert np.array_equal(small.ChannelShuffle(groups)(x).numpy(), expected)


def reached(**arguments) -> int:
    """How many of the channels behind the last convolution one channel of the stem has an effect on."""
    paddle.seed(0)
    model = camp.create_model("small_conv_net", num_classes=2, in_channels=1, width=8, **arguments)
    model.eval()
    body = nn.Sequential(*list(model.features)[3:])
    x = paddle.rand([1, 8, 8, 8])
    changed = x.clone()
    changed[:, 0] += 1
    return int((np.abs((body(changed) - body(x)).numpy()).max(axis=(0, 2, 3)) > 0).sum())


def test_groups_keep_to_themselves_until_they_are_shuffled():
    assert reached() > 16  # not all of 32: a ReLU is 0 for some
    assert reached(groups=4) <= 8 < reached(groups=4, shuffle=True)
    assert reached(groups="depthwise") <= 4 < reached(groups="depthwise", pointwise=True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"groups": 3}, "groups=3: give a divisor of the 32 channels"),
        ({"groups": 0}, "groups=0: give a divisor"),
        ({"norm": "power"}, "norm=power: there are none, batch, layer, instance, group"),
    ],
)
def test_what_it_is_not_built_with(arguments, says):
    with pytest.raises(camp.SettingError, match=says):
        camp.create_model("small_conv_net", **arguments)


@pytest.mark.parametrize("arguments", [{"norm": "group"}, {"groups": 8, "shuffle": True}])
def test_layers_of_onednn_and_of_paddle_agree(arguments):
    paddle.seed(0)
    model, x = camp.create_model("small_conv_net", num_classes=2, **arguments), paddle.randn([2, 3, 32, 32])
    found = model(x).numpy()
    with camp.paddle_operators():
        expected = model(x).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
