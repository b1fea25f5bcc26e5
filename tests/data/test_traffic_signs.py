"""Traffic signs: both layouts, tracks and what is held out, the real set."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import paddle_camp
from paddle_camp.data.finding.sources import find
from paddle_camp.data.pictures import decoding
from paddle_camp.data.traffic_signs.loading import load_traffic_signs
from paddle_camp.errors import DataError, SettingError
from tests.helpers.sign_files import CLASSES, FRAMES, LAYOUTS, TRACKS, picture, write_official, write_sheets, zips

pytestmark = pytest.mark.usefixtures("fresh_cache", "no_data_places")


def load(folder, **options):
    return load_traffic_signs(data_dir=str(folder), **options)


@pytest.fixture
def sheets(tmp_path):
    return write_sheets(tmp_path / "data" / "gtsrb")


@pytest.fixture
def official(tmp_path):
    return write_official(tmp_path / "official")


def test_the_sheets(sheets):
    data = load(sheets)
    assert data.info.counts == {"train": 24, "test": 8} and data.origin == "real" and data.info.name == "GTSRB"
    assert data.train.labels.tolist() == np.repeat(CLASSES, 6).tolist()
    assert data.train.names[:3] == ("00/00000_00000", "00/00000_00001", "00/00001_00000")
    assert data.train.groups[:3] == ("00/00000", "00/00000", "00/00001") and data.test.groups == ()
    assert data.test.names[:2] == ("00000.ppm", "00001.ppm")
    kind = data.train.kind
    assert (kind.name, len(kind.classes), kind.shape) == ("traffic-signs", 43, (3, 32, 32))
    np.testing.assert_array_equal(data.train.images[7].transpose(1, 2, 0), picture(CLASSES[1], 1))
    np.testing.assert_array_equal(data.test.images[-1].transpose(1, 2, 0), picture(CLASSES[3], 51))
    assert data.sizes["train"][:3].tolist() == [20, 25, 30] and data.sizes["test"].tolist()[:2] == [20, 25]
    assert data.held_out.tolist() == [False, False, False, False, True, True] * 4
    assert repr(data) == f"TrafficSignsData(train 24, test 8; real, {sheets})"
    assert paddle_camp.load_traffic_signs is load_traffic_signs
    assert load(sheets.parent).path == sheets  # a directory with one folder a data set


def test_the_official_layout_has_the_same_pictures(sheets, official):
    one, other = load(sheets), load(official)
    for part in ("train", "test"):
        a, b = getattr(one, part), getattr(other, part)
        assert (a.images == b.images).all() and (a.labels == b.labels).all()
        assert a.names == b.names and a.groups == b.groups
        assert (one.sizes[part] == other.sizes[part]).all()
    assert other.held_out is None


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_form_of_the_official_layout(official, tmp_path, layout):
    first = load(official)
    layout(official, tmp_path / "new")
    for _ in range(2):  # the second time a zip is unpacked already
        found = load(tmp_path / "new")
        assert found.train.fingerprint() == first.train.fingerprint()
        assert found.test.fingerprint() == first.test.fingerprint()
    assert not list(tmp_path.rglob("._*"))


def test_pictures_of_any_size_are_squeezed_into_the_square(official):
    path = official / "Final_Training" / "Images" / "00000" / "00000_00000.ppm"
    cv2.imwrite(str(path), picture(3, 3, 64))
    found = load(official).train.images[0].transpose(1, 2, 0)
    assert (found == cv2.resize(picture(3, 3, 64), (32, 32), interpolation=cv2.INTER_AREA)).all()
    assert load(official, image_size=16).train.images.shape == (24, 3, 16, 16)


def test_the_sheets_give_other_sizes_too(sheets):
    found = load(sheets, image_size=16).train
    assert found.kind.image_size == 16
    small = cv2.resize(picture(0, 0), (16, 16), interpolation=cv2.INTER_AREA)
    assert (found.images[0].transpose(1, 2, 0) == small).all()


def test_the_tracks_that_the_set_holds_out_are_held_out(sheets):
    data = load(sheets)
    rest, held = data.split_by_track(0.5, seed=3)
    assert (len(rest), len(held)) == (16, 8) and held.names == load(sheets).split_by_track(0.1, 0)[1].names
    assert not set(rest.groups) & set(held.groups)


def test_else_tracks_are_drawn_class_by_class(official):
    data = load(official)
    rest, held = data.split_by_track(0.34, seed=0)
    assert not set(rest.groups) & set(held.groups) and len(rest) + len(held) == 24
    assert held.counts() == dict.fromkeys((held.kind.classes[label] for label in CLASSES), FRAMES)
    assert held.names == data.split_by_track(0.34, 0)[1].names
    assert len({data.split_by_track(0.34, seed)[1].names for seed in range(5)}) > 1
    assert len(data.split_by_track(0.99, 0)[0]) == 4 * FRAMES  # a track of each class stays


def test_only_the_pictures_that_are_asked_for_are_decoded(official, sheets, monkeypatch):
    seen = []
    real = decoding.open_picture
    monkeypatch.setattr(decoding, "open_picture", lambda *given: seen.append(1) or real(*given))
    data = load(official, counts=(8, 4))
    assert len(data.train) == 8 and len(data.test) == 4 and len(seen) == 12
    assert len(set(data.train.labels)) == 4 and len(data.sizes["train"]) == 8
    some = load(sheets, counts=(8, 4))
    assert some.train.names == data.train.names and len(some.held_out) == 8


def test_where_it_is_found(official, tmp_path, monkeypatch):
    monkeypatch.setenv("PADDLE_CAMP_DATA", str(official))
    assert load_traffic_signs().how == "$PADDLE_CAMP_DATA"
    zips(official, tmp_path / "zipped" / "gtsrb")
    monkeypatch.setenv("PADDLE_CAMP_DATA", str(tmp_path / "zipped"))
    assert load_traffic_signs().path == tmp_path / "zipped" / "gtsrb"
    monkeypatch.delenv("PADDLE_CAMP_DATA")
    assert find("gtsrb") is None
    with pytest.raises(DataError, match="--data real: GTSRB was not found; get GTSRB_Final_Training_Images.zip"):
        load_traffic_signs("real")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"image_size": 0}, "image_size=0: give the side"),
        ({"counts": (0, None)}, "0 pictures are asked for"),
        ({"counts": (None, 1)}, "1 of 8 samples, each class in proportion, are none"),
    ],
)
def test_settings_out_of_range(sheets, options, says):
    with pytest.raises(SettingError, match=says):
        load(sheets, **options)


def test_a_split_that_leaves_nothing(sheets):
    table = sheets / "train.csv"
    table.write_text(table.read_text().replace(",val", ",train"))
    with pytest.raises(SettingError, match="the data set holds out all or none: take more"):
        load(sheets).split_by_track(0.2, 0)


def test_the_real_set(real_data):
    if find("gtsrb", real_data.parent if real_data.name == "gtsrb" else real_data) is None:
        pytest.skip(f"no gtsrb in {real_data}")
    data = load(real_data)
    assert len(np.unique(data.train.labels)) == 43 and set(np.unique(data.test.labels)) == set(range(43))
    rest, held = data.split_by_track(0.2, 0)
    assert not set(rest.groups) & set(held.groups) and 0.1 < len(held) / len(data.train) < 0.3
    assert len(set(data.train.groups)) > 43 * TRACKS and data.train.images.std() > 30
    assert data.sizes["train"].min() >= 15 and data.sizes["test"].max() < 300
