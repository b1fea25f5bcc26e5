"""1x1, dilated, separable and transposed convolutions, each in terms of the plain one."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
import paddle.nn.functional as F

SMALL = 24  # side of the picture whose convolution is written out as a matrix, pixels


def gap(first: paddle.Tensor, second: paddle.Tensor) -> float:
    """The largest difference."""
    return float((first - second).abs().max())


def one_by_one(rng: np.random.Generator) -> dict[str, Any]:
    """A 1x1 convolution is the same matrix product at every pixel."""
    x, w = (paddle.to_tensor(rng.normal(size=shape)) for shape in ((1, 8, 5, 5), (4, 8, 1, 1)))
    by_matrix = paddle.matmul(w[:, :, 0, 0], x.reshape([8, 25])).reshape([1, 4, 5, 5])
    narrow, direct = 256 * 64 + 9 * 64 * 64 + 64 * 256, 9 * 256 * 256
    return {"gap": gap(F.conv2d(x, w), by_matrix), "bottleneck": narrow, "direct": direct}


def dilated(rng: np.random.Generator) -> dict[str, Any]:
    """A dilated kernel is one with zeros between its numbers."""
    x, kernel = rng.normal(size=(1, 2, 11, 11)), rng.normal(size=(3, 2, 3, 3))
    spread = np.zeros((3, 2, 5, 5))
    spread[:, :, ::2, ::2] = kernel
    x, kernel, spread = map(paddle.to_tensor, (x, kernel, spread))
    return {"gap": gap(F.conv2d(x, kernel, dilation=2), F.conv2d(x, spread))}


def separable(picture: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    """In space: Sobel's kernel is a column times a row. In depth: each channel by itself, then 1x1."""
    x = paddle.to_tensor(picture[np.newaxis, np.newaxis])
    column, row = np.array([1.0, 2.0, 1.0]), np.array([-1.0, 0.0, 1.0])
    whole, first, second = (
        paddle.to_tensor(each[np.newaxis, np.newaxis])
        for each in (np.outer(column, row), column[:, np.newaxis], row[np.newaxis])
    )
    space = gap(F.conv2d(x, whole), F.conv2d(F.conv2d(x, first), second))
    channels, outputs, side = 8, 16, 3
    depth, point = rng.normal(size=(channels, 1, side, side)), rng.normal(size=(outputs, channels, 1, 1))
    y = paddle.to_tensor(rng.normal(size=(1, channels, 9, 9)))
    apart = F.conv2d(F.conv2d(y, paddle.to_tensor(depth), groups=channels), paddle.to_tensor(point))
    together = F.conv2d(y, paddle.to_tensor(point * depth[:, 0]))  # [O, C, 1, 1] times [C, k, k]
    counts = {"separate": channels * side**2 + channels * outputs, "plain": channels * outputs * side**2}
    return {
        "space_gap": space,
        "depth_gap": gap(apart, together),
        "rank": int(np.linalg.matrix_rank(np.outer(column, row))),
    } | counts


def matrix_of(kernel: np.ndarray, side: int, stride: int) -> np.ndarray:
    """The matrix ``[outputs, inputs]`` of a convolution of ``side`` x ``side`` pixels: its columns are what it makes of
    a picture with a single 1."""
    ones = paddle.to_tensor(np.eye(side * side).reshape(side * side, 1, side, side))
    return (
        F.conv2d(ones, paddle.to_tensor(kernel[np.newaxis, np.newaxis]), stride=stride).numpy().reshape(side**2, -1).T
    )


def overlap(kernel: int, stride: int) -> np.ndarray:
    """How many times a transposed convolution adds into each pixel."""
    ones = paddle.ones([1, 1, 9, 9]), paddle.ones([1, 1, kernel, kernel])
    return F.conv2d_transpose(*ones, stride=stride).numpy()[0, 0]


def transposed(picture: np.ndarray, rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The matrix of a convolution with stride 2; its transpose is Paddle's transposed convolution, and no inverse.

    Returns:
        (``forward`` and ``backward``: the largest differences of matrix and transpose to Paddle; ``shape`` and
        ``rank``; ``error``: of the transpose after the convolution, scaled as well as can be, relative to the picture;
        ``least_squares``: of the best inverse there is; ``uneven``: kernel -> greatest over smallest overlap in the
        middle, at stride 2; ``same_size``: two input sides with the same output side), pictures.
    """
    kernel = np.outer([1.0, 2.0, 1.0], [1.0, 2.0, 1.0]) / 16
    small = picture[:: len(picture) // SMALL, :: len(picture) // SMALL][:SMALL, :SMALL] / 255
    side = len(small) - 1 + len(small) % 2  # odd: a kernel of 3 with stride 2 reaches the last pixel
    small = np.ascontiguousarray(small[:side, :side])
    matrix = matrix_of(kernel, side, 2)
    x, w = paddle.to_tensor(small[np.newaxis, np.newaxis]), paddle.to_tensor(kernel[np.newaxis, np.newaxis])
    y = F.conv2d(x, w, stride=2)
    back = F.conv2d_transpose(y, w, stride=2).numpy()[0, 0]
    forward = float(np.abs(matrix @ small.ravel() - y.numpy().ravel()).max())
    random = rng.normal(size=matrix.shape[0])
    through = F.conv2d_transpose(paddle.to_tensor(random.reshape(y.shape)), w, stride=2).numpy().ravel()
    scale = (back * small).sum() / (back**2).sum()
    best = np.linalg.lstsq(matrix, y.numpy().ravel(), rcond=None)[0].reshape(small.shape)
    relative = lambda image: float(np.linalg.norm(image - small) / np.linalg.norm(small))  # noqa: E731
    found = {"forward": forward, "backward": float(np.abs(matrix.T @ random - through).max())}
    found |= {"shape": matrix.shape, "rank": int(np.linalg.matrix_rank(matrix))}
    found |= {"error": relative(scale * back), "least_squares": relative(best)}
    middles = {k: overlap(k, 2)[4:-4, 4:-4] for k in (2, 3, 4, 5)}
    found["uneven"] = {str(k): float(middle.max() / middle.min()) for k, middle in middles.items()}
    found["same_size"] = [side, side + 1, (side - 3) // 2 + 1]
    pictures = {"picture": small, "convolved": y.numpy()[0, 0], "transposed": back}
    return found, pictures | {"kernel 3": overlap(3, 2), "kernel 4": overlap(4, 2)}


def compare_relatives(picture: np.ndarray, seed: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Each relative against the plain convolution that it is, and the pictures of the transposed one."""
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {
        "one_by_one": one_by_one(rng),
        "dilated": dilated(rng),
        "separable": separable(picture, rng),
    }
    found["transposed"], pictures = transposed(picture, rng)
    return found, pictures
