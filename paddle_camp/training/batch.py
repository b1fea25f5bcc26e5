"""One step's batch: this rank's rows of it, as tensors on the device, and how it is cut into smaller parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from paddle_camp.distributed import collectives
from paddle_camp.nested import count_rows, map_arrays, take_rows
from paddle_camp.speed.feeding import as_tensor


class Batch(tuple):
    """A batch as a task's step gets it: a tuple such as (inputs, labels), each an array or a tuple or dict of arrays.

    Attributes:
        samples: of the whole batch, on all ranks.
        weight: this rank's share of them; the mean loss over its rows counts with it.
    """

    samples: int
    weight: float

    @classmethod
    def of(cls, arrays: Any) -> Batch:
        """This rank's rows of ``arrays`` (numpy or tensors), as tensors."""
        samples = count_rows(arrays)
        rows, weight = collectives.shard(samples)
        mine = arrays if weight == 1.0 else take_rows(arrays, rows)
        return cls.make(map_arrays(as_tensor, tuple(mine)), samples, weight)

    @classmethod
    def make(cls, arrays: Any, samples: int, weight: float) -> Batch:
        """A batch of tensors."""
        batch = cls(arrays)
        batch.samples, batch.weight = samples, weight
        return batch


def parts(batch: tuple, count: int = 1) -> Iterator[Batch]:
    """``batch`` in ``count`` parts of about one size, whose weights add up to that of the batch.

    The gradients of the parts' weighted losses add up to the whole batch's, and only a part must fit into memory.
    (Batch norm sees the parts, though.) Any tuple of tensors is taken for a whole batch.
    """
    rows = count_rows(batch)
    whole = batch if isinstance(batch, Batch) else Batch.make(batch, rows, 1.0)
    if count == 1:
        yield whole
        return
    for index in range(count):
        chosen, share = collectives.cut(rows, index, count)
        yield Batch.make(take_rows(tuple(whole), chosen), whole.samples, whole.weight * share)
