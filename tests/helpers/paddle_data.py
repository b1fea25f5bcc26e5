"""Ten samples as ``paddle.io`` reads them, and how batches are compared."""

import random

import numpy as np
from paddle.io import Dataset, IterableDataset

X, Y = np.arange(20, dtype=np.float32).reshape(10, 2), np.arange(10)


class Pairs(Dataset):
    """Ten samples; with ``noise``, each drawn anew whenever it is read."""

    def __init__(self, noise=False):
        super().__init__()
        self.noise, self.read = noise, []

    def __getitem__(self, i):
        self.read.append(i)
        moved = np.float32(np.random.rand() + random.random()) if self.noise else np.float32(0)
        return X[i] + moved, Y[i]

    def __len__(self):
        return 10


class Stream(IterableDataset):
    def __iter__(self):
        return iter(zip(X, Y, strict=True))


def same(one, other):
    one, other = list(one), list(other)
    assert len(one) == len(other) > 0
    for batch, again in zip(one, other, strict=True):
        assert len(batch) == len(again) and all(np.array_equal(a, b) for a, b in zip(batch, again, strict=True))


def labels_of(batches, epoch=0, start=0):
    return [labels.tolist() for _, labels in batches.epoch(epoch, start)]
