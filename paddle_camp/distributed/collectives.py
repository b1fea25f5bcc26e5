"""Data parallelism: collectives between the ranks of one training, each of which computes a shard of every batch.

``python -m paddle.distributed.launch`` starts the processes; :func:`init_process_group` connects them. Without it, or
with a single process, every function here returns its argument unchanged. What keeps the ranks one training:

- Every rank makes every batch (order and augmentation are functions of seed, epoch and step) and computes its shard of
  it (:func:`shard`). Batches of any size are split, so shards may be uneven: each is weighted by its samples.
- After the backward pass :func:`all_reduce_gradients` sums the gradients over the ranks, so all optimizers take the
  same step. It is one explicit all-reduce instead of ``paddle.DataParallel``, which wraps the model and averages over
  the ranks as if shards were even. Batch norm normalises over the whole batch:
  :mod:`paddle_camp.distributed.synced_norm`.
- A number that a decision depends on is the same on every rank: it comes from :func:`all_reduce`, :func:`any_rank`,
  :func:`all_gather` or, from rank 0, :func:`broadcast_object`. Rank 0 alone reads and writes the run's files.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import paddle
import paddle.distributed as dist
from paddle import nn

from paddle_camp.errors import CampError, PeerError

T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """The rank of this process, and the number of ranks."""

    rank: int = 0
    size: int = 1


_world = World()
_ending = False  # whether this process is about to end because another rank did


def world() -> World:
    """Rank and size of the group that :func:`init_process_group` connected; rank 0 of 1 before that."""
    return _world


def launched_processes() -> int:
    """The number of processes that the launcher has started, on all nodes; 1 without it."""
    return int(os.environ.get("PADDLE_TRAINERS_NUM") or 1)


def init_process_group(device: str = "auto") -> World:
    """Connect the processes of the launcher, if there are several; a second call changes nothing.

    Args:
        device: as for :func:`paddle_camp.runtime.choose_device`; the backend is gloo on CPUs, NCCL on GPUs.

    Raises:
        CampError: ``device`` is one numbered GPU, which all ranks would have to use.
        PeerError: another rank did not connect in time.
    """
    global _world
    if launched_processes() == 1 or _world.size > 1:
        return _world
    if re.fullmatch(r"gpu:\d+", device):
        raise CampError(f"--device {device}: each process takes a GPU of its own; write --devices 0,1 to the launcher")
    if device == "cpu" or not paddle.device.is_compiled_with_cuda():
        os.environ["PADDLE_DISTRI_BACKEND"] = "gloo"
    _raise_on_sigterm()
    with peer_errors():
        dist.init_parallel_env()
    _world = World(dist.get_rank(), dist.get_world_size())
    return _world


def _raise_on_sigterm() -> None:
    """Turn the launcher's first SIGTERM into a :class:`PeerError`, so that the process says why it ends.

    The launcher polls once a second and terminates all processes when one is gone. That may come before the broken
    connection is noticed here, or while the error of that connection is being reported.
    """

    def end(number, frame):
        global _ending
        first, _ending = not _ending, True
        if first and sys.exc_info()[0] is None:  # an error that is being reported must not be replaced
            raise PeerError("the launcher ends this process")

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)


@contextlib.contextmanager
def peer_errors() -> Iterator[None]:
    """Around a collective call: turn the errors of a broken connection into :class:`PeerError`."""
    global _ending
    try:
        yield
    except (RuntimeError, OSError, ValueError) as error:  # what Paddle raises for a connection that broke
        _ending = True
        reason = str(error).strip().splitlines()[-1]
        raise PeerError(re.sub(r"^\[\S+:\d+\] ", "", reason)) from error  # without gloo's source file and line


def shard(count: int) -> tuple[slice, float]:
    """This rank's rows of a batch of ``count``, and the weight of the shard in the batch's mean loss.

    The shards partition the batch; the weight is rows of the shard / ``count``. With fewer rows than ranks, some ranks
    get the first row with weight 0: they take part in every collective and add nothing to the gradients (only batch
    norm's statistics count that row again).
    """
    return cut(count, _world.rank, _world.size)


def cut(count: int, index: int, parts: int) -> tuple[slice, float]:
    """Part ``index`` of ``count`` rows in ``parts``, and its share; an empty part is the first row with share 0."""
    first, last = (count * each // parts for each in (index, index + 1))
    return (slice(first, last), (last - first) / count) if last > first else (slice(0, 1), 0.0)


def even_shard(count: int) -> slice | np.ndarray:
    """This rank's rows of a batch of ``count`` for evaluation: shards of one size, the last padded from row 0 on."""
    if _world.size == 1:
        return slice(None)
    each = -(-count // _world.size)
    return np.arange(_world.rank * each, (_world.rank + 1) * each) % count


def all_gather(part: paddle.Tensor, count: int) -> paddle.Tensor:
    """All-gather the outputs of each rank's :func:`even_shard`: ``[count, ...]``, in the order of the batch."""
    if _world.size == 1:
        return part
    parts: list[paddle.Tensor] = []
    with peer_errors():
        dist.all_gather(parts, part)
    return paddle.concat(parts)[:count]


def all_reduce(value: float) -> float:
    """All-reduce (sum) a number. Every rank adds in the order of the ranks, so all get the same bits."""
    if _world.size == 1:
        return value
    values: list[paddle.Tensor] = []
    with peer_errors():
        dist.all_gather(values, paddle.to_tensor([value], "float64"))
    return sum(each.item() for each in values)


def any_rank(flag: bool) -> bool:
    """Whether ``flag`` is set on any rank; a collective, so every rank must call it."""
    return all_reduce(float(flag)) > 0


def all_gather_object(value: T) -> list[T]:
    """All-gather a small picklable value: one from each rank, in the order of the ranks."""
    if _world.size == 1:
        return [value]
    values: list[T] = []
    with peer_errors():
        dist.all_gather_object(values, value)
    return values


def broadcast_object(make: Callable[[], T]) -> T:
    """Call ``make`` on rank 0 alone and broadcast what it returns (picklable).

    Raises:
        CampError: ``make`` raised it; it is broadcast too and raised on every rank.
    """
    if _world.size == 1:
        return make()
    box: list[Any] = [None, None]
    if _world.rank == 0:
        try:
            box[0] = make()
        except CampError as error:
            box[1] = error
    with peer_errors():
        dist.broadcast_object_list(box, src=0)
    if box[1] is not None:
        raise box[1]
    return box[0]


def broadcast(tensors: Iterable[paddle.Tensor]) -> None:
    """Broadcast ``tensors`` from rank 0, in place."""
    if _world.size == 1:
        return
    for tensor in tensors:
        value = paddle.to_tensor(tensor.numpy())  # on the device: some states of Adam lie in the CPU's memory
        with peer_errors():
            dist.broadcast(value, src=0)
        if _world.rank:
            tensor.set_value(value.numpy())


def all_reduce_gradients(model: nn.Layer) -> None:
    """Sum the gradients over the ranks, in place; each rank's loss must carry the weight of its :func:`shard`."""
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    if _world.size == 1 or not gradients:
        return
    flat = paddle.concat([gradient.flatten() for gradient in gradients])  # one message instead of hundreds
    with peer_errors():
        dist.all_reduce(flat)
    for gradient, values in zip(gradients, flat.split([gradient.size for gradient in gradients]), strict=True):
        gradient.copy_(values.reshape(gradient.shape), False)  # Paddle 2.6's set_value goes through the CPU


@contextlib.contextmanager
def own_folder() -> Iterator[Path | None]:
    """A temporary folder for each rank but 0, whose stdout and stderr are discarded meanwhile; exceptions pass.

    Yields:
        The folder; None on rank 0.
    """
    if _world.rank == 0:
        yield None
        return
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="paddle_camp-"))
        nowhere = stack.enter_context(open(os.devnull, "w"))
        stack.enter_context(contextlib.redirect_stdout(nowhere))
        stack.enter_context(contextlib.redirect_stderr(nowhere))
        yield Path(folder)
