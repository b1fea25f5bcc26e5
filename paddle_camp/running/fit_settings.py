"""Settings that several assignments share: options of ``fit`` beside the course's recipe, and how many pictures."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any

from paddle_camp.running.ranges import Count, Fraction, HyperParameters, OneOf, Rate


@dataclass(frozen=True, kw_only=True)
class FitSettings(HyperParameters):
    """Options of :func:`~paddle_camp.training.fit.fit`, all off; an assignment's own settings are added to them."""

    ema_decay: Fraction | None = None  # of the moving average of the weights, such as 0.999
    clip_norm: Rate | None = None  # largest norm of the gradients
    accumulate: Count = 1  # parts that a batch is computed in, to save memory
    class_weights: Annotated[str, OneOf(("balanced",))] | None = None  # balanced: every class counts as much
    label_smoothing: Fraction = 0.0
    patience: Count | None = None  # epochs without a new lowest loss on held-out samples before the training stops

    @property
    def fit_options(self) -> dict[str, Any]:
        """The keywords for ``fit``, with ``num_epochs`` where the assignment has one."""
        epochs = {"num_epochs": self.num_epochs} if hasattr(self, "num_epochs") else {}
        return epochs | {field.name: getattr(self, field.name) for field in fields(FitSettings)}


@dataclass(frozen=True, kw_only=True)
class DigitSettings(HyperParameters):
    """How many digits an assignment uses."""

    train_pictures: Count | None = None  # None: all there are; else a stratified draw
    test_pictures: Count | None = None


@dataclass(frozen=True, kw_only=True)
class CatsAndDogsSettings(FitSettings):
    """How many photographs of cats and dogs an assignment uses, beside the options of ``fit``."""

    train_pictures: Count | None = None  # None: all there are (drawn as a stand-in: 1,000); else a stratified draw
    valid_pictures: Count | None = None  # the same for validation (stand-in: 200)


@dataclass(frozen=True, kw_only=True)
class FundusSettings(FitSettings):
    """How many fundus pictures an assignment uses, beside the options of ``fit``."""

    train_pictures: Count | None = None  # None: all there are (drawn as a stand-in: 400); else a stratified draw
    valid_pictures: Count | None = None  # the same for validation (stand-in: 200)
