"""Features: what a frozen network makes of pictures, computed once for each picture and kept on disk.

The source's idea (its last case computes VGG-16's features of Flickr8k's photographs once): while the layers below a
head are not trained, and stay in evaluation mode, they give the same numbers for the same picture in every epoch.

A feature is found again by what it depends on: the picture's bytes, the network with all its weights, and the scaling.
So other splits, other orders and other data sets with some of the same pictures find what is there already, a picture
that was mirrored is another picture, and weights that were trained further find nothing of their past.
"""

from __future__ import annotations

import functools
import hashlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from paddle import nn
from tqdm import tqdm

from paddle_camp.data.finding.cache import default_cache_dir
from paddle_camp.data.image_set import ImageSet
from paddle_camp.errors import require
from paddle_camp.networks.freezing import freeze
from paddle_camp.networks.modes import evaluating
from paddle_camp.notebook import in_notebook
from paddle_camp.preprocessing import PictureKind
from paddle_camp.pretrained.blocks import BLOCK, Blocks, key_of
from paddle_camp.pretrained.heads import head_of
from paddle_camp.pretrained.loading import PretrainedWeights
from paddle_camp.speed.onednn.weights import constant_weights

POOLED, GRID = "pooled", "grid"
AT_ONCE = 32  # pictures in a batch, always: the last one is filled up, so that no picture's rounding depends on others
PARTS = b"v1"  # of a feature's key, changed with what this module computes


@dataclass(frozen=True)
class Features:
    """Features of N pictures.

    Attributes:
        values: float32 ``[N, ...]``.
        seconds: that computing the N took, whenever that was.
        computed: how many were computed now; the others were on the disk.
        bytes: that they take on the disk.
    """

    values: np.ndarray
    seconds: float
    computed: int
    bytes: int


