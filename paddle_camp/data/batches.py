"""Mini-batches of data held in memory, images as uint8 or plain arrays, and the interface of any such source.

A data set of the camp fits in memory as uint8 (400 pictures of 224x224x3 are 60 MB), so a batch is one gather and one
scale over arrays: no per-sample Python, no worker processes. :func:`as_batches` takes what Paddle's own reading takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from paddle_camp.data.image_set import ImageSet
from paddle_camp.data.loaders import DatasetBatches, LoaderBatches, is_list_of_numbers, plain_array
from paddle_camp.data.order import Indexed, epoch_order
from paddle_camp.data.showing import short
from paddle_camp.errors import SettingError, require
from paddle_camp.nested import leaves, map_arrays, take_rows

__all__ = ["ArrayBatches", "Augment", "BatchSource", "Batches", "IndexedBatches", "Scale", "as_batches", "epoch_order"]

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]
AugmentPairs = Callable[[np.ndarray, np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]
Scale = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, repr=False)
class ArrayBatches(Indexed):
    """Mini-batches of plain arrays, such as the rows of a table; the last batch of an epoch may be smaller.

    Attributes:
        inputs: ``[N, ...]``, or a tuple or dict of such arrays for a network with several inputs; handed on as they
            are.
        labels: ``[N]`` classes (integers), ``[N, K]`` targets, or a tuple or dict of such arrays. None where nothing
            is to be predicted (autoencoders, GANs): a batch is then (inputs,).
        shuffle_seed: as for :class:`Batches`, and in the same order.
    """

    inputs: Any
    labels: Any
    batch_size: int
    shuffle_seed: int | None = None

    def __post_init__(self) -> None:
        shapes: dict[int, str] = {}  # rows -> one array that has so many
        labels = [] if self.labels is None else list(leaves(self.labels))
        for name, arrays in (("inputs", list(leaves(self.inputs)) or [self.inputs]), ("labels", labels)):
            for array in arrays:
                shape = list(getattr(array, "shape", []))
                require(bool(shape), f"{name}: give arrays with one row a sample, not {short(array)}")
                shapes.setdefault(shape[0], f"{name} {shape}")
        require(len(shapes) == 1, f"all arrays have one row a sample; here {' and '.join(shapes.values())}")
        object.__setattr__(self, "inputs", map_arrays(lambda array: array, self.inputs))  # lists become tuples
        if isinstance(self.labels, np.ndarray) and self.labels.dtype.kind in "bui":
            object.__setattr__(self, "labels", self.labels.astype(np.int64, copy=False))
        self.check()

    @property
    def num_samples(self) -> int:
        return next(leaves(self.inputs)).shape[0]

    def whole(self) -> tuple | None:
        """All samples in their order; None where a subclass makes other batches of them."""
        return self._rows(slice(None)) if type(self).epoch is ArrayBatches.epoch else None

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[tuple]:
        """Yield (inputs, labels), or (inputs,) without labels, beginning at batch ``start``."""
        for index in self.indices(epoch, start):
            yield self._rows(index)

    def _rows(self, index: np.ndarray | slice) -> tuple:
        parts = (self.inputs,) if self.labels is None else (self.inputs, self.labels)
        return take_rows(parts, index)

    def __repr__(self) -> str:
        shapes = ", ".join(str(list(array.shape)) for array in leaves((self.inputs, self.labels)) if array is not None)
        return f"ArrayBatches({shapes}, batch_size={self.batch_size}, shuffle_seed={self.shuffle_seed})"


@dataclass(frozen=True)
class Batches(Indexed):
    """Mini-batches of an :class:`ImageSet`; the last batch of an epoch may be smaller.

    The order of an epoch, and every random change to its pictures, is a function of (seed, epoch, step) alone:
    a run that resumes in the middle of an epoch sees exactly the batches it would have seen.

    Attributes:
        shuffle_seed: None keeps the order of the data (evaluation).
        augment: changes a uint8 batch ``[B, C, H, W]``, drawing from the generator it is given.
        scale: uint8 to float32, each picture by itself; by default that of the pictures' kind.
        augment_pairs: changes pictures and their labels together, behind ``augment``: a mirrored road is steered the
            other way.
    """

    data: ImageSet
    batch_size: int
    shuffle_seed: int | None = None
    augment: Augment | None = None
    scale: Scale | None = None
    augment_pairs: AugmentPairs | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.data, ImageSet):
            raise SettingError(f"Batches are made of an ImageSet, not {short(self.data)}: use ArrayBatches for arrays")
        self.check()

    @property
    def num_samples(self) -> int:
        return len(self.data)

    @property
    def labels(self) -> np.ndarray:
        """Of all samples, in the order of the data."""
        return self.data.labels

    def whole(self) -> tuple[np.ndarray, np.ndarray] | None:
        """All samples in their order, scaled; None where each epoch, or a subclass, makes others of them."""
        if self.augment or self.augment_pairs or type(self).epoch is not Batches.epoch:
            return None
        return self.scaled(self.data.images), self.data.labels

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (images float32 ``[B, C, H, W]``, labels ``[B, ...]``), beginning at batch ``start``."""
        for images, labels in self.unscaled(epoch, start):
            yield self.scaled(images), labels

    def unscaled(self, epoch: int = 0, start: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The same batches, changed but not scaled: pictures uint8 ``[B, C, H, W]``."""
        for step, index in enumerate(self.indices(epoch, start), start):
            images, labels = self.data.images[index], self.data.labels[index]
            rng = np.random.default_rng([self.shuffle_seed or 0, epoch, step])
            if self.augment is not None:
                images = self.augment(images, rng)
            if self.augment_pairs is not None:
                images, labels = self.augment_pairs(images, labels, rng)
            yield images, labels

    def scaled(self, images: np.ndarray) -> np.ndarray:
        """uint8 ``[B, C, H, W]`` to the float32 that the network gets."""
        return (self.scale or self.data.kind.scale)(images)


class BatchSource(Protocol):
    """What the loop asks of its data; :class:`paddle_camp.data.batches.Batches` is one.

    A batch is a tuple such as (inputs, labels), of arrays or tuples or dicts of arrays. On a GPU, a thread calls
    ``epoch`` and is some batches ahead: what it draws must not come from generators that the loop uses too. The
    samples of an :class:`IndexedBatches` can lie on the GPU instead.
    """

    @property
    def num_samples(self) -> int: ...

    @property
    def batch_size(self) -> int: ...

    def __len__(self) -> int: ...

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[tuple]: ...


@runtime_checkable
class IndexedBatches(BatchSource, Protocol):
    """A source whose batches are rows of arrays, which can be copied to a GPU once."""

    def whole(self) -> tuple | None:
        """All samples in the order of the data, as ``epoch`` would yield them; None where they vary with the epoch."""

    def indices(self, epoch: int = 0, start: int = 0) -> Iterator[np.ndarray]:
        """The rows of each batch, int64 ``[B]``, beginning at batch ``start``."""


ACCEPTED = (
    "give Batches or ArrayBatches, an ImageSet, arrays (inputs, labels) or (inputs,), a paddle.io.Dataset that has a "
    "length, or a paddle.io.DataLoader of one"
)


def as_batches(source: Any, batch_size: int = 32, shuffle_seed: int | None = None, scale: Scale | None = None) -> Any:
    """Batches of what people hand to a training or an evaluation.

    Args:
        source: a :class:`BatchSource` or a ``paddle.io.DataLoader``, which make batches of their own size; or what is
            cut into batches here: an :class:`ImageSet`, a tuple or list of arrays, (inputs, labels) or (inputs,), or a
            map-style ``paddle.io.Dataset`` (a list of samples is one). Arrays are numpy's, tensors, or anything that
            numpy turns into numbers; float64 becomes float32.
        batch_size: of batches made here.
        shuffle_seed: of batches made here, and of the order of a DataLoader that shuffles; None keeps the order.
        scale: of an ImageSet; by default that of its kind.

    Returns:
        A :class:`BatchSource`.

    Raises:
        SettingError: anything else, or arrays whose rows differ in number.
    """
    if all(hasattr(source, name) for name in ("epoch", "num_samples", "batch_size", "__len__")):
        return source
    if isinstance(source, ImageSet):
        return Batches(source, batch_size, shuffle_seed, scale=scale)
    if hasattr(source, "dataset") and hasattr(source, "batch_sampler"):
        _require_length(source)
        return LoaderBatches(source, shuffle_seed or 0)
    if _holds_arrays(source):
        inputs, labels = (_numbers(each) for each in (*source, None)[:2])
        return ArrayBatches(inputs, labels, batch_size, shuffle_seed)
    if hasattr(source, "as_arrays"):
        inputs, labels = source.as_arrays()
        return ArrayBatches(inputs, labels, batch_size, shuffle_seed)
    if _is_dataset(source):
        _require_length(source)
        _require_samples(source)
        return DatasetBatches(source, batch_size, shuffle_seed)
    what_to_do = "hand over its .train" if hasattr(source, "info") and hasattr(source, "train") else ACCEPTED
    raise SettingError(f"no batches can be made of {short(source)}: {what_to_do}")


def _is_array(value: Any) -> bool:
    return hasattr(value, "__array__") or hasattr(value, "numpy") or is_list_of_numbers(value)


def _holds_arrays(source: Any) -> bool:
    """Whether it is (inputs, labels) or (inputs,); a list of pairs such as [(x, y), (x, y)] is a data set."""
    if not isinstance(source, tuple | list) or not 1 <= len(source) <= 2:
        return False
    return isinstance(source, tuple) or all(_is_array(each) for each in source)


def _numbers(values: Any) -> Any:
    if values is None or is_list_of_numbers(values):
        return None if values is None else plain_array(values)
    return map_arrays(plain_array, values)


def _is_dataset(source: Any) -> bool:
    if isinstance(source, list):
        return bool(source) and all(isinstance(each, tuple | list | dict) for each in source)
    known_otherwise = isinstance(source, tuple | dict | str | bytes) or _is_array(source)
    return hasattr(source, "__getitem__") and hasattr(source, "__len__") and not known_otherwise


def _require_samples(source: Any) -> None:
    """Refuse a list of batches, whose items would be taken for samples."""
    if not isinstance(source, list) or not all(isinstance(each, tuple | list) and len(each) == 2 for each in source):
        return
    shapes = [tuple(np.shape(part) for part in each) for each in source]
    batches = all(len(x) > 1 and len(y) == 1 and x[0] == y[0] > 1 for x, y in shapes)
    require(not batches, "a list of batches: put them together with numpy.concatenate, and give (inputs, labels)")


def _require_length(source: Any) -> None:
    try:
        len(source)
    except Exception as error:  # an IterableDataset or a sampler without a length; each Paddle has its own error
        raise SettingError(
            f"{short(source)} has no length ({error}): an epoch needs one; hand over a paddle.io.Dataset with "
            "__getitem__ and __len__"
        ) from None
