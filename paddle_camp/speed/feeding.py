"""Feeding a GPU: the data set is copied there once if it fits, else batches are prefetched by a thread.

On a CPU batches are used as they are: a batch is a gather from arrays in memory, and worker processes only cost time.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle

from paddle_camp.data.batches import BatchSource, IndexedBatches
from paddle_camp.machine import enabled
from paddle_camp.nested import leaves, map_arrays

# A data set may take this fraction of the GPU memory that is free for this process; training needs the rest.
SHARE_OF_MEMORY = 0.25
AHEAD = 2  # prefetched batches


def on_device(batches: BatchSource) -> BatchSource:
    """``batches`` for the current device: unchanged on a CPU; :class:`Resident` or :class:`Prefetcher` on a GPU.

    The samples, their order and their bits are the same. Call it once for many epochs: it may copy all samples.
    ``PADDLE_CAMP_TUNE`` without ``feeding`` copies every batch when it is used.
    """
    device = paddle.get_device()
    if not device.startswith("gpu") or not enabled("feeding") or isinstance(batches, _Fed):
        return batches
    first = next(iter(batches.epoch()), ())
    if not all(isinstance(part, np.ndarray) for part in leaves(first)):
        return batches  # a source of tensors has chosen their device
    memory = paddle.device.cuda.get_device_properties(device).total_memory
    if fits(first, batches.num_samples, memory - paddle.device.cuda.memory_allocated(device)):
        with contextlib.suppress(MemoryError):  # other processes may have taken the memory meanwhile
            if isinstance(batches, IndexedBatches) and (arrays := batches.whole()) is not None:
                return Resident(batches, map_arrays(paddle.to_tensor, arrays))
    return Prefetcher(batches, to_pinned, to_gpu)


def fits(batch: tuple, num_samples: int, memory: int) -> bool:
    """Whether ``num_samples`` like those of ``batch`` take at most :data:`SHARE_OF_MEMORY` of ``memory`` (bytes)."""
    bytes_each = sum(array.nbytes / len(array) for array in leaves(batch))
    return num_samples * bytes_each <= SHARE_OF_MEMORY * memory


@contextlib.contextmanager
def reading(batches: BatchSource, epoch: int = 0, start: int = 0) -> Iterator[Iterator[tuple]]:
    """The batches of an epoch for the current device; the prefetching thread is joined on exit, also after an error."""
    pairs = on_device(batches).epoch(epoch, start)
    try:
        yield pairs
    finally:
        if hasattr(pairs, "close"):
            pairs.close()


def to_pinned(array: np.ndarray) -> paddle.Tensor:
    """A copy in page-locked memory, from which the GPU can copy asynchronously."""
    return paddle.to_tensor(array, place=paddle.CUDAPinnedPlace())


def to_gpu(tensor: paddle.Tensor) -> paddle.Tensor:
    """A copy on the GPU, queued before the kernels of the step; the CPU does not wait for it."""
    return tensor.cuda(blocking=False)


def as_tensor(values: np.ndarray | paddle.Tensor) -> paddle.Tensor:
    """A numpy array as a tensor on the current device; a tensor as it is."""
    return values if isinstance(values, paddle.Tensor) else paddle.to_tensor(values)


def as_array(values: np.ndarray | paddle.Tensor) -> np.ndarray:
    """A tensor as a numpy array; an array as it is."""
    return values.numpy() if isinstance(values, paddle.Tensor) else values


@dataclass(frozen=True)
class _Fed:
    """A source that yields tensors made from those of another source."""

    batches: BatchSource

    @property
    def num_samples(self) -> int:
        return self.batches.num_samples

    @property
    def batch_size(self) -> int:
        return self.batches.batch_size

    def __len__(self) -> int:
        return len(self.batches)


@dataclass(frozen=True)
class Resident(_Fed):
    """A data set as tensors on the device, in the structure of a batch; a batch is a gather there."""

    batches: IndexedBatches
    samples: tuple

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[tuple]:
        """Yield batches as the source would, beginning at batch ``start``."""
        for index in self.batches.indices(epoch, start):
            rows = paddle.to_tensor(index)
            yield map_arrays(lambda tensor, rows=rows: paddle.gather(tensor, rows), self.samples)


@dataclass(frozen=True)
class Prefetcher(_Fed):
    """Batches that a thread makes while the device computes.

    Attributes:
        prepare: is called with each array, in that thread.
        deliver: is called with what ``prepare`` returned, in the thread that iterates.
    """

    prepare: Callable[[np.ndarray], Any]
    deliver: Callable[[Any], Any]

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[tuple]:
        """Yield batches as the source would, beginning at batch ``start``; an error in the thread is raised here."""
        waiting: queue.Queue[Any] = queue.Queue(AHEAD)
        stop = threading.Event()

        def put(item: Any) -> None:
            while not stop.is_set():
                with contextlib.suppress(queue.Full):
                    return waiting.put(item, timeout=0.1)

        def make() -> None:
            try:
                for batch in self.batches.epoch(epoch, start):
                    put((map_arrays(self.prepare, batch),))
                    if stop.is_set():
                        return
                put(None)
            except BaseException as error:  # raised again in the thread that iterates
                put(error)

        thread = threading.Thread(target=make, name="batches", daemon=True)
        thread.start()
        try:
            while (item := waiting.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                # `item` is referenced until the next iteration: by then the step, which waits for the GPU, is done.
                yield map_arrays(self.deliver, item[0])
        finally:  # also where the loop stops in the middle of an epoch
            stop.set()
            thread.join()
