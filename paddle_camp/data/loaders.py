"""Batches of what is written for Paddle's own reading: ``paddle.io.Dataset`` and ``paddle.io.DataLoader``.

They are known by what they have (``__getitem__`` and ``__len__``; ``dataset`` and ``batch_sampler``), so nothing here
needs Paddle. Transforms and samplers draw from the global generators of Python and numpy: each batch is read with both
seeded by (seed, epoch, step), so that a resumed epoch has the bits it would have had; the user's states come back.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import numbers
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from paddle_camp.data.order import Indexed
from paddle_camp.errors import DataError, SettingError, require
from paddle_camp.nested import count_rows, map_arrays


@contextlib.contextmanager
def seeded(*key: int) -> Iterator[None]:
    """Inside, Python's and numpy's global generators begin at a state that ``key`` gives; then they are as before."""
    states = random.getstate(), np.random.get_state()
    random.seed(repr(key))
    np.random.seed(key)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def plain_array(value: Any) -> np.ndarray:
    """Anything that numpy or ``.numpy()`` turns into numbers; float64, which no network takes, becomes float32.

    Raises:
        SettingError: it holds something else than numbers.
    """
    try:
        array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    except ValueError:  # rows of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf":
        raise SettingError(f"batches hold arrays of numbers, not {type(value).__name__}: convert it, or leave it out")
    return array.astype(np.float32) if array.dtype == np.float64 else array


def is_list_of_numbers(value: Any) -> bool:
    """Whether it is a row of numbers written as a list; other lists are several arrays."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, numbers.Number) for each in value)


def as_batch(item: Any, what: str) -> tuple:
    """A sample or a collated batch as (inputs, labels) or (inputs,), in numpy arrays; ``what`` it is, for the error.

    Raises:
        SettingError: it has three parts or more.
    """
    parts = tuple(item) if isinstance(item, tuple | list) else (item,)
    if not 1 <= len(parts) <= 2:
        raise SettingError(
            f"{what} has {len(parts)} parts where (inputs, labels) or (inputs,) belong: "
            "put several inputs into a tuple or dict of their own, such as ((first, second), labels)"
        )
    return map_arrays(plain_array, parts)


class _Read:
    """Base of sources whose samples have to be read to be known."""

    @functools.cached_property
    def labels(self) -> Any:
        """The labels of all samples, in the order of ``epoch()``; None if there are none. Reads everything once."""
        found = [batch[1] for batch in self.epoch() if len(batch) == 2]
        return np.concatenate(found) if found and isinstance(found[0], np.ndarray) else None

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[tuple]:
        raise NotImplementedError


@dataclass(frozen=True)
class DatasetBatches(_Read, Indexed):
    """Mini-batches of a map-style data set, whose samples are (inputs, label), (inputs,) or just the inputs.

    Attributes:
        dataset: has ``__getitem__`` and ``__len__``.
        shuffle_seed: as for :class:`~paddle_camp.data.batches.Batches`, and in the same order.
    """

    dataset: Any
    batch_size: int
    shuffle_seed: int | None = None

    def __post_init__(self) -> None:
        self.check()

    @property
    def num_samples(self) -> int:
        return len(self.dataset)

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[tuple]:
        """Yield (inputs, labels) or (inputs,), samples stacked, beginning at batch ``start``."""
        for step, index in enumerate(self.indices(epoch, start), start):
            yield _read(self.dataset, index.tolist(), stacked, (self.shuffle_seed or 0, epoch, step))


@dataclass(frozen=True)
class LoaderBatches(_Read):
    """The batches of a data loader: its sampler, its batch size, its ``collate_fn``, its workers.

    Without workers the batches are read here, one when it is asked for: Paddle's thread would draw from the generators
    at any time. With workers the loader reads them; they take their seeds from the loader, it takes its seed here
    (before it draws the order, so the same seed gives another order with workers than without).

    Attributes:
        loader: a ``paddle.io.DataLoader`` over a map-style data set.
        seed: of the order of a shuffling loader, and of what transforms draw.
    """

    loader: Any
    seed: int = 0

    def __post_init__(self) -> None:
        require(len(self.loader) > 0, "the DataLoader makes no batch: fewer samples than batch_size, and drop_last?")

    def __len__(self) -> int:
        """Steps in an epoch."""
        return len(self.loader)

    @functools.cached_property
    def num_samples(self) -> int:
        """How many samples an epoch has."""
        if self.loader.batch_sampler is None:
            return len(self) * self.batch_size
        return sum(map(len, self._plan(0)))

    @functools.cached_property
    def batch_size(self) -> int:
        """The loader's; if it names none, that of its first batch."""
        sampler = self.loader.batch_sampler
        named = getattr(self.loader, "batch_size", None) or getattr(sampler, "batch_size", None)
        return named or count_rows(next(self.epoch()))

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[tuple]:
        """Yield (inputs, labels) or (inputs,) as numpy arrays, beginning at batch ``start``."""
        loader = self.loader
        if loader.num_workers == 0:
            for step, index in enumerate(self._plan(epoch)[start:], start):
                yield _read(loader.dataset, index, self._collate, (self.seed, epoch, step))
            return
        with self._drawing(epoch):
            batches = iter(loader)
        for batch in itertools.islice(batches, start, None):
            yield as_batch(batch, "a batch of the DataLoader")

    def _collate(self, samples: list) -> Any:
        if self.loader.batch_sampler is None:  # batch_size=None: a sample is a batch
            return self.loader.collate_fn(samples[0]) if self.loader.collate_fn else samples[0]
        return (self.loader.collate_fn or stacked)(samples)

    def _plan(self, epoch: int) -> list[list[int]]:
        """The samples of each batch."""
        if self.loader.batch_sampler is None:
            return [[i] for i in range(len(self))]
        with self._drawing(epoch):
            return [list(index) for index in self.loader.batch_sampler]

    @contextlib.contextmanager
    def _drawing(self, epoch: int) -> Iterator[None]:
        """Inside, the sampler draws the order of ``epoch``."""
        if hasattr(self.loader.batch_sampler, "set_epoch"):  # it shuffles by a generator of its own
            self.loader.batch_sampler.set_epoch(epoch)
        with seeded(self.seed, epoch):
            yield


def _read(dataset: Any, index: list[int], collate: Callable[[list], Any], key: tuple[int, int, int]) -> tuple:
    with seeded(*key):
        samples = [dataset[i] for i in index]
        try:
            return as_batch(collate(samples), "a sample of the data set")
        except DataError as error:
            raise DataError(f"samples {index[0]} to {index[-1]} of the data set: {error}") from None


def stacked(samples: list) -> Any:
    """Samples of one structure, their arrays stacked: as Paddle's own collating, in numpy.

    Raises:
        DataError: structures or shapes differ.
        SettingError: something else than numbers is in them.
    """
    first = samples[0]
    if isinstance(first, Mapping):
        if any(not isinstance(sample, Mapping) or sample.keys() != first.keys() for sample in samples):
            raise DataError("not all have the same keys")
        return {key: stacked([sample[key] for sample in samples]) for key in first}
    if isinstance(first, tuple | list):
        if any(not isinstance(sample, tuple | list) or len(sample) != len(first) for sample in samples):
            raise DataError("not all have the same number of parts")
        return tuple(
            stacked([plain_array(part) if is_list_of_numbers(part) else part for part in parts])
            for parts in zip(*samples, strict=True)
        )
    arrays = [plain_array(sample) for sample in samples]
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        raise DataError(f"shapes differ, such as {shapes[0]} and {shapes[1]}: make all the same (Resize?)")
    return np.stack(arrays)
