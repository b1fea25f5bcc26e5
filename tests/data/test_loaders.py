"""Paddle's data loaders as batches: their order, their seeds, and how much is read."""

import numpy as np
import paddle
import pytest
from paddle.io import BatchSampler, DataLoader, Dataset, WeightedRandomSampler

from paddle_camp.data.batches import ArrayBatches, as_batches
from tests.helpers.paddle_data import Pairs, X, Y, labels_of, same


@pytest.mark.parametrize("workers", [0, 2])
def test_a_data_loader_keeps_its_batches(workers):
    batches = as_batches(DataLoader(Pairs(), batch_size=3, num_workers=workers), 7)
    assert (len(batches), batches.num_samples, batches.batch_size) == (4, 10, 3)
    same(batches.epoch(), ArrayBatches(X, Y, 3).epoch())
    assert labels_of(batches, start=2) == [[6, 7, 8], [9]]
    short = as_batches(DataLoader(Pairs(), batch_size=3, drop_last=True, num_workers=workers))
    assert (len(short), short.num_samples, len(list(short.epoch()))) == (3, 9, 3)
    assert short.labels.tolist() == list(range(9))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_shuffling_data_loader_follows_seed_and_epoch_and_leaves_the_users_generator_alone(workers):
    def make(seed):
        return as_batches(DataLoader(Pairs(noise=True), batch_size=3, shuffle=True, num_workers=workers), 32, seed)

    np.random.seed(5)
    first = list(make(1).epoch(2))
    after = np.random.rand()
    np.random.seed(5)
    assert after == np.random.rand()
    np.random.seed(6)
    same(first, make(1).epoch(2))
    same(first[2:], make(1).epoch(2, start=2))
    orders = {str(labels_of(make(seed), epoch)) for seed, epoch in ((1, 2), (1, 3), (2, 2))}
    assert len(orders) == 3
    assert sorted(sum(labels_of(make(1)), [])) == list(range(10))


def test_without_workers_only_what_is_needed_is_read():
    data = Pairs()
    batches = as_batches(DataLoader(data, batch_size=3, shuffle=True), shuffle_seed=1)
    list(batches.epoch(0, start=3))
    assert len(data.read) == 1 and (batches.num_samples, len(data.read)) == (10, 1)


def test_samplers_and_collating_of_ones_own():
    sampler = WeightedRandomSampler(np.array([0.0] * 9 + [1.0]), 5)
    batches = as_batches(DataLoader(Pairs(), batch_sampler=BatchSampler(sampler=sampler, batch_size=2)))
    assert labels_of(batches) == [[9, 9], [9, 9], [9]] and (batches.num_samples, batches.batch_size) == (5, 2)

    def collate(samples):
        return [paddle.to_tensor(np.stack([x for x, _ in samples]) * 2), paddle.to_tensor([y for _, y in samples])]

    inputs, labels = next(as_batches(DataLoader(Pairs(), batch_size=4, collate_fn=collate)).epoch())
    assert np.array_equal(inputs, 2 * X[:4]) and labels.tolist() == [0, 1, 2, 3]

    uneven = [[0, 1, 2], [3], [4, 5]]
    batches = as_batches(DataLoader(Pairs(), batch_sampler=uneven))
    assert labels_of(batches) == uneven and (batches.batch_size, batches.num_samples) == (3, 6)


def test_a_sampler_with_a_generator_of_its_own_is_told_the_epoch():
    sampler = paddle.io.DistributedBatchSampler(Pairs(), 4, num_replicas=1, rank=0, shuffle=True)
    batches = as_batches(DataLoader(Pairs(), batch_sampler=sampler))
    assert labels_of(batches, 1) == labels_of(batches, 1) != labels_of(batches, 2)


def test_a_loader_of_whole_batches():
    class Whole(Dataset):
        def __getitem__(self, i):
            return X[5 * i : 5 * i + 5], Y[5 * i : 5 * i + 5]

        def __len__(self):
            return 2

    batches = as_batches(DataLoader(Whole(), batch_size=None))
    same(batches.epoch(), ArrayBatches(X, Y, 5).epoch())
    assert (len(batches), batches.batch_size, batches.num_samples) == (2, 5, 10)
