"""Recorded drives in both layouts: angles, blocks, side cameras, crops, and where they are found."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from paddle_camp.data.drives import udacity
from paddle_camp.data.drives.loading import STAND_IN, load_driving
from paddle_camp.data.drives.log import moving_mean, squeezed
from paddle_camp.data.drives.standin import BLOCK, draw_drive
from paddle_camp.errors import SettingError
from tests.helpers.drive_files import WINDOWS, angle, picture, write_donkey, write_udacity

pytestmark = pytest.mark.usefixtures("fresh_cache", "no_data_places")


def test_a_donkey_cars_tables(tmp_path):
    data = load_driving(data_dir=str(write_donkey(tmp_path / "drive")))
    assert data.info.counts == {"train": 12, "valid": 4, "test": 4} and data.info.name == "Donkey Car"
    assert (data.source, data.sides, data.origin, data.crop) == ("donkey", None, "real", (0.0, 0.0))
    assert data.train.images.shape == (12, 3, 66, 200) and data.train.labels.shape == (12, 2)
    expected = np.array([(angle(number), angle(number) / 2) for number in range(12)], np.float32)
    np.testing.assert_array_equal(data.train.labels, expected)
    assert data.train.names[3] == "3_cam_image_array_.jpg" and data.train.groups == ("7",) * 6 + ("8",) * 6
    seen, sent = data.test.images[0].transpose(1, 2, 0).astype(float), squeezed(picture(16)).astype(float)
    assert np.abs(seen - sent).mean() < 5  # other pictures: 50


def test_without_a_smoothed_angle_it_is_the_mean_over_the_rows_beside(tmp_path):
    data = load_driving(data_dir=str(write_donkey(tmp_path / "drive", smooth=False, block=False)))
    raw = np.array([angle(number) for number in range(12)])
    assert data.train.labels[0, 1] == pytest.approx(raw[:2].mean()) and set(data.train.groups) == {"train"}
    assert data.train.labels[5, 1] == pytest.approx(raw[4:7].mean())


def test_a_moving_mean_stays_in_its_block():
    values, blocks = np.array([0.0, 3.0, 6.0, 100.0, 200.0]), ("a", "a", "a", "b", "b")
    assert moving_mean(values, blocks, 1).tolist() == [1.5, 3.0, 4.5, 150.0, 150.0]
    assert moving_mean(values, blocks, 0).tolist() == values.tolist()


LAYOUTS = {
    "with a header": {},
    "without a header": {"header": False},
    "windows paths": {"header": False, "folder": WINDOWS},
    "another machine's paths": {"folder": "/home/me/IMG/"},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_log_of_the_simulator(tmp_path, layout):
    data = load_driving(data_dir=str(write_udacity(tmp_path / "drive", **LAYOUTS[layout])), correction=0.25)
    assert data.info.counts == {"train": 6, "valid": 3, "test": 3, "sides": 12} and data.source == "udacity"
    raw = [angle(row) for row in range(6)]
    np.testing.assert_allclose(data.train.labels[:, 0], raw)
    assert data.train.names[0] == "center_0.jpg" and data.sides.names[::6] == ("left_0.jpg", "right_0.jpg")
    left, right = data.sides.labels[:6, 0], data.sides.labels[6:, 0]
    np.testing.assert_allclose(left, np.clip(np.add(raw, 0.25), -1, 1))
    np.testing.assert_allclose(right, np.clip(np.subtract(raw, 0.25), -1, 1))
    seen, sent = data.sides.images[0].astype(float), squeezed(picture(1000 * 10, 80, 160), udacity.CROP).astype(float)
    assert np.abs(seen.transpose(1, 2, 0) - sent).mean() < 5


def test_side_cameras_may_be_missing(tmp_path):
    data = load_driving(data_dir=str(write_udacity(tmp_path / "drive", sides=False)))
    assert data.sides is None and "sides" not in data.info.counts


def test_blocks_of_time_are_held_out_of_a_log_that_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(udacity, "GAP", 1)
    data = load_driving(data_dir=str(write_udacity(tmp_path / "drive", 24 * 3, header=False, others=False)))
    assert data.info.counts == {"train": 54, "valid": 3, "test": 3, "sides": 108}
    assert data.valid.groups == ("4", "12", "20") and data.test.groups == ("7", "15", "23")
    assert data.valid.names[0] == f"center_{4 * 3 + 1}.jpg"  # the block's ends are left out
    assert not set(data.train.groups) & {*data.valid.groups, *data.test.groups}


def test_a_crop_cuts_off_shares_of_the_height(tmp_path):
    root = write_donkey(tmp_path / "drive")
    striped = np.zeros((120, 160, 3), np.uint8)
    striped[30:90] = 200
    for path in (root / "images").iterdir():
        assert cv2.imwrite(str(path), striped)
    whole, middle = load_driving(data_dir=str(root)), load_driving(data_dir=str(root), crop=(0.25, 0.25))
    assert whole.train.images[0, :, 2].max() < 10 and middle.train.images.min() > 190 and middle.crop == (0.25, 0.25)


def test_some_rows_of_a_drive_are_evenly_spaced(tmp_path):
    data = load_driving(data_dir=str(write_donkey(tmp_path / "drive")), counts=(4, None, 2))
    assert [name.split("_")[0] for name in data.train.names] == ["0", "4", "7", "11"] and len(data.valid) == 4


def test_which_drive_is_found(tmp_path, monkeypatch):
    write_udacity(tmp_path / "data" / "driving")
    assert load_driving(data_dir=str(tmp_path / "data")).source == "udacity"
    write_donkey(tmp_path / "data" / "driving-donkey")
    assert load_driving(data_dir=str(tmp_path / "data")).source == "donkey"
    assert load_driving(data_dir=str(tmp_path / "data"), source="udacity").source == "udacity"
    monkeypatch.setenv("PADDLE_CAMP_DATA", str(tmp_path / "data"))
    assert load_driving().how == "$PADDLE_CAMP_DATA" and load_driving("real", source="udacity").source == "udacity"


def test_the_stand_in_says_what_it_is():
    data = load_driving(counts=(50, 10, 10))
    assert data.origin == "synthetic" and data.info.stand_in == "stand-in data, generated: not Donkey Car"
    assert data.info.counts == {"train": 50, "valid": 10, "test": 10}
    assert data.train.groups == ("train-00",) * BLOCK + ("train-01",) * (50 - BLOCK)
    three = load_driving(counts=(50, 10, 10), source="udacity", correction=0.3)
    assert three.info.counts == {"train": 50, "valid": 10, "test": 10, "sides": 100}
    left = np.clip(three.train.labels + 0.3, -1, 1)
    np.testing.assert_allclose(three.sides.labels[:50], left, atol=1e-6)
    assert STAND_IN == (1200, 240, 240)


def test_the_stand_in_is_the_same_every_time():
    one, sides = draw_drive("train", 45, 0.2)
    same, _ = draw_drive("train", 45, 0.2)
    assert (one.images == same.images).all() and (one.labels == same.labels).all()
    test, none = draw_drive("test", 45)
    assert none is None
    assert (test.images != one.images).any()
    first = one.images.astype(float)
    assert np.abs(first[0] - first[1]).mean() > 0 and one.labels.std() > 0.1 and len(sides) == 90


def test_wrong_arguments_are_one_line(tmp_path):
    for arguments, says in (
        ({"correction": 2.0}, "correction=2.0: give an angle from 0 to 1"),
        ({"crop": (0.5, 0.6)}, "crop=0.5,0.6: give shares of the height"),
        ({"crop": (-0.1, 0.0)}, "crop=-0.1,0: give shares"),
        ({"counts": (0, None, None)}, "0 pictures are asked for"),
        ({"source": "tesla"}, "source=tesla: there are donkey, udacity"),
    ):
        with pytest.raises(SettingError, match=says):
            load_driving("synthetic", **arguments)


def test_the_shared_drives(real_data):
    data = load_driving(data_dir=str(real_data), source="donkey")
    assert data.info.counts == {"train": 2058, "valid": 234, "test": 234} and len(set(data.train.groups)) == 21
    constant = ((data.test.labels - data.train.labels.mean(axis=0)) ** 2).mean(axis=0)
    np.testing.assert_allclose(constant, [0.243, 0.149], atol=5e-4)  # as that set's README has them
