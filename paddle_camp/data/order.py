"""The order of an epoch's samples, a function of (seed, epoch) alone, and how it is cut into batches."""

from __future__ import annotations

import operator
from collections.abc import Iterator

import numpy as np

from paddle_camp.errors import SettingError, require


def epoch_order(count: int, shuffle_seed: int | None, epoch: int) -> np.ndarray:
    """The order of ``count`` samples in an epoch, int64 ``[N]``: a function of (seed, epoch); None keeps them as is."""
    if shuffle_seed is None:
        return np.arange(count)
    return np.random.default_rng([shuffle_seed, epoch]).permutation(count)


class Indexed:
    """Base of the batches that are rows of samples: cuts the shuffled samples of an epoch into batches."""

    batch_size: int
    shuffle_seed: int | None

    @property
    def num_samples(self) -> int:
        """How many samples an epoch has."""
        raise NotImplementedError

    def check(self) -> None:
        """For ``__post_init__``.

        Raises:
            SettingError: no samples, a batch size that is no positive integer, or a negative seed.
        """
        try:
            positive = operator.index(self.batch_size) >= 1
        except TypeError:
            positive = False
        require(positive, f"batch_size={self.batch_size!r}: give a positive number of samples")
        seed = self.shuffle_seed
        require(seed is None or seed >= 0, f"shuffle_seed={seed}: give 0 or more, or None to keep the order")
        if not self.num_samples:
            raise SettingError(f"{type(self).__name__}: there are no samples to make batches of")

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
