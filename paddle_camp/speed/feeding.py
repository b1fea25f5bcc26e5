"""How batches reach a GPU: the whole data set moved there once if it fits, else made and copied ahead of the steps.

On a CPU there is nothing to do: a batch is a gather from arrays in memory, and worker processes only cost time there.
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

from paddle_camp.data.batches import BatchSource, Pair
from paddle_camp.machine import enabled

# A data set may take this share of what this process has left of a GPU; the training needs the rest.
SHARE_OF_MEMORY = 0.25
AHEAD = 2  # batches that wait for the GPU


def on_device(batches: BatchSource) -> BatchSource:
    """``batches`` as the current device is best fed with them: as they are on a CPU, else tensors that lie on the GPU.

    The samples, their order and their bits are the same. Call it once for many epochs: it may copy the whole data set.
    ``PADDLE_CAMP_TUNE`` without ``feeding`` leaves every batch to be copied when its turn comes.
    """
    device = paddle.get_device()
    if not device.startswith("gpu") or not enabled("feeding") or isinstance(batches, _Fed):
        return batches
    first = next(iter(batches.epoch()), ())
    if not all(isinstance(part, np.ndarray) for part in first):
        return batches  # whoever made tensors has said where they lie
    memory = paddle.device.cuda.get_device_properties(device).total_memory
    if fits(first, batches.num_samples, memory - paddle.device.cuda.memory_allocated(device)):
        with contextlib.suppress(MemoryError):  # other processes may have taken what is left
            whole = batches.whole() if hasattr(batches, "whole") else None
            if whole is not None:
                return Resident(batches, *(paddle.to_tensor(array) for array in whole))
    return Prefetcher(batches, to_pinned, to_gpu)


def fits(batch: tuple[np.ndarray, ...], num_samples: int, memory: int) -> bool:
    """Whether so many samples like those of ``batch`` take at most :data:`SHARE_OF_MEMORY` of ``memory`` (bytes)."""
    bytes_each = sum(array.nbytes / len(array) for array in batch)
    return num_samples * bytes_each <= SHARE_OF_MEMORY * memory


@contextlib.contextmanager
def reading(batches: BatchSource, epoch: int = 0, start: int = 0) -> Iterator[Iterator[Pair]]:
    """The batches of an epoch for the current device; whatever happens inside, no thread is left behind."""
    pairs = on_device(batches).epoch(epoch, start)
    try:
        yield pairs
    finally:
        if hasattr(pairs, "close"):
            pairs.close()


def to_pinned(array: np.ndarray) -> paddle.Tensor:
    """A copy in memory that the GPU can read by itself."""
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
    """Batches that hand out tensors."""

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
    """A whole data set as two tensors on the device; a batch is a gather there."""

    inputs: paddle.Tensor
    labels: paddle.Tensor

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[Pair]:
        """Yield (inputs, labels), beginning at batch ``start``."""
        for index in self.batches.indices(epoch, start):
            index = paddle.to_tensor(index)
            yield paddle.gather(self.inputs, index), paddle.gather(self.labels, index)


@dataclass(frozen=True)
class Prefetcher(_Fed):
    """Batches that a thread makes while the device computes.

    Attributes:
        prepare: is called with each array in that thread.
        deliver: with what ``prepare`` returned, in the thread that asks for the batch.
    """

    prepare: Callable[[np.ndarray], Any]
    deliver: Callable[[Any], Any]

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[Pair]:
        """Yield (inputs, labels), beginning at batch ``start``; an error in the thread is raised here."""
        waiting: queue.Queue[Any] = queue.Queue(AHEAD)
        stop = threading.Event()

        def put(item: Any) -> None:
            while not stop.is_set():
                with contextlib.suppress(queue.Full):
                    return waiting.put(item, timeout=0.1)

        def make() -> None:
            try:
                for pair in self.batches.epoch(epoch, start):
                    put(tuple(self.prepare(array) for array in pair))
                    if stop.is_set():
                        return
                put(None)
            except BaseException as error:  # whatever it is, the loop must hear of it
                put(error)

        thread = threading.Thread(target=make, name="batches", daemon=True)
        thread.start()
        try:
            while (item := waiting.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                # `item` stays alive until the loop comes back: by then its step, which waits for the GPU, is over.
                yield tuple(self.deliver(each) for each in item)
        finally:  # also where the loop stops in the middle of an epoch
            stop.set()
            thread.join()
