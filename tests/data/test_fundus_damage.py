"""One clear line for everything that can be wrong with the fundus pictures' files."""

import shutil
import zipfile

import pytest

from paddle_camp.data.fundus.reading import read_fundus
from paddle_camp.errors import DataError
from tests.helpers.fundus_files import HEADER, SIZE, VALID, rows_of, write_csv, zips

pytestmark = pytest.mark.usefixtures("fresh_cache")


def set_rows(root, rows, header=HEADER):
    write_csv(root / "PALM-Validation-GT" / "labels.csv", rows, header)


def cut(path, keep=0.6):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])


def empty_folder(path):
    for file in path.iterdir():
        file.unlink()


WRONG = {
    "unknown prefix": (
        lambda r: (r / "PALM-Training400" / "N0002.jpg").rename(r / "PALM-Training400" / "X0002.jpg"),
        r"X0002\.jpg: .*begins with P, H or N.*1 of 6",
    ),
    "picture missing": (
        lambda r: [(r / "PALM-Validation400" / n).unlink() for n in ("V0002.jpg", "V0004.jpg")],
        r"V0002\.jpg: missing, though .*labels\.csv lists it; 2 of 4 .*unpack",
    ),
    "label missing": (
        lambda r: set_rows(r, rows_of(VALID)[:3]),
        r"V0004\.jpg: has no row in .*labels\.csv; 1 of 4",
    ),
    "duplicate row": (
        lambda r: set_rows(r, rows_of(VALID) + rows_of(VALID)[1:2]),
        r"labels\.csv: row 6: V0002\.jpg is listed twice",
    ),
    "duplicate row, in upper case": (
        lambda r: set_rows(r, rows_of(VALID) + [(5, "V0002.JPG", 0, 1, 1)]),
        r"labels\.csv: row 6: V0002\.JPG is listed twice",
    ),
    "label 2": (
        lambda r: set_rows(r, rows_of(VALID | {"V0003.jpg": 2})),
        r"labels\.csv: row 4 \(V0003\.jpg\): the label is '2', not 0 or 1",
    ),
    "no label": (
        lambda r: set_rows(r, rows_of(VALID | {"V0003.jpg": ""})),
        r"row 4 \(V0003\.jpg\): the label is ''",
    ),
    "short row": (
        lambda r: set_rows(r, [(1, "V0001.jpg")]),
        r"labels\.csv: row 2 has 2 cells where the header row has 5",
    ),
    "no name": (lambda r: set_rows(r, [(1, "", 0, 1, 1)]), r"labels\.csv: row 2 names no picture"),
    "no column": (
        lambda r: set_rows(r, rows_of(VALID), ("ID", "name", "class", "x", "y")),
        r"labels\.csv: no column imgName and Label in the header row, which has ID, name",
    ),
    "empty table": (
        lambda r: (r / "PALM-Validation-GT" / "labels.csv").write_bytes(b""),
        r"labels\.csv: no column imgName and Label",
    ),
    "binary table": (
        lambda r: (r / "PALM-Validation-GT" / "labels.csv").write_bytes(b"\x89PNG\0\r\n\xff\xd8"),
        r"labels\.csv, line 2: is not GB18030 text",
    ),
    "xlsx is not one": (
        lambda r: (r / "PALM-Validation-GT" / "labels.csv").rename(
            r / "PALM-Validation-GT" / "PM_Label_and_Fovea_Location.xlsx"
        ),
        r"Location\.xlsx: the table cannot be read .*download it again",
    ),
    "no table": (
        lambda r: (r / "PALM-Validation-GT" / "labels.csv").unlink(),
        r"folders: PALM-Validation-GT .*table of labels.*19065",
    ),
    "only half": (
        lambda r: [shutil.rmtree(r / "PALM-Validation400"), shutil.rmtree(r / "PALM-Validation-GT")],
        r"folders: PALM-Validation400 and PALM-Validation-GT missing.*19065.*10\.1038/s41597-024-02911-2",
    ),
    "empty folder": (lambda r: empty_folder(r / "PALM-Training400"), r"folders: PALM-Training400 is empty"),
    "cut picture": (lambda r: cut(r / "PALM-Validation400" / "V0003.jpg"), r"V0003\.jpg: .*cut short .*copy it again"),
    "cut to a stub": (lambda r: cut(r / "PALM-Validation400" / "V0003.jpg", 0.02), r"V0003\.jpg: not a whole"),
    "not a picture": (
        lambda r: (r / "PALM-Validation400" / "V0003.jpg").write_text("<html>"),
        r"V0003\.jpg: not a whole JPEG, PNG",
    ),
    "empty picture": (
        lambda r: (r / "PALM-Validation400" / "V0003.jpg").write_bytes(b""),
        r"V0003\.jpg: not a whole .*\(0 bytes\)",
    ),
    "undecodable": (
        lambda r: (r / "PALM-Validation400" / "V0003.jpg").write_bytes(
            b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x30\x00\x40\x03"
            + b"\0" * 9
            + b"\xff\xda\x00\x02"
            + b"\0" * 8
            + b"\xff\xd9"
        ),
        r"V0003\.jpg: not a whole",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_one_clear_line(folders, case):
    spoil, message = WRONG[case]
    spoil(folders)
    part = "train" if case in ("unknown prefix", "empty folder") else "valid"
    with pytest.raises(DataError, match=message) as caught:
        read_fundus(folders, part, SIZE)
    assert "\n" not in str(caught.value) and str(folders) in str(caught.value)


def test_half_a_set_is_refused_for_training_too(folders):
    shutil.rmtree(folders / "PALM-Validation400")
    with pytest.raises(DataError, match="PALM-Validation400 missing"):
        read_fundus(folders, "train", SIZE)


def wrong_training_zip(root):
    with zipfile.ZipFile(root / "training.zip", "w") as archive:
        archive.writestr("cats/cat.1.jpg", "meow")


def wrong_inner_zip(root):
    with zipfile.ZipFile(root / "training.zip", "w") as archive:
        archive.writestr("PALM-Training400/PALM-Training400.zip", "not a zip")


def no_pictures_in_zip(root):
    with zipfile.ZipFile(root / "validation.zip", "w") as archive:
        archive.writestr("PALM-Validation400/readme.txt", "hello")


def climbing_zip(root):
    with zipfile.ZipFile(root / "valid_gt.zip", "a") as archive:
        archive.writestr("../../evil.csv", "evil")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (wrong_training_zip, r"training\.zip: the wrong zip: nothing in it is named PALM-Training400"),
        (wrong_inner_zip, r"PALM-Training400\.zip: not a whole zip file"),
        (no_pictures_in_zip, r"validation\.zip: the wrong zip: its PALM-Validation400 holds none"),
        (climbing_zip, r"valid_gt\.zip: the name '\.\./\.\./evil\.csv' leads outside"),
        (lambda root: cut(root / "training.zip"), r"training\.zip: not a whole zip file .*download it again"),
        (lambda root: (root / "valid_gt.zip").unlink(), r"z: PALM-Validation-GT missing"),
    ],
)
def test_one_clear_line_for_zips(folders, tmp_path, spoil, message):
    zips(folders, tmp_path / "z")
    spoil(tmp_path / "z")
    with pytest.raises(DataError, match=message) as caught:
        read_fundus(tmp_path / "z", "train", SIZE)
    assert "\n" not in str(caught.value) and str(tmp_path / "z") in str(caught.value)
    assert not list(tmp_path.rglob("evil.csv"))


def test_a_row_of_the_table_is_for_one_picture(folders):
    """On Linux V0001.jpg and V0001.JPG are two files."""
    shutil.copy(folders / "PALM-Validation400" / "V0002.jpg", folders / "PALM-Validation400" / "V0002.JPG")
    with pytest.raises(DataError, match=r"V0002\.jpg: V0002\.JPG lies beside it, and labels\.csv has one row for both"):
        read_fundus(folders, "valid", SIZE)
