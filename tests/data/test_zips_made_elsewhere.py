"""Zips of other programs than Python's: other compressions, passwords, backslashes, other places of the files."""

from __future__ import annotations

import zipfile

import pytest

from paddle_camp.data.finding.archives import unpack
from paddle_camp.data.fundus.reading import locate_fundus
from paddle_camp.errors import DataError


def make(path, entries, way=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", way) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def patched(path, local: int, central: int, value: int):
    """The zip with a field of its only member changed, in both of the member's headers."""
    data = bytearray(path.read_bytes())
    data[local : local + 2] = value.to_bytes(2, "little")
    at = data.rfind(b"PK\x01\x02") + central
    data[at : at + 2] = value.to_bytes(2, "little")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("local", "central", "value", "says"),
    [
        (8, 10, 9, "compressed by Deflate64"),
        (8, 10, 93, "compressed by Zstandard"),
        (8, 10, 77, "compressed by method 77"),
        (6, 8, 1, "is encrypted"),
    ],
)
def test_what_python_cannot_read_is_named(tmp_path, local, central, value, says):
    source = patched(make(tmp_path / "a.zip", {"A/1.txt": b"one"}), local, central, value)
    with pytest.raises(DataError, match=rf"a\.zip: 'A/1\.txt' {says if says[0] == 'i' else 'is ' + says}.*plain zip"):
        unpack(source, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_lzma_is_read_and_its_damage_is_one_line(tmp_path):
    source = make(tmp_path / "a.zip", {"A/1.txt": bytes(range(256)) * 20}, zipfile.ZIP_LZMA)
    assert (unpack(source, tmp_path / "a") / "A" / "1.txt").read_bytes() == bytes(range(256)) * 20
    data = bytearray(source.read_bytes())
    data[60:90] = b"\xff" * 30
    source.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.zip: not a whole zip file"):
        unpack(source, tmp_path / "a")


def test_backslashes_are_folders(tmp_path):
    folder = unpack(make(tmp_path / "a.zip", {"A\\B\\1.txt": b"one"}), tmp_path / "a")
    assert (folder / "A" / "B" / "1.txt").read_bytes() == b"one"


@pytest.mark.parametrize("names", [("A", "A/1.txt"), ("A/" + "x" * 300,)])
def test_names_that_no_disk_takes_are_the_zips_fault(tmp_path, names):
    with pytest.raises(DataError, match=r"a\.zip: not a whole zip file"):
        unpack(make(tmp_path / "a.zip", dict.fromkeys(names, b"one")), tmp_path / "a")
    assert {path.name for path in tmp_path.iterdir()} == {"a.zip"}


def picture() -> bytes:
    import cv2
    import numpy as np

    return cv2.imencode(".jpg", np.zeros((4, 4, 3), np.uint8))[1].tobytes()


def test_a_folder_deeper_is_found(tmp_path):
    for name in ("PALM-Training400/P0001.jpg", "PALM-Validation400/V0001.jpg"):
        path = tmp_path / "unpacked here" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(picture())
    (tmp_path / "unpacked here" / "PALM-Validation-GT").mkdir()
    (tmp_path / "unpacked here" / "PALM-Validation-GT" / "labels.csv").write_text("imgName,Label\nV0001.jpg,1\n")
    assert locate_fundus(tmp_path).train == tmp_path / "unpacked here" / "PALM-Training400"


def test_the_names_of_ichallenge_itself(tmp_path):
    make(tmp_path / "PALM-Training400.zip", {"PALM-Training400/P0001.jpg": picture()})
    make(tmp_path / "PALM-Validation400.zip", {"V0001.jpg": picture()})
    (tmp_path / "PM_Label_and_Fovea_Location.xlsx").write_bytes(b"read later")
    layout = locate_fundus(tmp_path)
    assert [path.name for path in layout.train.glob("*.jpg")] == ["P0001.jpg"]
    assert [path.name for path in layout.valid.glob("*.jpg")] == ["V0001.jpg"]
    assert layout.table == tmp_path / "PM_Label_and_Fovea_Location.xlsx"
