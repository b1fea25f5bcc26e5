"""Settings that the pages with pretrained weights share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from paddle_camp.models.registry import ModelName
from paddle_camp.running.ranges import File, Hint, HyperParameters, Rate, Several


@dataclass(frozen=True, kw_only=True)
class PretrainedWeightsSettings(HyperParameters):
    """Which network begins with which weights; the first base class of a page's settings."""

    model: ModelName = "efficientnet_lite0"
    weights: File = "imagenet"  # or a file of weights of that network
    image_size: Annotated[int, Ge(32), Hint("the network needs at least 32 pixels")] = 224  # as it was trained


@dataclass(frozen=True, kw_only=True)
class PretrainedSettings(PretrainedWeightsSettings):
    """The network, and the logistic regression on its features; the first base class of a page's settings."""

    costs: Several[Rate] = (1e-4, 1e-3, 0.01, 0.1, 1.0)  # logistic regression: candidates for C
    folds: Annotated[int, Ge(2)] = 5  # of the training pictures, to choose C by
