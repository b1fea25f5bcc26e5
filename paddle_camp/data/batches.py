"""Data sets held whole in memory as uint8, and the batches drawn from them.

A data set of the camp fits in memory as uint8 (400 pictures of 224x224x3 are 60 MB), so a batch is one gather
and one scale over arrays: no per-sample Python, no worker processes.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from paddle_camp.settings import require


@dataclass(frozen=True)
class ImageSet:
    """Pictures with labels.

    Attributes:
        images: uint8 ``[N, C, H, W]``; colour pictures are BGR, as OpenCV and the course read them.
        labels: int64 ``[N]``.
        names: N file names (or other stable identifiers) for reports and ``predictions.csv``.
        groups: N short strings that name what a picture is, finer than the label (fundus: "P", "H", "N").
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    groups: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def fingerprint(self) -> str:
        """A hash of pictures, labels and names: the same data, the same 16 hex digits."""
        digest = hashlib.sha256(np.ascontiguousarray(self.images))
        digest.update(np.ascontiguousarray(self.labels))
        digest.update("\n".join(self.names).encode())
        return digest.hexdigest()[:16]

    def take(self, index: np.ndarray) -> ImageSet:
        """The samples at ``index`` (int64 ``[M]``), in that order."""
        groups = tuple(self.groups[i] for i in index) if self.groups else ()
        return replace(
            self,
            images=self.images[index],
            labels=self.labels[index],
            names=tuple(self.names[i] for i in index),
            groups=groups,
        )


def split_off(data: ImageSet, fraction: float, seed: int) -> tuple[ImageSet, ImageSet]:
    """Split ``data`` into (rest, held out), each class in the same proportion, drawn by ``seed``.

    Both halves keep the order of ``data``. This is how hyper-parameters are chosen without looking at the
    validation set: on pictures held out of the training folder.

    Raises:
        SettingError: one of the two would be empty.
    """
    rng = np.random.default_rng(seed)
    held: list[int] = []
    for label in np.unique(data.labels):
        members = rng.permutation(np.flatnonzero(data.labels == label))
        held += members[: round(len(members) * fraction)].tolist()
    mask = np.zeros(len(data), bool)
    mask[held] = True
    share = f"{fraction:.3g} of {len(data)} samples leaves one part empty: take more samples, or another share"
    require(0 < mask.sum() < len(data), share)
    return data.take(np.flatnonzero(~mask)), data.take(np.flatnonzero(mask))


def draw(data: ImageSet, count: int | None, seed: int = 0) -> ImageSet:
    """About ``count`` samples of ``data``, each class in proportion; all of them for None or too large a count."""
    if count is None or count >= len(data):
        return data
    return split_off(data, count / len(data), seed)[1]


def scale_to_unit(images: np.ndarray) -> np.ndarray:
    """uint8 0..255 to float32 -1..1, the course's ``(x / 255 - 0.5) / 0.5``."""
    return images.astype(np.float32) / np.float32(127.5) - np.float32(1.0)


def scale_to_one(images: np.ndarray) -> np.ndarray:
    """uint8 0..255 to float32 0..1, the course's ``x / 255`` for digits."""
    return images.astype(np.float32) / np.float32(255)


def channel_statistics(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel of uint8 ``[N, C, H, W]``, in units of the bytes: float32 ``[C]``."""
    return tuple(
        np.array([f(images[:, c]) for c in range(images.shape[1])], np.float32)
        for f in (lambda x: x.mean(dtype=np.float64), lambda x: x.std(dtype=np.float64))
    )


def standardise(mean: np.ndarray, deviation: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """A scale for :class:`Batches` that brings each channel to mean 0 and standard deviation 1."""
    return functools.partial(_standardise, mean=mean[:, None, None], deviation=deviation[:, None, None])


def _standardise(images: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    return (images.astype(np.float32) - mean) / np.maximum(deviation, np.float32(1e-6))


def epoch_order(count: int, shuffle_seed: int | None, epoch: int) -> np.ndarray:
    """The order of ``count`` samples in an epoch, int64 ``[N]``: a function of (seed, epoch); None keeps them as is."""
    if shuffle_seed is None:
        return np.arange(count)
    return np.random.default_rng([shuffle_seed, epoch]).permutation(count)


class _Indexed:
    """What both kinds of batches have in common: how an epoch of their samples is cut into batches."""

    batch_size: int
    shuffle_seed: int | None

    @property
    def num_samples(self) -> int:
        raise NotImplementedError

    def __len__(self) -> int:
        """Steps in an epoch."""
        return -(-self.num_samples // self.batch_size)

    def order(self, epoch: int) -> np.ndarray:
        """The sample order of ``epoch``: int64 ``[N]``."""
        return epoch_order(self.num_samples, self.shuffle_seed, epoch)

    def indices(self, epoch: int = 0, start: int = 0) -> Iterator[np.ndarray]:
        """The samples of each batch, int64 ``[B]``, beginning at batch ``start``."""
        order = self.order(epoch)
        for step in range(start, len(self)):
            yield order[step * self.batch_size : (step + 1) * self.batch_size]


@dataclass(frozen=True)
class ArrayBatches(_Indexed):
    """Mini-batches of plain arrays, such as the rows of a table; the last batch of an epoch may be smaller.

    Attributes:
        inputs: ``[N, ...]``, handed on as they are.
        labels: ``[N]`` classes (integers) or ``[N, 1]`` targets.
        shuffle_seed: as for :class:`Batches`, and in the same order.
    """

    inputs: np.ndarray
    labels: np.ndarray
    batch_size: int
    shuffle_seed: int | None = None

    @property
    def num_samples(self) -> int:
        return len(self.labels)

    def whole(self) -> tuple[np.ndarray, np.ndarray] | None:
        """All samples in their order; None where a subclass makes other batches of them."""
        return (self.inputs, self.labels) if type(self).epoch is ArrayBatches.epoch else None

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (inputs, labels), beginning at batch ``start``."""
        for index in self.indices(epoch, start):
            yield self.inputs[index], self.labels[index]


Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Batches(_Indexed):
    """Mini-batches of an :class:`ImageSet`; the last batch of an epoch may be smaller.

    The order of an epoch, and every random change to its pictures, is a function of (seed, epoch, step) alone:
    a run that resumes in the middle of an epoch sees exactly the batches it would have seen.

    Attributes:
        shuffle_seed: None keeps the order of the data (evaluation).
        augment: changes a uint8 batch ``[B, C, H, W]``, drawing from the generator it is given.
        scale: uint8 to float32, each picture by itself.
    """

    data: ImageSet
    batch_size: int
    shuffle_seed: int | None = None
    augment: Augment | None = None
    scale: Callable[[np.ndarray], np.ndarray] = scale_to_unit

    @property
    def num_samples(self) -> int:
        return len(self.data)

    def whole(self) -> tuple[np.ndarray, np.ndarray] | None:
        """All samples in their order, scaled; None where each epoch, or a subclass, makes others of them."""
        if self.augment is not None or type(self).epoch is not Batches.epoch:
            return None
        return self.scale(self.data.images), self.data.labels

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (images float32 ``[B, C, H, W]``, labels int64 ``[B]``), beginning at batch ``start``."""
        for step, index in enumerate(self.indices(epoch, start), start):
            images = self.data.images[index]
            if self.augment is not None:
                seed = [self.shuffle_seed or 0, epoch, step]
                images = self.augment(images, np.random.default_rng(seed))
            yield self.scale(images), self.data.labels[index]
