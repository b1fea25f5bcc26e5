"""Mini-batches of data held in memory, images as uint8 or plain arrays, and the interface of any such source.

A data set of the camp fits in memory as uint8 (400 pictures of 224x224x3 are 60 MB), so a batch is one gather
and one scale over arrays: no per-sample Python, no worker processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from paddle_camp.data.image_set import ImageSet
from paddle_camp.data.scaling import scale_to_unit


def epoch_order(count: int, shuffle_seed: int | None, epoch: int) -> np.ndarray:
    """The order of ``count`` samples in an epoch, int64 ``[N]``: a function of (seed, epoch); None keeps them as is."""
    if shuffle_seed is None:
        return np.arange(count)
    return np.random.default_rng([shuffle_seed, epoch]).permutation(count)


class _Indexed:
    """Base of both kinds of batches: cuts the shuffled samples of an epoch into batches."""

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


Pair = tuple[Any, Any]  # (inputs, labels), numpy arrays or tensors


class BatchSource(Protocol):
    """What the loop asks of its data; :class:`paddle_camp.data.batches.Batches` is one.

    On a GPU, a thread calls ``epoch`` and is some batches ahead: what it draws must not come from generators that the
    loop uses too. The samples of an :class:`IndexedBatches` can lie on the GPU instead.
    """

    @property
    def num_samples(self) -> int: ...

    @property
    def batch_size(self) -> int: ...

    def __len__(self) -> int: ...

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[Pair]: ...


@runtime_checkable
class IndexedBatches(BatchSource, Protocol):
    """A source whose batches are rows of arrays, which can be copied to a GPU once."""

    def whole(self) -> Pair | None:
        """All samples in the order of the data, as ``epoch`` would yield them; None where they vary with the epoch."""

    def indices(self, epoch: int = 0, start: int = 0) -> Iterator[np.ndarray]:
        """The rows of each batch, int64 ``[B]``, beginning at batch ``start``."""
