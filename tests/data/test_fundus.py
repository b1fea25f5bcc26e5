"""The fundus reader: layouts and labels."""

from collections import Counter

import cv2
import numpy as np
import pytest

from paddle_camp.data.fundus.loading import load_fundus
from paddle_camp.data.fundus.reading import read_fundus
from tests.helpers.fundus_files import (
    SIZE,
    TRAIN,
    VALID,
    drawn,
    flat_zips,
    half_unpacked,
    nested,
    published,
    read_rows,
    same,
    write_xlsx,
    zips,
)

pytestmark = pytest.mark.usefixtures("fresh_cache")


def test_training_and_validation_pictures(folders):
    train = read_fundus(folders, "train", SIZE)
    assert train.images.shape == (6, 3, SIZE, SIZE) and train.images.dtype == np.uint8
    assert train.names == TRAIN  # sorted by name
    assert train.labels.tolist() == [0, 0, 0, 1, 1, 1] and train.labels.dtype == np.int64
    assert train.groups == ("H", "N", "N", "P", "P", "P")
    valid = read_fundus(folders, "valid", SIZE)
    assert dict(zip(valid.names, valid.labels.tolist(), strict=True)) == VALID
    assert valid.groups == ("N", "P", "P", "N")


def test_upper_and_lower_case_of_a_name_are_one(folders):
    """A camera writes V0001.JPG, and the table has V0001.jpg."""
    for picture in list((folders / "PALM-Validation400").iterdir()):
        picture.rename(picture.with_suffix(".JPG"))
    valid = read_fundus(folders, "valid", SIZE)
    assert {name.replace(".JPG", ".jpg"): label for name, label in zip(valid.names, valid.labels, strict=True)} == VALID


def test_pictures_are_bgr_channels_first(folders):
    """A picture that is blue has its first channel high; a row is a row."""
    blue = np.zeros((48, 64, 3), np.uint8)
    blue[:24, :, 0] = 250
    cv2.imwrite(str(folders / "PALM-Training400" / "H0001.jpg"), blue)
    image = read_fundus(folders, "train", SIZE).images[0]
    assert image[0, :14].min() > 230 and image[0, 18:].max() < 20 and image[1:].max() < 20


@pytest.mark.parametrize("build", [nested, published, zips, flat_zips, half_unpacked])
@pytest.mark.parametrize("part", ["train", "valid"])
def test_every_layout_gives_the_same_arrays(folders, tmp_path, build, part):
    build(folders, tmp_path / "other")
    expected = read_fundus(folders, part, SIZE, tmp_path / "cache1")
    for _ in range(2):  # the second time the zips are unpacked already
        same(read_fundus(tmp_path / "other", part, SIZE, tmp_path / "cache2"), expected)


def test_zips_are_unpacked_where_they_lie_and_only_once(folders, tmp_path):
    root = tmp_path / "z"
    zips(folders, root)
    read_fundus(root, "train", SIZE)
    made = root / "training.unpacked" / "PALM-Training400" / "PALM-Training400.unpacked" / "PALM-Training400"
    assert sorted(p.name for p in made.iterdir()) == sorted(TRAIN)
    before = {p: p.stat().st_mtime_ns for p in root.rglob("*")}
    read_fundus(root, "valid", SIZE)
    assert {p: p.stat().st_mtime_ns for p in root.rglob("*")} == before


def test_a_spreadsheet_and_a_csv_with_a_byte_order_mark(folders):
    expected = read_fundus(folders, "valid", SIZE)
    rows = [(i, name, float(label), x, y) for i, name, label, x, y in read_rows(folders)[::-1]]
    table = folders / "PALM-Validation-GT" / "labels.csv"
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes() + b"\r\n,,,,\r\n")
    same(read_fundus(folders, "valid", SIZE), expected)
    table.unlink()
    write_xlsx(folders / "PALM-Validation-GT" / "PM_Label_and_Fovea_Location.xlsx", [*rows, (None,) * 5])
    same(read_fundus(folders, "valid", SIZE), expected)


def test_real_pictures_from_folders_and_zips(real_data, tmp_path):
    root = real_data / "ichallenge-pm"
    if not root.is_dir():
        pytest.skip(f"no ichallenge-pm in {real_data}")
    train, valid = (read_fundus(root, part) for part in ("train", "valid"))
    assert Counter(train.groups) == {"P": 213, "N": 161, "H": 26}
    assert train.images.shape == (400, 3, 224, 224) and train.labels.sum() == 213
    assert valid.images.shape[1:] == (3, 224, 224) and len(valid) in (200, 400) and set(valid.labels) == {0, 1}
    zips(root, tmp_path / "zips")
    same(read_fundus(tmp_path / "zips", "train", cache_dir=tmp_path / "c"), train)
    same(read_fundus(tmp_path / "zips", "valid", cache_dir=tmp_path / "c"), valid)


def test_a_picture_is_one_whatever_it_is_called_and_the_rest_is_said(folders):
    """A browser saves .jfif, a program forgets the suffix; a table and notes lie beside them."""
    place = folders / "PALM-Training400"
    (place / "P0001.jpg").rename(place / "P0001.jfif")
    (place / "P0002.jpg").rename(place / "P0002")
    (place / "P0010.jpg").write_bytes(cv2.imencode(".png", drawn(5))[1].tobytes())
    (place / "notes.txt").write_text("P2 is odd")
    (folders / "PALM-Validation400" / "Thumbs.db").write_text("")
    data = load_fundus(data_dir=str(folders), image_size=SIZE)
    assert data.train.names[-3:] == ("P0001.jfif", "P0002", "P0010.jpg") and len(data.valid) == 4
    assert data.how == "--data-dir (1 file that is no picture left aside: notes.txt)"
