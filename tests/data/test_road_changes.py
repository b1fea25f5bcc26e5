"""Random changes of road pictures: the angle changes with them, and batches hand both on."""

from __future__ import annotations

import numpy as np
import pytest

from paddle_camp.data.batches import Batches
from paddle_camp.data.drives.augment import RoadChanges
from paddle_camp.data.image_set import ImageSet
from paddle_camp.errors import SettingError
from paddle_camp.preprocessing import ROADS

NOTHING = {"mirror": False, "shift": 0.0, "lift": 0.0, "light": 0.0}


def left_lit(count=40):
    """Pictures that are light on the left, and angles that say so."""
    images = np.zeros((count, 3, 66, 200), np.uint8)
    images[..., :60] = 120
    return images, np.linspace(0.1, 1, count).astype(np.float32)


def test_nothing_is_changed_where_nothing_is_asked_for():
    images, angles = left_lit()
    changed, turned = RoadChanges(**NOTHING)(images, angles, np.random.default_rng(0))
    assert (changed == images).all() and (turned == angles).all() and changed is not images


def test_a_mirrored_picture_has_the_other_sign():
    images, angles = left_lit()
    changed, turned = RoadChanges(**NOTHING | {"mirror": True})(images, angles, np.random.default_rng(0))
    mirrored = changed[:, 0, 0, 199] == 120
    assert 0 < mirrored.sum() < 40 and (mirrored == (turned < 0)).all()
    np.testing.assert_array_equal(np.abs(turned), angles)
    both = RoadChanges(**NOTHING | {"mirror": True})(images, np.stack([angles, -angles], 1), np.random.default_rng(0))
    np.testing.assert_array_equal(both[1][:, 0], turned)
    np.testing.assert_array_equal(both[1][:, 1], -turned)


def test_a_picture_shifted_to_the_right_asks_for_more_to_the_right():
    images, angles = left_lit()
    change = RoadChanges(**NOTHING | {"shift": 0.2, "angle_per_width": 2.0})
    changed, turned = change(images, angles, np.random.default_rng(0))
    edges = np.array([np.flatnonzero(image[0, 0] > 60)[-1] for image in changed])
    moved = (edges - 59) / 200
    assert np.abs(moved).max() > 0.1
    np.testing.assert_allclose(turned - angles, 2.0 * moved, atol=0.02)


def test_light_and_blur_leave_the_angle():
    images, angles = left_lit()
    changed, turned = RoadChanges(**NOTHING | {"light": 0.5, "blur": 3.0})(images, angles, np.random.default_rng(0))
    light = changed[:, 0, 0, 0].astype(float)
    assert (turned == angles).all() and light.min() < 100 and light.max() > 150
    steep = np.abs(np.diff(changed[:, 0, 0].astype(int), axis=1)).max(axis=1) / light
    assert steep.min() < 0.5 and steep.max() > 0.95


def test_the_same_generator_the_same_change():
    images, angles = left_lit()
    one, other = (RoadChanges()(images, angles, np.random.default_rng(5)) for _ in range(2))
    assert (one[0] == other[0]).all() and (one[1] == other[1]).all() and one[1].dtype == np.float32


def test_batches_change_pictures_and_labels_together():
    images, angles = left_lit(10)
    part = ImageSet(images, angles, tuple(map(str, range(10))), kind=ROADS)
    batches = Batches(part, 4, 3, augment_pairs=RoadChanges(**NOTHING | {"mirror": True}))
    assert batches.whole() is None and Batches(part, 4, 3).whole() is not None
    seen = list(batches.epoch(1))
    again = list(batches.epoch(1, start=2))  # as an interrupted epoch goes on
    np.testing.assert_array_equal(seen[2][0], again[0][0])
    np.testing.assert_array_equal(seen[2][1], again[0][1])
    signs = np.concatenate([labels for _, labels in seen])
    light = np.concatenate([inputs[:, 0, 0, 0] - inputs[:, 0, 0, -1] for inputs, _ in seen])
    assert (np.sign(light) == np.sign(signs)).all() and (signs < 0).any() and (signs > 0).any()


@pytest.mark.parametrize(
    ("arguments", "says"), [({"shift": 1.0}, "shift=1.0: give a share"), ({"blur": -1}, "blur=-1")]
)
def test_wrong_amounts_are_one_line(arguments, says):
    with pytest.raises(SettingError, match=says):
        RoadChanges(**arguments)
