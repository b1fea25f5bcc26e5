"""What a network is given: how files and texts become samples, and samples the network's inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from paddle_camp.errors import DataError

Fail = Callable[[DataError], object]  # is called with the error of each sample that cannot be read; the others are read


class Inputs(Protocol):
    """The inputs of a saved network; ``name`` is what they are, in the plural."""

    name: ClassVar[str]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one input, without the batch."""

    def samples(self, places: Iterable[str], texts: Iterable[str], fail: Fail) -> Iterator[tuple[str, Any]]:
        """Each sample in the files at ``places`` and in the command line's ``texts``: what to call it, and itself."""

    def arrays(self, samples: Sequence[Any], variations: bool = False) -> list[np.ndarray]:
        """Samples as float32 ``[N, *shape]``; with ``variations``, slightly changed copies of all of them as well.

        Raises:
            SettingError: ``variations`` of what cannot be varied.
        """
