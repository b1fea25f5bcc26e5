"""Where the places of a map lie: numbers computed by hand, pictures lit row by row, and what cannot be followed."""

from __future__ import annotations

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest
from paddle import nn

from paddle_camp.models.layers import Conv2D
from paddle_camp.networks.grad_cam import grad_cam, last_feature_map
from paddle_camp.networks.receptive_fields import Grid, grid_of
from tests.helpers.zoo import build, shape_of

BY_HAND = {
    "resnet18": (32, 0),  # odd kernels, half of them as padding
    "mobilenet_v2": (32, 0),
    "sign_net": (8, 0),
    "sign_net_stn": (8, 0),  # the small network in front, which says how to warp, is another way
    "vgg11": (16, 7.5),  # four 2 x 2 pools: 0.5 (1 + 2 + 4 + 8)
    "densenet121": (32, 14),  # three 2 x 2 pools at strides 4, 8, 16, inside of a layer
    "alexnet": (16, 15),  # 11 x 11 and padding 2: 3; 3 x 3 pools without padding: 4 and 8
    "googlenet": (32, 30),  # 3 x 3 pools without padding at strides 2, 4, 8, 16
    "efficientnet_lite0": (32, 31),  # TensorFlow's SAME pads on the right alone: 1 at strides 1 to 16
    "lenet_fundus": (4, 13.5),  # 5 x 5, pool, 5 x 5, pool, 4 x 4: 2 + 0.5 + 4 + 1 + 6
    "pilot_net": (8, 30),  # three 5 x 5 of stride 2, two 3 x 3: 2 + 4 + 8 + 8 + 8
    "simple_cnn": (4, -0.5),  # a border of 2, two 2 x 2 pools: -2 + 0.5 + 1
    "deep_conv_net": (4, -0.5),  # 2 x 2 pools, and a padding of 2 where 1 keeps the size: 0.5 - 2 + 1
}


def grid_of_last(model: nn.Layer, shape: tuple[int, ...]) -> Grid:
    model.eval()
    inputs = np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32)
    return grid_of(model, last_feature_map(model, inputs), inputs)


@pytest.mark.parametrize("name", BY_HAND)
def test_numbers_computed_by_hand(name: str):
    stride, first = BY_HAND[name]
    assert grid_of_last(build(name), shape_of(name)) == Grid((stride, stride), (first, first))


@pytest.mark.parametrize("name", ["sign_net", "lenet_fundus", "two_conv_net", "lenet"])
def test_a_place_sees_as_many_rows_above_it_as_below(name: str):
    """With weights of 0 or more a lit row is seen by whatever depends on it."""
    model = build(name)
    model.eval()
    for parameter in model.parameters():
        parameter.set_value(parameter.abs())
    channels, height, width = shape_of(name)
    layer = last_feature_map(model, np.zeros((1, channels, height, width), np.float32))
    grid = grid_of(model, layer, np.zeros((1, channels, height, width), np.float32))
    rows = np.zeros((height, channels, height, width), np.float32)
    rows[np.arange(height), :, np.arange(height)] = 1.0
    maps: list[np.ndarray] = []
    handle = dict(model.named_sublayers())[layer].register_forward_post_hook(lambda _, x, y: maps.append(y.numpy()))
    with paddle.no_grad():
        model(paddle.to_tensor(np.concatenate([rows, np.zeros_like(rows[:1])])))
    handle.remove()
    changed = np.abs(maps[0][:-1] - maps[0][-1:]).max(axis=(1, 3)) > 0  # [row, place]
    checked = 0
    for place, seen in enumerate(map(np.flatnonzero, changed.T)):
        if seen[0] > 0 and seen[-1] < height - 1:  # an edge cuts none off
            assert (seen[0] + seen[-1]) / 2 == grid.first[0] + place * grid.stride[0]
            checked += 1
    assert checked


