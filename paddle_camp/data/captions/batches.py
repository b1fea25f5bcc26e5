"""Mini-batches of captions of about one length, with the features of their pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from paddle_camp.data.captions.words import END, SPECIAL
from paddle_camp.data.order import Indexed
from paddle_camp.errors import require

NOTHING = -1  # the target behind a caption's end
SPREAD = 3.0  # words by which the lengths in a batch are mixed, so that its captions are not the same in every epoch


@dataclass(frozen=True, repr=False)
class CaptionBatches(Indexed):
    """Batches of M captions; a caption is a sample: (features and words, the words that follow).

    In training captions of about one length are put together, so that little of a batch is filled up; the batches then
    come in any order. Order and choice of versions are functions of (seed, epoch, step) alone.

    Attributes:
        features: name -> float32 ``[R, N, ...]``: what a network makes of N pictures, in R versions of each (as it is,
            mirrored); one of them is drawn for each caption.
        pictures: the place of each caption's picture, int64 ``[M]``.
        words: numbers of words, int64 ``[M, L + 2]``: start, words, end, and ends to fill up
            (:meth:`Vocabulary.encode <paddle_camp.data.captions.words.Vocabulary.encode>`).
        shuffle_seed: None keeps the order, and takes the first version.
    """

    features: Mapping[str, np.ndarray]
    pictures: np.ndarray
    words: np.ndarray
    batch_size: int
    shuffle_seed: int | None = None

    def __post_init__(self) -> None:
        fits = self.words.ndim == 2 and len(self.words) == len(self.pictures)
        require(fits, f"words {list(self.words.shape)}: a row for each of {len(self.pictures)} captions")
        self.check()

    @property
    def num_samples(self) -> int:
        return len(self.pictures)

    @property
    def lengths(self) -> np.ndarray:
        """Words of each caption, int64 ``[M]``, its end counted, its start not."""
        return (self.words[:, 1:] != SPECIAL.index(END)).sum(axis=1) + 1

    def order(self, epoch: int) -> np.ndarray:
        """The captions of an epoch, batch by batch: int64 ``[M]``."""
        if self.shuffle_seed is None:
            return np.arange(self.num_samples)
        rng = np.random.default_rng([self.shuffle_seed, epoch])
        by_length = np.argsort(self.lengths + rng.uniform(0, SPREAD, self.num_samples), kind="stable")
        count, few = divmod(self.num_samples, self.batch_size)
        at = self.batch_size * int(rng.integers(count + 1))  # the last batch is the small one; its lengths vary
        rest, others = by_length[at : at + few], np.delete(by_length, slice(at, at + few))
        whole = others.reshape(count, self.batch_size)[rng.permutation(count)]
        return np.concatenate([whole.reshape(-1), rest])

    def epoch(self, epoch: int = 0, start: int = 0) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
        """Yield ({features of each caption's picture, "words" int64 ``[B, T]``}, targets int64 ``[B, T]``)."""
        lengths = self.lengths
        for step, rows in enumerate(self.indices(epoch, start), start):
            count = int(lengths[rows].max())
            words = self.words[rows, : count + 1]
            targets = np.where(np.arange(count) < lengths[rows, None], words[:, 1:], NOTHING)
            versions = np.zeros(len(rows), np.int64)
            if self.shuffle_seed is not None:
                rng, several = (
                    np.random.default_rng([self.shuffle_seed, epoch, step]),
                    len(next(iter(self.features.values()))),
                )
                versions = rng.integers(several, size=len(rows))
            inputs = {name: values[versions, self.pictures[rows]] for name, values in self.features.items()}
            yield inputs | {"words": words[:, :-1]}, targets

    def __repr__(self) -> str:
        return f"CaptionBatches({self.num_samples:,} captions, batch_size={self.batch_size})"
