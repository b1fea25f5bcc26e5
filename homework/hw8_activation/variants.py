"""The networks that homework 8 trains: the course's, and each with one thing changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """The course's LeNet with an activation and, at most, one thing changed."""

    activation: str
    gain: float | None = None  # Xavier's uniform weights times this, instead of Paddle's own
    rate_factor: float = 1.0  # times the learning rate
    standardise: bool = False  # each channel to mean 0 and standard deviation 1 over the training pictures
    batch_norm: bool = False  # before each activation


# Glorot and Bengio (AISTATS 2010) derive Xavier's range for slope 1 at 0; a Sigmoid's slope of 1/4 asks for 4 times it.
VARIANTS = {
    "sigmoid": Variant("sigmoid"),
    "relu": Variant("relu"),
    "unit_sigmoid": Variant("unit_sigmoid"),
    "sigmoid-init": Variant("sigmoid", gain=4.0),
    "relu-init": Variant("relu", gain=1.0),
    "sigmoid-rate10": Variant("sigmoid", rate_factor=10.0),
    "relu-rate10": Variant("relu", rate_factor=10.0),
    "sigmoid-rate100": Variant("sigmoid", rate_factor=100.0),
    "relu-rate100": Variant("relu", rate_factor=100.0),
    "sigmoid-standardised": Variant("sigmoid", standardise=True),
    "relu-standardised": Variant("relu", standardise=True),
    "sigmoid-batch_norm": Variant("sigmoid", batch_norm=True),
    "relu-batch_norm": Variant("relu", batch_norm=True),
}
