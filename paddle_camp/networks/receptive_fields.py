"""Where in a picture the places of a map of features lie: the centres of their receptive fields.

A convolution or pooling of stride s reads, for its output i, inputs around s i + c. With ResNet's 3 x 3 convolutions of
stride 2 and padding 1, c is 0, with VGG's 2 x 2 pools it is 0.5: the same 7 x 7 map of a picture of 224 pixels begins
at pixel 0 in the one and at pixel 15.5 in the other (Araujo, Norris and Sim, Computing Receptive Fields of
Convolutional Neural Networks, Distill 2019, has the recursion).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TypeGuard

import cv2
import numpy as np
import paddle
from paddle import Tensor, nn

from paddle_camp.networks.modes import evaluating, held

MIDDLE = 4  # places across, of which two in the middle are looked at
MORE = 48  # pixels by which a layer's input is enlarged so that its middle is far from the edges: a multiple of strides


@dataclass(frozen=True)
class Grid:
    """Where the places of a map lie: place (i, j) is centred on pixel (first + stride * (i, j)), pixel 0 being 0.

    Attributes:
        stride: pixels from one place to the next, down and to the right.
        first: the centre of place (0, 0).
    """

    stride: tuple[float, float]
    first: tuple[float, float]

    @classmethod
    def spread(cls, picture: tuple[int, int], places: tuple[int, int]) -> Grid:
        """Places spread evenly over a picture: [H, W] pixels, [h, w] places."""
        stride = (picture[0] / places[0], picture[1] / places[1])
        return cls(stride, ((stride[0] - 1) / 2, (stride[1] - 1) / 2))

    def of(self, inner: Grid) -> Grid:
        """The grid of a map whose places lie in this one's as ``inner`` says."""
        first = [a + s * b for a, s, b in zip(self.first, self.stride, inner.first, strict=True)]
        stride = [s * t for s, t in zip(self.stride, inner.stride, strict=True)]
        return Grid((stride[0], stride[1]), (first[0], first[1]))

    def fits(self, picture: tuple[int, int], places: tuple[int, int]) -> bool:
        """Whether the places lie in the middle of the picture, but for a rest; those of an adaptive pool do not."""
        numbers = zip(self.first, self.stride, places, picture, strict=True)
        return all(abs(side - 1 - stride * (count - 1) - 2 * first) <= stride for first, stride, count, side in numbers)

    def over(self, maps: np.ndarray, height: int, width: int) -> np.ndarray:
        """Maps ``[N, h, w]`` for each pixel, float32 ``[N, height, width]``: linear between places, level outside."""
        rows = [[1 / self.stride[1], 0, -self.first[1] / self.stride[1]]]
        rows += [[0, 1 / self.stride[0], -self.first[0] / self.stride[0]]]
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        options = {"flags": flags, "borderMode": cv2.BORDER_REPLICATE}
        return np.stack([cv2.warpAffine(each, np.array(rows), (width, height), **options) for each in np.float32(maps)])


def grid_of(model: nn.Layer, layer: str, inputs: np.ndarray) -> Grid:
    """Where the places of a layer's output lie in a picture.

    Each layer that changes the size of what it is given is tried on its own: what does a place in the middle of its
    output depend on? Layers are joined by the sizes of their inputs and outputs, so branches side by side (a shortcut)
    have to agree. Where the way cannot be followed, because the network itself shrinks the picture between its layers,
    the places are taken to be spread evenly.

    Args:
        model: a network in evaluation mode: a batch norm that trains lets each place depend on all.
        layer: a name of ``model.named_sublayers()``, whose output is ``[N, C, h, w]``.
        inputs: float32 ``[1, C, H, W]``.
    """
    resizing, places = _resizing_layers(model, layer, inputs)
    picture = (inputs.shape[2], inputs.shape[3])
    found = {picture: Grid((1.0, 1.0), (0.0, 0.0))}
    with held(model):  # Paddle 2.6 refuses the gradient of an input alone where weights ask for theirs
        for each, shape, after in resizing:
            before = (shape[2], shape[3])
            inner = _grid_of_layer(each, shape) if before in found and after not in found else None
            if inner is not None and inner.fits(before, after):
                found[after] = found[before].of(inner)
    return found.get(places) or Grid.spread(picture, places)


def _resizing_layers(
    model: nn.Layer, layer: str, inputs: np.ndarray
) -> tuple[list[tuple[nn.Layer, list[int], tuple[int, int]]], tuple[int, int]]:
    """Layers that change a picture's size, with the shape of what they take and the size of what they give.

    In the order in which they end, what is inside of a layer before it, up to ``layer``, whose output's size is the
    second result.
    """
    found: list[tuple[nn.Layer, list[int], tuple[int, int]]] = []
    places: list[tuple[int, int]] = []

    def note(name: str, it: nn.Layer, given: object, output: object) -> None:
        if places or not _is_map(output):
            return
        size = (output.shape[2], output.shape[3])
        if _is_map(given) and size not in ((1, 1), (given.shape[2], given.shape[3])):
            found.append((it, list(given.shape), size))
        if name == layer:
            places.append(size)

    with contextlib.ExitStack() as stack:
        for name, each in model.named_sublayers():
            handle = each.register_forward_post_hook(lambda it, x, y, name=name: note(name, it, (*x, None)[0], y))
            stack.callback(handle.remove)
        with evaluating(model):
            model(paddle.to_tensor(inputs))
    return found, places[0]


def _is_map(value: object) -> TypeGuard[Tensor]:
    return isinstance(value, Tensor) and value.ndim == 4


def _grid_of_layer(layer: nn.Layer, shape: list[int]) -> Grid | None:
    """Where a layer's outputs lie in its input ``[N, C, H, W]``.

    None if its middle depends on nothing, or on an edge, or if it cannot be tried: it takes more than one tensor, say.

    The pictures rise from one corner to the other, and fall: a max pool takes the one end of its window or the other.
    """
    height, width = shape[2] + MORE, shape[3] + MORE
    rising = np.add.outer(np.arange(height), np.arange(width)).astype(np.float32)
    pictures = np.broadcast_to(np.stack([rising, -rising])[:, None], (2, shape[1], height, width)).copy()
    given = paddle.to_tensor(pictures, stop_gradient=False)
    try:
        outputs = layer(given)
    except Exception:  # a part of it fits one size alone
        return None
    if not _is_map(outputs) or min(outputs.shape[2:]) < MIDDLE:
        return None
    middle = np.array(outputs.shape[2:]) // 2
    centres = []
    for i, j in (middle - 1, middle + 1):
        gradient = paddle.grad(outputs[:, :, int(i), int(j)].sum(), given, retain_graph=True)[0].numpy()
        seen = np.abs(gradient).sum(axis=(0, 1))
        reached = [np.flatnonzero(seen.any(axis=1 - axis)) for axis in (0, 1)]
        if any(not len(each) or each[0] == 0 or each[-1] == n - 1 for each, n in zip(reached, seen.shape, strict=True)):
            return None
        centres.append([(int(each[0]) + int(each[-1])) / 2 for each in reached])
    (down, right), first = (np.subtract(*centres[::-1]) / 2).tolist(), centres[0]
    if min(down, right) <= 0:
        return None
    above, left = (int(place) - 1 for place in middle)
    return Grid((down, right), (first[0] - down * above, first[1] - right * left))
