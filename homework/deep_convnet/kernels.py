"""Two 3x3 convolutions and one 5x5: a network with the same field of view and as many parameters."""

from __future__ import annotations

import itertools

from paddle import nn

import paddle_camp as camp
from paddle_camp.models.layers import Conv2D, MaxPool2D, ReLU
from paddle_camp.networks.summary import sample_multiply_adds

# Channels and padding of the three 5x5 convolutions: 123,502 parameters, where the six of 3x3 make it 123,552. The
# padding 3 gives the second the extra pixels that the fourth 3x3 has.
FIVES = ((17, 2), (32, 3), (68, 2))


def one_five(dropout: float = 0.5) -> nn.Layer:
    """The deep network with one 5x5 convolution and ReLU in place of each pair of 3x3; the rest is the same."""
    layers: list[nn.Layer] = []
    for (before, _), (channels, padding) in itertools.pairwise(((1, 0), *FIVES)):
        layers += [Conv2D(before, channels, 5, padding=padding), ReLU(), MaxPool2D(2, 2)]
    he = nn.initializer.KaimingNormal
    hidden, last = nn.Linear(FIVES[-1][0] * 16, 50, weight_attr=he()), nn.Linear(50, 10, weight_attr=he())
    drops = nn.Dropout(dropout), nn.Dropout(dropout)  # in the source's order, the last one behind the outputs
    return nn.Sequential(*layers, nn.Flatten(), hidden, nn.ReLU(), drops[0], last, drops[1])


def field_of_view(kernels: tuple[int, ...]) -> int:
    """The side of the square of pixels that an output of such convolutions sees, one behind the other with stride 1."""
    return 1 + sum(kernel - 1 for kernel in kernels)


def describe() -> dict[str, dict]:
    """Parameters, multiply-adds a digit, and what a pair or a single convolution sees."""
    networks = {"two_three": (camp.create_for("deep_conv_net", camp.DIGITS), (3, 3)), "one_five": (one_five(), (5,))}
    return {
        name: {
            "parameters": camp.count_parameters(model),
            "multiply_adds": sample_multiply_adds(model, camp.DIGITS.shape),
            "sees": field_of_view(kernels),
        }
        for name, (model, kernels) in networks.items()
    }