class FeatureExtractor:
    """A network, frozen and in evaluation mode, up to one of its layers.

    Args:
        model: the network; it is frozen (:func:`~paddle_camp.networks.freezing.freeze`), and its weights must stay as
            they are from now on.
        kind: how it is shown pictures.
        layer: "pooled": what the last fully connected layer is given, ``[C]``; "grid": the last feature map,
            ``[C, H, W]``, such as 1280 x 7 x 7; or the name of a layer, as ``model.named_sublayers()`` has it.
        folder: where features are kept; by default ``features`` in the cache.

    Raises:
        SettingError: the network has no such layer.
    """

    def __init__(self, model: nn.Layer, kind: PictureKind, layer: str = POOLED, folder: Path | None = None):
        self.model, self.kind, self.layer = freeze(model), kind, layer
        self.folder = default_cache_dir() / "features" if folder is None else folder
        self._constant: dict[Any, Any] = {}  # see constant_weights
        named = dict(model.named_sublayers())
        known = (POOLED, GRID, *named)
        require(layer in known, f"layer={layer!r}: give {POOLED}, {GRID}, or a layer's name such as {known[-1]}")
        self._watched = [named[layer]] if layer in named else [head_of(model)] if layer == POOLED else [*named.values()]

    @classmethod
    def of(cls, weights: PretrainedWeights, layer: str = POOLED, folder: Path | None = None) -> FeatureExtractor:
        """The network with these weights."""
        return cls(weights.create(), weights.kind, layer, folder)

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """The features ``[B, ...]`` of scaled pictures, float32 ``[B, C, H, W]``; no gradient flows through them."""
        found: dict[str, paddle.Tensor] = {}

        def given(layer: nn.Layer, inputs: tuple) -> None:
            found["last"] = inputs[0]

        def made(layer: nn.Layer, inputs: tuple, outputs: paddle.Tensor) -> None:
            flat = isinstance(outputs, paddle.Tensor) and (outputs.ndim < 4 or max(outputs.shape[2:]) == 1)
            if self.layer != GRID or (isinstance(outputs, paddle.Tensor) and not flat):
                found["last"] = outputs

        if self.layer == POOLED:
            hooks = [self._watched[0].register_forward_pre_hook(given)]
        else:
            hooks = [layer.register_forward_post_hook(made) for layer in self._watched]
        try:
            with evaluating(self.model), constant_weights(self._constant):
                self.model(images)
        finally:
            for hook in hooks:
                hook.remove()
        require("last" in found, f"layer={self.layer}: the network has no feature map; take {POOLED}")
        return found["last"].astype("float32").detach()

    __call__ = forward

    @functools.cached_property
    def key(self) -> str:
        """What all features of this extractor depend on beside the picture, as 16 hex digits.

        A head that is not asked for does not count: it may be new, and drawn at random.
        """
        head = [] if self.layer not in (POOLED, GRID) else [id(each) for each in head_of(self.model).parameters()]
        digest = hashlib.sha256(PARTS)
        for name, value in self.model.state_dict().items():
            if id(value) not in head:
                array = np.ascontiguousarray(value.numpy())
                digest.update(f"{name} {array.dtype} {array.shape}".encode())
                digest.update(array.data)
        ramp = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16).repeat(self.kind.in_channels, 1)
        ramp = (ramp * np.arange(1, self.kind.in_channels + 1, dtype=np.uint8).reshape(1, -1, 1, 1)).astype(np.uint8)
        digest.update(np.ascontiguousarray(self.kind.scale(ramp)).data)  # the scaling, by what it does
        where = paddle.get_device().partition(":")[0]
        digest.update(f"{type(self.model).__qualname__} {self.layer} {paddle.__version__} {where}".encode())
        return digest.hexdigest()[:16]

    def extract(self, pictures: ImageSet, quiet: bool = False) -> Features:
        """The features of all pictures, from the disk where they are there; those that are not are computed.

        Memory: the result and one block of pictures. :meth:`blocks` has no result, for features that do not fit.

        Args:
            pictures: as they were read; their own kind does not matter, ``kind`` scales them.
            quiet: no progress bar and no line.
        """
        values, taken = None, np.zeros(3)
        for rows, block, cost in self.blocks(pictures, quiet):
            values = np.empty((len(pictures), *block.shape[1:]), np.float32) if values is None else values
            values[rows] = block
            taken += cost
        require(values is not None, "there are no pictures to compute features of")
        found = Features(values, float(taken[0]), int(taken[1]), int(taken[2]))
        if not quiet:
            kept = len(pictures) - found.computed
            line = f"features: {len(pictures)} pictures, {kept} of them from {self.folder / self.key}"
            print(line, file=sys.stderr, flush=True)
        return found

    def blocks(
        self, pictures: ImageSet, quiet: bool = False
    ) -> Iterator[tuple[np.ndarray, np.ndarray, tuple[float, int, int]]]:
        """The features, block by block in no order of the pictures; each block is on the disk when it is yielded.

        Yields:
            (rows, int64 ``[B]``; their features, float32 ``[B, ...]``; what they cost: seconds, pictures that were
            computed now, bytes on the disk). Every row comes once.
        """
        rows_of: dict[bytes, list[int]] = {}
        for row, image in enumerate(pictures.images):
            rows_of.setdefault(key_of(image), []).append(row)
        if not rows_of:
            return
        shape = tuple(self.forward(paddle.to_tensor(self.kind.scale(pictures.images[:1]))).shape[1:])
        stored = Blocks(self.folder / self.key, shape)
        hidden = quiet or (None if not in_notebook() else False)  # None: where stderr is no terminal
        with tqdm(total=len(pictures), desc="features", unit="picture", disable=hidden, leave=False) as bar:
            for keys, block, seconds in stored.read(set(rows_of)):
                rows, values = _of_rows(keys, block, rows_of)
                bar.update(len(rows))
                yield rows, values, (seconds, 0, block.nbytes)
                for key in keys:
                    del rows_of[key]
            missing = list(rows_of)
            for start in range(0, len(missing), BLOCK):
                keys = missing[start : start + BLOCK]
                block, seconds = self._compute(pictures.images[[rows_of[key][0] for key in keys]])
                stored.write(keys, block, seconds)
                rows, values = _of_rows(keys, block, rows_of)
                bar.update(len(rows))
                yield rows, values, (seconds, len(rows), block.nbytes)

    def _compute(self, images: np.ndarray) -> tuple[np.ndarray, float]:
        """Features of uint8 pictures, :data:`AT_ONCE` at a time, and the seconds that it took."""
        began, done = time.perf_counter(), []
        for start in range(0, len(images), AT_ONCE):
            part = images[start : start + AT_ONCE]
            full = np.resize(part, (AT_ONCE, *part.shape[1:])) if len(part) < AT_ONCE else part
            done.append(self.forward(paddle.to_tensor(self.kind.scale(full))).numpy()[: len(part)])
        return np.concatenate(done), time.perf_counter() - began


def _of_rows(
    keys: Sequence[bytes], block: np.ndarray, rows_of: Mapping[bytes, list[int]]
) -> tuple[np.ndarray, np.ndarray]:
    """The rows of all pictures with these keys, and their features; a picture may stand in several rows."""
    rows = [rows_of[key] for key in keys]
    return np.concatenate(rows).astype(np.int64), block.repeat([len(each) for each in rows], axis=0)
