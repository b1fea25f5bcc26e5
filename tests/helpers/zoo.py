"""The networks of the zoo for tests: small pictures where a network takes them, and what it gives."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from paddle_camp.models import create_model, input_shape, list_models, model_arguments

DIGITS = {name for name in list_models() if input_shape(name) == (1, 28, 28)}
LARGE = {"alexnet", "googlenet", "pilot_net"}  # their last layers fit one size only
# Longer than resnet18 and resnet50, vgg11 and vgg11_bn, and no different in kind.
DEEP = {"resnet34", "resnet101", "resnet152", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn"}


def deep_ones_are_slow(names: Iterable[str]) -> list:
    """The names for ``parametrize``, sorted, the deep ones behind the marker ``slow``."""
    return [pytest.param(name, marks=pytest.mark.slow if name in DEEP else ()) for name in sorted(names)]


def shape_of(name: str) -> tuple[int, int, int]:
    """(channels, height, width) of the smallest pictures that are worth a test."""
    return input_shape(name, None if name in DIGITS | LARGE else 64)


def build(name, **arguments):
    """The network for pictures of :func:`shape_of`; ``arguments`` go before that."""
    return create_model(name, **model_arguments(name, 2, *shape_of(name)[:2]) | arguments)


def main_output(output):
    return output[0] if isinstance(output, tuple | list) else output
