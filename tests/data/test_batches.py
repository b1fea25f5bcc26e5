"""Batches: every sample once per epoch, an order that follows from (seed, epoch), whole-array arithmetic."""

from dataclasses import replace

import numpy as np
import pytest

from paddle_camp.data.batches import ArrayBatches, Batches
from paddle_camp.errors import SettingError
from paddle_camp.preprocessing import DIGITS, scale_to_one, scale_to_unit
from tests.helpers.toys import toy_batches, toy_images

INPUTS, LABELS = np.arange(14.0).reshape(7, 2), np.arange(7)


def test_every_sample_once_and_the_last_batch_smaller():
    batches = toy_batches(23, 5)
    sizes = [len(labels) for _, labels in batches.epoch(0)]
    assert sizes == [5, 5, 5, 5, 3] and len(batches) == 5
    assert sorted(batches.order(0)) == list(range(23))


def test_the_order_is_a_function_of_seed_and_epoch():
    one, same, other = toy_batches(seed=1), toy_batches(seed=1), toy_batches(seed=2)
    assert one.order(3).tolist() == same.order(3).tolist()
    assert one.order(3).tolist() != one.order(4).tolist()
    assert one.order(3).tolist() != other.order(3).tolist()


def test_an_epoch_can_begin_in_its_middle():
    def brighten(images, rng):
        return np.clip(images + rng.integers(0, 30), 0, 255).astype(np.uint8)

    batches = Batches(toy_images(), 5, shuffle_seed=0, augment=brighten)
    whole, rest = list(batches.epoch(2)), list(batches.epoch(2, start=3))
    assert len(rest) == 2
    for (images, labels), (same_images, same_labels) in zip(whole[3:], rest, strict=True):
        assert np.array_equal(images, same_images) and np.array_equal(labels, same_labels)


def test_evaluation_keeps_the_order_of_the_data():
    batches = toy_batches(7, 3, shuffle=False)
    labels = np.concatenate([labels for _, labels in batches.epoch()])
    assert labels.tolist() == batches.data.labels.tolist() == batches.labels.tolist()


def test_the_scale_is_that_of_the_pictures_kind():
    pictures = toy_images(4)
    digits = replace(pictures, kind=DIGITS)
    assert np.array_equal(next(Batches(pictures, 4).epoch())[0], scale_to_unit(pictures.images))
    assert np.array_equal(next(Batches(digits, 4).epoch())[0], scale_to_one(pictures.images))
    assert np.array_equal(Batches(digits, 4).whole()[0], scale_to_one(pictures.images))
    assert np.array_equal(next(Batches(digits, 4, scale=scale_to_unit).epoch())[0], scale_to_unit(pictures.images))


@pytest.mark.parametrize("size", [0, -3, 2.5, "32", None])
@pytest.mark.parametrize("make", [lambda size: Batches(toy_images(), size), lambda n: ArrayBatches(INPUTS, LABELS, n)])
def test_a_batch_size_that_is_none_is_one_line(size, make):
    with pytest.raises(SettingError, match=f"batch_size={size!r}: give a positive number of samples"):
        make(size)


def test_other_settings_that_make_no_batches():
    with pytest.raises(SettingError, match="shuffle_seed=-1: give 0 or more"):
        Batches(toy_images(), 5, -1)
    with pytest.raises(SettingError, match="Batches: there are no samples"):
        Batches(toy_images().take(np.array([], np.int64)), 5)
    with pytest.raises(SettingError, match=r"made of an ImageSet, not float64 \[7, 2\]: use ArrayBatches"):
        Batches(INPUTS, 5)
    assert len(ArrayBatches(INPUTS, LABELS, np.int64(3))) == 3


@pytest.mark.parametrize("inputs", [(INPUTS, 10 * INPUTS), [INPUTS, 10 * INPUTS], {"a": INPUTS, "b": 10 * INPUTS}])
def test_several_inputs_are_cut_alike(inputs):
    batches = ArrayBatches(inputs, LABELS, 3, shuffle_seed=1)
    order = batches.order(2)
    got, labels = list(batches.epoch(2, start=1))[0]
    keys = ("a", "b") if isinstance(inputs, dict) else (0, 1)
    assert isinstance(got, dict if isinstance(inputs, dict) else tuple)
    assert np.array_equal(got[keys[0]], INPUTS[order[3:6]]) and np.array_equal(got[keys[1]], 10 * INPUTS[order[3:6]])
    assert labels.tolist() == order[3:6].tolist() and batches.num_samples == 7
    assert np.array_equal(batches.whole()[0][keys[1]], 10 * INPUTS)


def test_without_labels_a_batch_is_the_inputs_alone():
    batches = ArrayBatches(INPUTS, None, 3)
    assert [len(batch) for batch in batches.epoch()] == [1, 1, 1]
    assert np.array_equal(np.concatenate([inputs for (inputs,) in batches.epoch()]), INPUTS)
    assert len(batches.whole()) == 1 and batches.labels is None


def test_several_labels_are_cut_alike():
    batches = ArrayBatches(INPUTS, {"class": LABELS, "angle": LABELS / 2}, 4)
    assert [labels["angle"].tolist() for _, labels in batches.epoch()] == [[0, 0.5, 1, 1.5], [2, 2.5, 3]]


@pytest.mark.parametrize(
    ("inputs", "labels", "says"),
    [
        (INPUTS, LABELS[:5], r"one row a sample; here inputs \[7, 2\] and labels \[5\]"),
        ((INPUTS, INPUTS[:4]), LABELS, r"here inputs \[7, 2\] and inputs \[4, 2\]"),
        ({"a": INPUTS, "b": INPUTS[:4]}, None, r"inputs \[7, 2\] and inputs \[4, 2\]"),
        ([1.0, 2.0], LABELS, "inputs: give arrays with one row a sample, not 1.0"),
        (INPUTS, np.float32(3), r"labels: give arrays with one row a sample, not float32 \[\]"),
        (INPUTS, "labels.csv", "labels: give arrays .*not 'labels.csv'"),
        (None, LABELS, "inputs: give arrays .*not None"),
        ((), LABELS, "inputs: give arrays .*not a tuple of 0"),
        (INPUTS[:0], LABELS[:0], "ArrayBatches: there are no samples"),
    ],
)
def test_arrays_that_do_not_fit_together_are_one_line(inputs, labels, says):
    with pytest.raises(SettingError, match=says) as caught:
        ArrayBatches(inputs, labels, 3)
    assert "\n" not in str(caught.value)


def test_a_short_repr():
    text = repr(ArrayBatches({"a": INPUTS}, LABELS, 3, 5))
    assert text == "ArrayBatches([7, 2], [7], batch_size=3, shuffle_seed=5)"
    assert "uint8" in repr(toy_batches(2000)) and len(repr(toy_batches(2000))) < 400
