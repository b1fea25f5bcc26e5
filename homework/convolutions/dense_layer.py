"""A dense layer as a 7x7 convolution: a larger picture gives a map of answers in one pass (fully convolutional)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn

CLASSES, FIELD, STEP = 10, 7, 4  # answers; side of the last maps; pixels between two answers: two pools of 2


class Classifier(nn.Layer):
    """Two 3x3 convolutions, each with ReLU and a pool of 2, then a dense layer on the 7 x 7 maps.

    Without padding it takes 34 x 34 pixels, with a padding of 1 it takes 28 x 28.
    """

    def __init__(self, channels: int, padding: int):
        super().__init__()
        self.side = 28 if padding else 34
        self.conv1 = nn.Conv2D(1, channels, 3, padding=padding)
        self.conv2 = nn.Conv2D(channels, channels, 3, padding=padding)
        self.dense = nn.Linear(channels * FIELD**2, CLASSES)

    def maps(self, images: paddle.Tensor) -> paddle.Tensor:
        """The maps before the dense layer."""
        for layer in (self.conv1, self.conv2):
            images = F.max_pool2d(F.relu(layer(images)), 2)
        return images

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Answers ``[N, 10]`` of pictures ``[N, 1, side, side]``."""
        return self.dense(self.maps(images).flatten(1))

    def slide(self, images: paddle.Tensor) -> paddle.Tensor:
        """A map of answers ``[N, 10, rows, columns]`` of larger pictures: the dense layer's weights as 7x7 kernels."""
        kernels = self.dense.weight.T.reshape([CLASSES, -1, FIELD, FIELD])  # [10, C 7 7] as flatten laid them out
        return F.conv2d(self.maps(images), kernels, self.dense.bias)


def patches_of(image: np.ndarray, side: int, count: int) -> np.ndarray:
    """The ``count`` x ``count`` squares of an image ``[H, W]``, STEP pixels apart: ``[count^2, 1, side, side]``."""
    places = [STEP * number for number in range(count)]
    return np.stack([image[y : y + side, x : x + side] for y in places for x in places])[:, np.newaxis]


def median_seconds(function: Callable[[], Any], repeats: int) -> float:
    """The median time of some calls, after one that is not counted."""
    function()
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds))


def multiplications(side: int, channels: int) -> int:
    """Of the network without padding on a picture of this side, the dense layer at every place."""
    first, second = side - 2, (side - 2) // 2 - 2
    answers = second // 2 - FIELD + 1
    return 9 * channels * first**2 + 9 * channels**2 * second**2 + CLASSES * channels * FIELD**2 * answers**2


def slide_and_cut(model: Classifier, count: int, seed: int) -> tuple[paddle.Tensor, paddle.Tensor, float]:
    """A random picture that gives a map of ``count`` x ``count`` answers, and its patches.

    Returns:
        (the picture ``[1, 1, H, W]``; the patches ``[count^2, 1, side, side]``; the largest difference between the map
        and the patches' answers, relative to the largest answer).
    """
    side = model.side + STEP * (count - 1)
    image = np.random.default_rng(seed).normal(size=(side, side)).astype("float32")
    whole = paddle.to_tensor(image[np.newaxis, np.newaxis])
    patches = paddle.to_tensor(patches_of(image, model.side, count))
    answers = model(patches).numpy().reshape(count, count, CLASSES)
    slid = model.slide(whole).numpy()[0].transpose(1, 2, 0)
    return whole, patches, float(np.abs(slid - answers).max() / np.abs(answers).max())


@paddle.no_grad()
def compare_with_patches(settings: Any, seed: int) -> tuple[dict[str, Any], dict[str, float]]:
    """One pass over a larger picture against all its patches.

    Returns:
        (``gap``: the largest difference of the answers, relative to the largest answer; ``padded_gap``: the same for a
        network with padding, whose patches see zeros where the picture goes on; ``answers``, ``side`` of the picture;
        ``saved``: multiplications of the patches over those of the one pass), seconds of "one pass", "one batch" of
        patches, "one by one".
    """
    paddle.seed(seed)
    padded, model = (Classifier(settings.channels, padding) for padding in (1, 0))
    _, _, padded_gap = slide_and_cut(padded, settings.map_side, seed)
    whole, patches, gap = slide_and_cut(model, settings.map_side, seed)
    side, answers = whole.shape[-1], len(patches)
    saved = answers * multiplications(model.side, settings.channels) / multiplications(side, settings.channels)
    found = {"gap": gap, "padded_gap": padded_gap, "patch": model.side, "side": side, "answers": answers}
    ways = {
        "one pass": lambda: model.slide(whole).numpy(),
        "one batch": lambda: model(patches).numpy(),
        "one by one": lambda: [model(patches[k : k + 1]).numpy() for k in range(answers)],
    }
    return found | {"saved": saved}, {name: median_seconds(way, settings.repeats) for name, way in ways.items()}
