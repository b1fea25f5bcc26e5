"""Which networks are trained how: the courses' recipes as listed, and the mended one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import paddle

import paddle_camp as camp
from paddle_camp.data.pictures.augment import (
    Change,
    Compose,
    RandomBrightness,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
)

LISTED_EPOCHS = 100  # of the summer school's listing, for LeNet and for ResNet-18
LISTED_CROP = (0.08, 1.0)  # RandomResizedCrop's usual share of the area


@dataclass(frozen=True)
class Recipe:
    """A network and its training.

    Attributes:
        model: its name in the zoo, and further ``arguments`` of it.
        mended: ours; else the summer school's.
        size: the side of the whole pictures that it is measured on; ``crop``: of those that it is trained on, which
            are cut out of pictures of ``source`` pixels.
        seeds: how many trainings.
    """

    model: str
    mended: bool
    size: int
    crop: int
    source: int
    num_epochs: int
    seeds: int
    arguments: dict[str, Any]

    def create(self, classes: int) -> paddle.nn.Layer:
        """The network for colour pictures of so many classes."""
        return camp.create_model(self.model, **self.build_arguments(classes))

    def build_arguments(self, classes: int) -> dict[str, Any]:
        """The arguments that :meth:`create` hands to the zoo."""
        return camp.model_arguments(self.model, classes, 3, self.size) | self.arguments


def plan(settings: Any) -> dict[str, Recipe]:
    """Every recipe by its name, "lenet-course" and so on."""
    s, normed = settings, {"activation": "relu", "batch_norm": True}
    small: dict[str, tuple[int, dict[str, Any], int, int]] = {
        "lenet": (s.lenet_size, normed, s.lenet_course_epochs, s.lenet_epochs),
        "simple_cnn": (s.cnn_size, {}, s.cnn_course_epochs, s.cnn_epochs),
    }
    plans = {}
    for model, (side, arguments, *both) in small.items():
        for mended, epochs in zip((False, True), both, strict=True):
            name = f"{model}-{'mended' if mended else 'course'}"
            plans[name] = Recipe(model, mended, side, side, s.image_size, epochs, s.num_seeds, arguments)
    side = s.course_size
    plans["resnet18-course"] = Recipe("resnet18", False, side, side, side, s.course_epochs, s.course_seeds, {})
    sides = s.image_size, s.crop_size, s.source_size
    plans["resnet18-mended"] = Recipe("resnet18", True, *sides, s.num_epochs, s.num_seeds, {})
    return plans


def course_augment(side: int) -> Change:
    """The listing's training pictures: a random resized crop of 8 to 100 % of the area."""
    return RandomResizedCrop(side, LISTED_CROP)


def mended_augment(side: int, settings: Any) -> Change:
    """Crops that leave most of the animal, flips, small turns, and more or less light."""
    crop = RandomResizedCrop(side, (settings.least_area, 1.0))
    turn = RandomRotation(settings.degrees, "reflect")
    return Compose([crop, RandomHorizontalFlip(), turn, RandomBrightness(settings.brightness)])


def course_optimizer(model: paddle.nn.Layer, settings: Any) -> paddle.optimizer.Optimizer:
    """The listing's: Adam at a constant rate."""
    return paddle.optimizer.Adam(settings.course_rate, parameters=model.parameters())


def mended_optimizer(model: paddle.nn.Layer, settings: Any, steps: int) -> paddle.optimizer.Optimizer:
    """AdamW; the rate rises over the first 15 % of the steps, then falls to 0 along half a cosine."""
    schedule = camp.schedules.warmup_cosine(settings.rate, max(2, steps))
    return paddle.optimizer.AdamW(schedule, parameters=model.parameters(), weight_decay=settings.weight_decay)
