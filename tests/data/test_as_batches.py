"""What people hand to a training: image sets, arrays, Paddle's data sets; the rest is one line."""

import random
import re

import numpy as np
import paddle
import pytest
from paddle.io import DataLoader, TensorDataset

from paddle_camp.data.batches import ArrayBatches, Batches, as_batches
from paddle_camp.data.housing import Table
from paddle_camp.data.mnist import load_mnist
from paddle_camp.errors import DataError, SettingError
from paddle_camp.preprocessing import scale_to_one
from tests.helpers.paddle_data import Pairs, Stream, X, Y, same
from tests.helpers.toys import toy_batches, toy_images


def test_a_source_of_batches_is_taken_as_it_is():
    for source in (toy_batches(), ArrayBatches(X, Y, 3)):
        assert as_batches(source, 7, 1) is source


def test_an_image_set():
    batches = as_batches(toy_images(), 6, 3)
    assert isinstance(batches, Batches) and (batches.batch_size, batches.shuffle_seed) == (6, 3)
    same(batches.epoch(1), Batches(toy_images(), 6, 3).epoch(1))
    assert as_batches(toy_images(), scale=scale_to_one).scale is scale_to_one


@pytest.mark.parametrize(
    "pair",
    [
        (X, Y),
        [X, Y],
        (X.astype(np.float64), Y),
        (paddle.to_tensor(X), paddle.to_tensor(Y)),
        (X, Y.tolist()),
    ],
    ids=["tuple", "list", "float64", "tensors", "list of numbers"],
)
def test_arrays(pair):
    batches = as_batches(pair, 4, 5)
    same(batches.epoch(2), ArrayBatches(X, Y, 4, 5).epoch(2))
    inputs, labels = next(batches.epoch())
    assert (inputs.dtype, labels.dtype) == (np.float32, np.int64) and type(inputs) is np.ndarray


def test_arrays_without_labels_and_several_inputs():
    for source in ((X,), [X], (X, None)):
        assert [len(batch) for batch in as_batches(source, 5).epoch()] == [1, 1]
    (((one, two),),) = as_batches(((X, 2 * X),), 10).epoch()
    assert np.array_equal(two, 2 * one)
    ((named, labels),) = as_batches(({"a": X, "b": paddle.to_tensor(Y)}, Y), 10).epoch()
    assert np.array_equal(named["a"], X) and np.array_equal(named["b"], labels)


def test_a_dataset_is_cut_in_the_order_of_all_batches():
    batches = as_batches(Pairs(), 4, 5)
    assert (len(batches), batches.num_samples, batches.batch_size) == (3, 10, 4)
    same(batches.epoch(2), ArrayBatches(X, Y, 4, 5).epoch(2))
    assert batches.labels.tolist() == batches.order(0).tolist()
    assert as_batches(Pairs(), 4).labels.tolist() == Y.tolist()


def test_a_dataset_is_read_from_the_middle_with_the_same_bits_and_no_more_than_needed():
    data = Pairs(noise=True)
    batches = as_batches(data, 4, 5)
    whole = list(batches.epoch(1))
    data.read.clear()
    np.random.seed(77)
    random.seed(77)
    rest = list(batches.epoch(1, start=2))
    assert len(data.read) == 2  # the last batch
    same(whole[2:], rest)
    assert not np.array_equal(whole[0][0], next(as_batches(Pairs(noise=True), 4, 6).epoch(1))[0])
    draws = np.random.rand(), random.random()
    np.random.seed(77)
    random.seed(77)
    assert draws == (np.random.rand(), random.random())  # the user's generators are where they were


def test_samples_of_every_structure():
    tensors = TensorDataset([paddle.to_tensor(X), paddle.to_tensor(Y)])
    same(as_batches(tensors, 4).epoch(), ArrayBatches(X, Y, 4).epoch())
    same(as_batches(list(zip(X.tolist(), Y.tolist(), strict=True)), 4).epoch(), ArrayBatches(X, Y, 4).epoch())
    alone = as_batches([(x,) for x in X], 4)
    assert [len(batch) for batch in alone.epoch()] == [1, 1, 1] and alone.labels is None
    ((named, _),) = as_batches([({"a": x, "b": [x, x]}, y) for x, y in zip(X, Y, strict=True)], 10).epoch()
    assert np.array_equal(named["b"][1], X)


@pytest.mark.parametrize(
    ("samples", "error", "says"),
    [
        ([(X[0], X[0], 1)] * 3, SettingError, r"a sample of the data set has 3 parts .* \(\(first, second\), labels\)"),
        ([(X[0], 1), (X, 1)], DataError, r"samples 0 to 1 .*shapes differ, such as \(2,\) and \(10, 2\)"),
        ([(X[0], 1), (X[0],)], DataError, "not all have the same number of parts"),
        ([{"a": X}, {"b": X}], DataError, "not all have the same keys"),
        ([(X[0], "cat")] * 2, SettingError, "batches hold arrays of numbers, not str"),
        ([(X[0], None)] * 2, SettingError, "numbers, not NoneType"),
    ],
)
def test_samples_that_make_no_batch_are_one_line(samples, error, says):
    with pytest.raises(error, match=says) as caught:
        list(as_batches(samples, 4).epoch())
    assert "\n" not in str(caught.value)


ACCEPTS = "give Batches or ArrayBatches, an ImageSet, arrays"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (Stream(), "Stream has no length .*: an epoch needs one"),
        (DataLoader(Stream(), batch_size=2), "DataLoader has no length .*: an epoch needs one"),
        ("data/cats", f"no batches can be made of 'data/cats': {ACCEPTS}"),
        (None, f"no batches can be made of None: {ACCEPTS}"),
        (X, rf"of float32 \[10, 2\]: {ACCEPTS}"),
        (paddle.to_tensor(X), rf"of float32 \[10, 2\]: {ACCEPTS}"),
        ([X, X, Y], f"of a list of 3: {ACCEPTS}"),
        ((X, X, Y), f"of a tuple of 3: {ACCEPTS}"),
        ({"x": X}, f"of a dict of 1: {ACCEPTS}"),
        ([], f"of a list of 0: {ACCEPTS}"),
        (iter([X]), f"of list_iterator: {ACCEPTS}"),
        ((X, Y[:3]), r"all arrays have one row a sample; here inputs \[10, 2\] and labels \[3\]"),
        ((X, "labels.csv"), "batches hold arrays of numbers, not str"),
    ],
)
def test_anything_else_is_one_line(source, says):
    with pytest.raises(SettingError, match=says) as caught:
        as_batches(source)
    assert "\n" not in str(caught.value)


def test_a_loaded_data_set_is_sent_for_its_part():
    data = load_mnist("synthetic", counts=(50, 50))
    with pytest.raises(SettingError, match=re.escape("of MnistData: hand over its .train")):
        as_batches(data)


def test_a_list_of_batches_is_not_taken_for_samples():
    x, y = np.zeros((8, 5), "float32"), np.zeros(8, int)
    with pytest.raises(SettingError, match=r"a list of batches: put them together with numpy.concatenate"):
        as_batches([(x, y), (x, y), (x, y)])
    assert as_batches([(x[0], y[0])] * 3).num_samples == 3


def test_house_prices_are_batches_too():
    table = Table(np.ones((6, 13)), np.arange(6.0))
    inputs, prices = next(as_batches(table, batch_size=4).epoch())
    assert inputs.dtype == prices.dtype == np.float32 and inputs.shape == (4, 13) and prices.shape == (4,)
