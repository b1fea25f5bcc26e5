"""What the networks of the zoo take: digits or pictures, of which size, and what they give."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from paddle_camp import create_model

DIGITS = {"lenet", "mlp_linear", "mlp_relu", "mlp_bn", "two_conv_net", "deep_conv_net", "digit_net"}
SIZES = {**dict.fromkeys(DIGITS, 28), "lenet_fundus": 64, "alexnet": 224, "googlenet": 224}  # the others take 64 x 64
# Longer than resnet18 and resnet50, vgg11 and vgg11_bn, and no different in kind.
DEEP = {"resnet34", "resnet101", "resnet152", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn"}


def deep_ones_are_slow(names: Iterable[str]) -> list:
    """The names for ``parametrize``, sorted, the deep ones behind the marker ``slow``."""
    return [pytest.param(name, marks=pytest.mark.slow if name in DEEP else ()) for name in sorted(names)]


def build(name, **arguments):
    if name == "lenet_fundus":
        arguments = {"image_size": SIZES[name]} | arguments
    return create_model(name, **arguments)


def main_output(output):
    return output[0] if isinstance(output, tuple | list) else output