def test_a_map_lies_over_what_it_saw():
    """One lit pixel, (8, 20), is the middle of the place (2, 5) of a 3 x 3 convolution of stride 4, padding 1."""
    paddle.seed(0)
    conv = Conv2D(1, 1, 3, stride=4, padding=1)
    conv.weight.set_value(np.ones((1, 1, 3, 3), np.float32))
    conv.bias.set_value(np.zeros(1, np.float32))
    model = nn.Sequential(conv, nn.AdaptiveAvgPool2D(1), nn.Flatten(), nn.Linear(1, 2))
    model[3].weight.set_value(np.array([[-1.0, 1.0]], np.float32))
    picture = np.zeros((1, 1, 32, 32), np.float32)
    picture[0, 0, 8, 20] = 1.0
    found = grad_cam(model, picture)
    heat = found.on_pictures(32, 32)[0]
    assert heat.shape == (32, 32) and np.unravel_index(heat.argmax(), heat.shape) == (8, 20)
    np.testing.assert_allclose(heat[8, 17:24], heat[8, 20] * np.array([0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25]), rtol=1e-5)


def test_outside_of_the_first_and_last_place_a_map_goes_on_as_it_is():
    (heat,) = Grid((8, 8), (0, 0)).over(np.array([[[1.0, 2.0], [3.0, 5.0]]]), 16, 16)
    assert heat.dtype == np.float32 and heat[0, 0] == 1 and heat[15, 15] == 5 and heat[0, 4] == 1.5 and heat[8, 0] == 3


class Pooled(nn.Layer):
    """Shrinks a picture of 32 by 8 between its layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2D(1, 2, 3, padding=1), nn.Linear(2 * 16, 2)

    def forward(self, x):
        return self.fc(self.conv(F.max_pool2d(x, 8, 8)).flatten(1))


class Keyword(Pooled):
    """Names its input."""

    def forward(self, x):
        return self.fc(self.conv(x=F.max_pool2d(x, 8, 8)).flatten(1))


class Placed(nn.Layer):
    """Shrinks by 8 and adds a number for each place, so that it takes pictures of one size."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2D(1, 2, 3, padding=1)
        self.place = self.create_parameter([1, 2, 4, 4])

    def forward(self, x):
        return self.conv(F.max_pool2d(x, 8, 8)) + self.place


class Joined(nn.Layer):
    """Takes several maps."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2D(4, 2, 1)

    def forward(self, maps):
        return self.conv(paddle.concat(maps, axis=1))


class Several(nn.Layer):
    """Its last convolution is in a layer that takes a list."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.joined, self.fc = nn.Conv2D(1, 2, 8, stride=8), Joined(), nn.Linear(2 * 16, 2)

    def forward(self, x):
        x = self.conv(x)
        return self.fc(self.joined([x, x]).flatten(1))


EVEN = {
    "a function between the layers": Pooled,
    "an input that is named": Keyword,
    "one size alone": lambda: nn.Sequential(Placed(), nn.Flatten(), nn.Linear(32, 2)),
    "several maps": Several,
    "an adaptive pool": lambda: nn.Sequential(
        nn.AdaptiveAvgPool2D(4), nn.Conv2D(1, 2, 1), nn.Flatten(), nn.Linear(32, 2)
    ),
}


@pytest.mark.parametrize("model", EVEN)
def test_places_are_spread_evenly_where_the_way_cannot_be_followed(model):
    network = EVEN[model]()
    assert grid_of_last(network, (1, 32, 32)) == Grid((8, 8), (3.5, 3.5))
    found = grad_cam(network, np.random.default_rng(0).normal(size=(2, 1, 32, 32)).astype(np.float32))
    assert found.maps.shape == (2, 4, 4) and found.on_pictures(32, 32).shape == (2, 32, 32)


def test_a_layer_of_zeros_says_nothing_of_its_places():
    conv = nn.Conv2D(1, 2, 3, stride=2, padding=1)
    conv.weight.set_value(np.zeros((2, 1, 3, 3), np.float32))
    assert grid_of_last(nn.Sequential(conv, nn.Flatten(), nn.Linear(32, 2)), (1, 8, 8)) == Grid((2, 2), (0.5, 0.5))
