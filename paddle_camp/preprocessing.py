"""What becomes of a picture before a network sees it: stated once, for training, prediction, tests and benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np


def scale_to_unit(images: np.ndarray) -> np.ndarray:
    """uint8 0..255 to float32 -1..1, the course's ``(x / 255 - 0.5) / 0.5``."""
    return images.astype(np.float32) / np.float32(127.5) - np.float32(1.0)


def undo_scale_to_unit(inputs: np.ndarray) -> np.ndarray:
    """float32 -1..1 back to uint8 0..255, to look at; what lies beyond is cut off."""
    return np.clip(np.rint((inputs + 1) * 127.5), 0, 255).astype(np.uint8)


def scale_to_one(images: np.ndarray) -> np.ndarray:
    """uint8 0..255 to float32 0..1, the course's ``x / 255`` for digits."""
    return images.astype(np.float32) / np.float32(255)


def scale_for_lite(images: np.ndarray) -> np.ndarray:
    """uint8 BGR 0..255 to float32 RGB, (x - 127) / 128: what TensorFlow trained EfficientNet-Lite on."""
    return (images[:, ::-1].astype(np.float32) - np.float32(127)) / np.float32(128)


def scale_for_imagenet(images: np.ndarray) -> np.ndarray:
    """uint8 BGR 0..255 to float32 RGB, each channel less ImageNet's mean, by its deviation: for Paddle's weights."""
    rgb = images[:, ::-1].astype(np.float32) / np.float32(255)
    return (rgb - IMAGENET_MEAN) / IMAGENET_DEVIATION


def scale_for_caffe(images: np.ndarray) -> np.ndarray:
    """uint8 BGR 0..255 to float32 BGR less the mean of ImageNet's pixels: for the first VGG, and Keras' copy."""
    return images.astype(np.float32) - CAFFE_MEAN


def scale_by_contrast(images: np.ndarray) -> np.ndarray:
    """uint8 to float32, each picture less its own mean and divided by its own deviation: dark ones come out as light.

    Eight levels are added to the deviation, so that the noise of a black picture is not blown up.
    """
    pictures = images.astype(np.float32)
    mean, deviation = (each(pictures, axis=(1, 2, 3), keepdims=True) for each in (np.mean, np.std))
    return (pictures - mean) / (deviation + np.float32(8))


# Of the pixels of ImageNet's training pictures, red, green, blue, between 0 and 1; torchvision, Paddle and many others
# train with these numbers.
IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32).reshape(3, 1, 1)
IMAGENET_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32).reshape(3, 1, 1)

CAFFE_MEAN = np.array([103.939, 116.779, 123.68], np.float32).reshape(3, 1, 1)  # blue, green, red, of 0 to 255


@dataclass(frozen=True)
class PictureKind:
    """The pictures that a network is made for: their classes, their shape and how their bytes become its inputs.

    ``classes`` are the class names in the order of the labels, empty where each data set has its own, or numbers are
    predicted. ``scale`` turns uint8 ``[N, in_channels, image_size, width]`` into the float32 inputs of the same shape.
    ``width`` is None where the pictures are square.
    """

    name: str
    classes: tuple[str, ...]
    in_channels: int
    image_size: int
    scale: Callable[[np.ndarray], np.ndarray]
    width: int | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """One picture: (channels, height, width)."""
        return self.in_channels, self.image_size, self.width or self.image_size

    def prepared_as(self, other: PictureKind) -> PictureKind:
        """The same pictures and classes with the name and the scaling of ``other``."""
        return replace(self, name=other.name, scale=other.scale)


# Of the German traffic signs of GTSRB, in the order of their labels.
SIGN_NAMES = (
    *("20 km/h", "30 km/h", "50 km/h", "60 km/h", "70 km/h", "80 km/h", "end of 80 km/h", "100 km/h", "120 km/h"),
    *("no passing", "no passing for lorries", "right of way at the crossing", "priority road", "yield", "stop"),
    *("no vehicles", "no lorries", "no entry", "danger", "curve to the left", "curve to the right", "double curve"),
    *("bumpy road", "slippery road", "road narrows on the right", "road works", "traffic signals", "pedestrians"),
    *("children", "bicycles", "ice or snow", "wild animals", "end of all limits", "turn right", "turn left"),
    *("ahead only", "ahead or right", "ahead or left", "keep right", "keep left", "roundabout"),
    *("end of no passing", "end of no passing for lorries"),
)

DIGITS = PictureKind("digits", tuple("0123456789"), 1, 28, scale_to_one)
FUNDUS = PictureKind("fundus", ("not PM", "PM"), 3, 224, scale_to_unit)
SIGNS = PictureKind("traffic-signs", SIGN_NAMES, 3, 32, scale_by_contrast)
ROADS = PictureKind("roads", (), 3, 66, scale_by_contrast, width=200)  # what a car's camera sees, as PilotNet takes it
PICTURES = PictureKind("pictures", (), 3, 224, scale_to_unit)  # any folder of pictures
# The same pictures as those networks see them that were trained on ImageNet; predict knows them by these names.
PICTURES_LITE = PictureKind("pictures-lite", (), 3, 224, scale_for_lite)
PICTURES_IMAGENET = PictureKind("pictures-imagenet", (), 3, 224, scale_for_imagenet)
PICTURES_CAFFE = PictureKind("pictures-caffe", (), 3, 224, scale_for_caffe)
