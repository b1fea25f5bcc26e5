"""A bound on what a network may be: arguments of a stranger could ask for more memory than there is."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator
from typing import Any

from paddle import nn

from paddle_camp.errors import CheckpointError

_LOCK = threading.Lock()


@contextlib.contextmanager
def weights_at_most(most: int) -> Iterator[None]:
    """Networks that are built inside have so many weights at most, all together.

    Every weight is made by ``Layer.create_parameter``, which is replaced meanwhile: what is too much is refused before
    there is memory for it.

    Raises:
        CheckpointError: a single layer, or all so far, ask for more.
    """
    make, total = nn.Layer.create_parameter, 0

    def counted(layer: nn.Layer, shape: Any, *arguments: Any, **options: Any) -> Any:
        nonlocal total
        total += math.prod(int(side) for side in shape)
        if total > most:
            raise CheckpointError(f"the network would have {total:,} weights or more, {most:,} at most fit to its file")
        return make(layer, shape, *arguments, **options)

    with _LOCK:
        nn.Layer.create_parameter = counted
        try:
            yield
        finally:
            nn.Layer.create_parameter = make
