"""One clear line for everything that can be wrong with the files of traffic signs."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest

from paddle_camp.data.traffic_signs.loading import load_traffic_signs
from paddle_camp.errors import DataError
from tests.helpers.sign_files import write_official, write_sheets, zips
from tests.helpers.spoiling import cut, edit, first_lines, semicolons, without

pytestmark = pytest.mark.usefixtures("fresh_cache", "no_data_places")


def one_class(root):
    first_lines("train.csv", 7)(root)
    first_lines("test.csv", 3)(root)


SHEETS = {
    "no table": (without("train.csv"), r"train\.csv: cannot be read \(No such file"),
    "no test table": (without("test.csv"), r"test\.csv: cannot be read"),
    "an empty table": (lambda r: (r / "train.csv").write_text(""), r"train\.csv: no column class .* which has nothing"),
    "a header alone": (first_lines("train.csv", 1), r"train\.csv: names no picture"),
    "no column": (edit("train.csv", "track", "trick"), r"train\.csv: no column track in the header row"),
    "semicolons": (
        semicolons("train.csv"),
        r"separated by semicolons, not by commas",
    ),
    "bytes": (lambda r: (r / "train.csv").write_bytes(b"class,index\xff\xff\n"), r"train\.csv, line 1: is not .* text"),
    "a row cut short": (edit("test.csv", ",5,5,15,15", ",5"), r"test\.csv: row 2 has 6 cells"),
    "an unknown class": (
        edit("train.csv", "\n7,0,", "\n43,0,"),
        r"train\.csv: row 8: there is no class '43', the signs",
    ),
    "a class that is no number": (
        edit("test.csv", "\n7,0,", "\nstop,0,"),
        r"test\.csv: row 4: there is no class 'stop'",
    ),
    "a negative size": (edit("train.csv", ",20,21,", ",-20,21,"), r"row 2: width is '-20', not a whole number up to"),
    "the same picture twice": (edit("train.csv", "\n0,1,", "\n0,0,"), r"train\.csv: rows 2 and 3 are the same picture"),
    "another split": (edit("train.csv", ",val", ",dev"), r"row 6: split is 'dev', not train or val"),
    "beyond the sheet": (
        edit("train.csv", "\n7,5,", "\n7,10,"),
        r"07\.png: holds 10 pictures, and the table names index 10",
    ),
    "a missing sheet": (without("train/07.png"), r"07\.png: cannot be read \(No such file"),
    "a missing test sheet": (without("test/13.png"), r"test/13\.png: cannot be read"),
    "an empty sheet": (lambda r: (r / "train" / "07.png").write_bytes(b""), r"07\.png: not a whole .*\(0 bytes\)"),
    "a sheet cut short": (cut("train/07.png"), r"07\.png: not a whole JPEG, PNG"),
    "a sheet of text": (lambda r: (r / "train" / "07.png").write_text("<html>"), r"07\.png: not a whole JPEG, PNG"),
    "a sheet of another size": (
        lambda r: cv2.imwrite(str(r / "train" / "07.png"), np.zeros((32, 300, 3), np.uint8)),
        r"07\.png: 300 x 32 pixels are no rows of ten 32 x 32 pictures",
    ),
    "one class": (one_class, r"train\.csv: all pictures are of class 0; a classifier needs two"),
    "a class to test only": (
        first_lines("train.csv", 13),
        r"test\.csv: class 13 has test pictures, and none to train on",
    ),
    "no test pictures": (first_lines("test.csv", 1), r"test\.csv: names no picture"),
}


@pytest.mark.parametrize("case", SHEETS)
def test_one_clear_line(tmp_path, case):
    spoil, says = SHEETS[case]
    spoil(write_sheets(tmp_path / "signs"))
    refused(tmp_path / "signs", says)


def refused(folder, says):
    with pytest.raises(DataError, match=says) as caught:
        load_traffic_signs(data_dir=str(folder))
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)


IMAGES, GT7 = "Final_Training/Images", "Final_Training/Images/00007/GT-00007.csv"


def commas(root):
    (root / GT7).write_text((root / GT7).read_text().replace(";", ","))


def big_header(root):
    (root / IMAGES / "00007" / "00001_00001.ppm").write_bytes(b"P6\n60000 60000\n255\n" + bytes(99))


OFFICIAL = {
    "no test pictures": (lambda r: shutil.rmtree(r / "Final_Test"), r"no Final_Test/Images and no GTSRB_Final_Test_Im"),
    "no labels": (
        without("GT-final_test.csv"),
        r"no .*GT-final_test\.csv and no GTSRB_Final_Test_GT\.zip",
    ),
    "no table": (without(GT7), r"GT-00007\.csv: cannot be read"),
    "an empty table": (lambda r: (r / GT7).write_text(""), r"GT-00007\.csv: no column Filename .* which has nothing"),
    "commas": (commas, r"GT-00007\.csv: its cells are separated by commas, not by semicolons"),
    "a strange folder": (
        lambda r: (r / IMAGES / "stop").mkdir(),
        r"Images/stop: no class of signs, which are 00000 to",
    ),
    "an unknown class": (lambda r: (r / IMAGES / "00043").mkdir(), r"Images/00043: no class of signs"),
    "another class": (edit(GT7, ";7", ";8"), r"GT-00007\.csv: says class 8 of 00000_00000\.ppm"),
    "an unknown class to test": (edit("GT-final_test.csv", ";42", ";99"), r"row 8: there is no class '99'"),
    "a name elsewhere": (
        edit(GT7, "00000_00000.ppm", "../00000/00000_00000.ppm"),
        r"row 2: '\.\./00000/00000_00000\.ppm' is no name of one of its pictures",
    ),
    "a name twice": (edit(GT7, "00000_00001", "00000_00000"), r"row 3: 00000_00000\.ppm stands there twice"),
    "a picture without a row": (
        lambda r: shutil.copy(r / IMAGES / "00007" / "00000_00000.ppm", r / IMAGES / "00007" / "00009_00000.ppm"),
        r"00009_00000\.ppm: GT-00007\.csv does not name it",
    ),
    "missing pictures": (
        without(*(f"{IMAGES}/00007/00001_0000{i}.ppm" for i in (0, 1))),
        r"00001_00000\.ppm: 2 of the 6 pictures that GT-00007\.csv names are missing",
    ),
    "cut short": (
        lambda r: [cut(path.name)(path.parent) for path in (r / IMAGES / "00007").glob("*.ppm")],
        r"00000_00000\.ppm: not a whole .*; 6 of 24 pictures cannot be read$",
    ),
    "empty": (lambda r: (r / "Final_Test/Images/00003.ppm").write_bytes(b""), r"00003\.ppm: not a whole .*\(0 bytes\)"),
    "too many pixels": (big_header, r"00001_00001\.ppm: (more than [0-9,]+ pixels|.* at most); save it anew, smaller"),
    "no class": (lambda r: [shutil.rmtree(each) for each in (r / IMAGES).iterdir()], r"Images: names no picture"),
    "one class": (
        lambda r: [shutil.rmtree(r / IMAGES / f"{label:05d}") for label in (7, 13, 42)],
        r"Images: all pictures are of class 0",
    ),
}


@pytest.mark.parametrize("case", OFFICIAL)
def test_one_clear_line_for_the_official_layout(tmp_path, case):
    spoil, says = OFFICIAL[case]
    spoil(write_official(tmp_path / "signs"))
    refused(tmp_path / "signs", says)


def test_zips_that_are_none(tmp_path):
    zips(write_official(tmp_path / "official"), tmp_path / "signs")
    shutil.copy(tmp_path / "signs" / "GTSRB_Final_Test_GT.zip", tmp_path / "signs" / "GTSRB_Final_Test_Images.zip")
    refused(tmp_path / "signs", r"GTSRB_Final_Test_Images\.zip: the wrong zip: nothing in it is named \.ppm")
    cut("GTSRB_Final_Training_Images.zip")(tmp_path / "signs")
    refused(tmp_path / "signs", r"GTSRB_Final_Training_Images\.zip: not a whole zip file")
