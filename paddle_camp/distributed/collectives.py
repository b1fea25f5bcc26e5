"""Data parallelism: several processes, each with its rows of every batch, that take one and the same step together.

``python -m paddle.distributed.launch`` starts the processes; :func:`init_process_group` connects them. Without it, or
in one process alone, every function here hands back what it was given. The rules that keep the processes one training:

- Every process makes every batch (order and augmentation are functions of seed, epoch and step) and computes on its
  rows of it (:func:`shard`). Batches of any size are split, so parts may be uneven: each counts by its samples.
- After the backward pass :func:`all_reduce_gradients` adds the gradients up, so all optimizers take the same step. It
  is one all-reduce in plain sight instead of ``paddle.DataParallel``, which wraps the model and averages over
  processes as if their parts were even. Batch norm sees the whole batch: :mod:`paddle_camp.distributed.synced_norm`.
- What a decision hangs on is the same number everywhere: :func:`all_reduce`, :func:`any_rank`, :func:`all_gather`, or
  process 0's (:func:`broadcast_object`). Process 0 alone reads and writes the run's files.
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
    """Which process this is, of how many."""

    rank: int = 0
    size: int = 1


_world = World()
_ending = False  # whether this process is about to end because another one did


def world() -> World:
    """The processes that :func:`init_process_group` connected; one alone before that."""
    return _world


def launched_processes() -> int:
    """How many processes the launcher has started, on all nodes; 1 without it."""
    return int(os.environ.get("PADDLE_TRAINERS_NUM") or 1)


def init_process_group(device: str = "auto") -> World:
    """Connect with the other processes of the launcher, if there are any; a second call changes nothing.

    Args:
        device: as for :func:`paddle_camp.runtime.choose_device`; CPUs talk through gloo, GPUs through NCCL.

    Raises:
        CampError: ``device`` is one numbered GPU, which would be that of all processes.
        PeerError: another process never came.
    """
    global _world
    if launched_processes() == 1 or _world.size > 1:
        return _world
    if re.fullmatch(r"gpu:\d+", device):
        raise CampError(f"--device {device}: each process takes a GPU of its own; write --devices 0,1 to the launcher")
    if device == "cpu" or not paddle.device.is_compiled_with_cuda():
        os.environ["PADDLE_DISTRI_BACKEND"] = "gloo"
    _heed_the_launcher()
    with peer_errors():
        dist.init_parallel_env()
    _world = World(dist.get_rank(), dist.get_world_size())
    return _world


def _heed_the_launcher() -> None:
    """Let the launcher's SIGTERM be a :class:`PeerError`, once, instead of a death without a word.

    The launcher looks once a second and ends all processes when one is gone. That may be before the broken connection
    shows here, or while the error of that connection is on its way to the user.
    """

    def end(number, frame):
        global _ending
        first, _ending = not _ending, True
        if first and sys.exc_info()[0] is None:  # an error on its way to the user is not to be cut off
            raise PeerError("the launcher ends this process")

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)


@contextlib.contextmanager
def peer_errors() -> Iterator[None]:
    """Around what all processes do together: a connection that breaks is a :class:`PeerError`."""
    global _ending
    try:
        yield
    except (RuntimeError, OSError, ValueError) as error:  # what Paddle raises for a connection that broke
        _ending = True
        reason = str(error).strip().splitlines()[-1]
        raise PeerError(re.sub(r"^\[\S+:\d+\] ", "", reason)) from error  # without gloo's source file and line


def shard(count: int) -> tuple[slice, float]:
    """The rows of this process in a batch of ``count``, and their share of it.

    Every row is in one process. Where there are fewer rows than processes, some get the first row at a share of 0:
    they take part in what all do together, and it counts for nothing (but once more in the statistics of batch norm).
    """
    first, last = (count * rank // _world.size for rank in (_world.rank, _world.rank + 1))
    return (slice(first, last), (last - first) / count) if last > first else (slice(0, 1), 0.0)


def even_shard(count: int) -> slice | np.ndarray:
    """As many rows of a batch of ``count`` for each process, the last ones filled up from the front; for evaluation."""
    if _world.size == 1:
        return slice(None)
    each = -(-count // _world.size)
    return np.arange(_world.rank * each, (_world.rank + 1) * each) % count


def all_gather(part: paddle.Tensor, count: int) -> paddle.Tensor:
    """The outputs ``[count, ...]`` of a batch, in its order, of what each process made of its :func:`even_shard`."""
    if _world.size == 1:
        return part
    parts: list[paddle.Tensor] = []
    with peer_errors():
        dist.all_gather(parts, part)
    return paddle.concat(parts)[:count]


def all_reduce(value: float) -> float:
    """The sum of every process's ``value``, added in one order: the same bits everywhere."""
    if _world.size == 1:
        return value
    values: list[paddle.Tensor] = []
    with peer_errors():
        dist.all_gather(values, paddle.to_tensor([value], "float64"))
    return sum(each.item() for each in values)


def any_rank(flag: bool) -> bool:
    """Whether ``flag`` is set in any process; all must ask together."""
    return all_reduce(float(flag)) > 0


def all_gather_object(value: T) -> list[T]:
    """Every process's ``value`` (small, picklable), by rank."""
    if _world.size == 1:
        return [value]
    values: list[T] = []
    with peer_errors():
        dist.all_gather_object(values, value)
    return values


def broadcast_object(make: Callable[[], T]) -> T:
    """What ``make`` returns in process 0, in every process (picklable); it is called in that one alone.

    Raises:
        CampError: ``make`` raised it; so do then all processes.
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
    """Give ``tensors`` the values that they have in process 0."""
    if _world.size == 1:
        return
    for tensor in tensors:
        value = paddle.to_tensor(tensor.numpy())  # on the device: some states of Adam lie in the CPU's memory
        with peer_errors():
            dist.broadcast(value, src=0)
        if _world.rank:
            tensor.set_value(value.numpy())


def all_reduce_gradients(model: nn.Layer) -> None:
    """Add up the gradients of all processes; each loss must have been multiplied by its :func:`shard` before."""
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
    """A process that is not the first gets a folder of its own for the while, and no word comes from it but errors.

    Yields:
        That folder; None in process 0.
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
