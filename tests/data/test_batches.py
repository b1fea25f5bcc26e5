"""Batches: every sample once per epoch, an order that follows from (seed, epoch), whole-array arithmetic."""

import numpy as np
import pytest

from paddle_camp.data.batches import Batches
from paddle_camp.data.image_set import draw, split_off
from paddle_camp.data.scaling import scale_to_unit
from tests.helpers.toys import toy_batches, toy_images


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
    assert labels.tolist() == batches.data.labels.tolist()


def test_the_courses_scale():
    pixels = np.array([0, 51, 255], np.uint8)
    scaled = scale_to_unit(pixels)
    assert scaled.dtype == np.float32
    assert scaled == pytest.approx((pixels / 255 - 0.5) / 0.5, abs=1e-6)


def test_held_out_samples_are_stratified_disjoint_and_seeded():
    data = toy_images(100)
    rest, held = split_off(data, 0.2, seed=0)
    assert (len(rest), len(held), held.labels.sum()) == (80, 20, 10)
    assert set(rest.names) | set(held.names) == set(data.names)
    assert not set(rest.names) & set(held.names)
    assert held.names == split_off(data, 0.2, seed=0)[1].names != split_off(data, 0.2, seed=1)[1].names
    assert np.array_equal(held.images[0], data.images[data.names.index(held.names[0])])


def test_a_draw_keeps_the_classes_in_proportion():
    data = toy_images(100)
    assert draw(data, None) is data and draw(data, 100) is data
    assert len(draw(data, 10)) == 10 and draw(data, 10).labels.sum() == 5
