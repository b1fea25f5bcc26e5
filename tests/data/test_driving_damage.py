"""One clear line for everything that can be wrong with the files of a drive."""

from __future__ import annotations

import pytest

from paddle_camp.data.drives.loading import load_driving
from paddle_camp.errors import DataError
from tests.helpers.drive_files import write_donkey, write_udacity
from tests.helpers.spoiling import cut, edit, first_lines, semicolons, without

pytestmark = pytest.mark.usefixtures("fresh_cache", "no_data_places")


def refused(folder, says):
    with pytest.raises(DataError, match=says) as caught:
        load_driving(data_dir=str(folder))
    assert "\n" not in str(caught.value)


FIRST = "images/0_cam_image_array_.jpg"
DONKEY = {
    "no table": (without("train.csv"), r"train\.csv: cannot be read \(No such file"),
    "an empty table": (lambda r: (r / "test.csv").write_text(""), r"test\.csv: no column image and steering"),
    "a header alone": (first_lines("train.csv", 1), r"train\.csv: the log is empty; record a drive"),
    "an angle of text": (edit("train.csv", ",-1.0,", ",left,"), r"row 2: steering is 'left', no angle from -1 to 1"),
    "an angle that is missing": (edit("train.csv", ",-1.0,", ",,"), r"row 2: steering is '', no angle"),
    "an angle of degrees": (edit("train.csv", ",-0.75,", ",-25,"), r"row 3: steering is -25, beyond -1 to 1"),
    "not a number": (edit("train.csv", ",-0.75,", ",nan,"), r"row 3: steering is 'nan', no angle"),
    "a mean of text": (edit("test.csv", ",0.375,", ",x,"), r"test\.csv: row 2: steering_smooth is 'x', no angle"),
    "no column": (edit("train.csv", "steering,", "stearing,"), r"train\.csv: no column steering in the header row"),
    "a row cut short": (
        edit("train.csv", ",0.5,7\n", "\n"),
        r"train\.csv: row 2 has 3 cells where the header row has 5",
    ),
    "a picture elsewhere": (
        edit("train.csv", FIRST, "../secret.jpg"),
        r"row 2: '\.\./secret\.jpg' is no picture below",
    ),
    "no name": (edit("train.csv", FIRST, ""), r"row 2: '' is no picture below"),
    "missing pictures": (
        without(FIRST, "images/1_cam_image_array_.jpg"),
        r"0_cam_image_array_\.jpg: cannot be read \(No such file.*; 2 of 12 pictures cannot be read$",
    ),
    "cut short": (cut(FIRST, 500), r"0_cam_image_array_\.jpg: not a whole JPEG"),
    "text for a picture": (lambda r: (r / FIRST).write_text("<html>"), r"0_cam_image_array_\.jpg: not a whole JPEG"),
    "bytes": (lambda r: (r / "test.csv").write_bytes(b"image,\xff\xff\n"), r"test\.csv, line 1: is not .* text"),
}


@pytest.mark.parametrize("case", DONKEY)
def test_one_clear_line(tmp_path, case):
    spoil, says = DONKEY[case]
    spoil(write_donkey(tmp_path / "drive"))
    refused(tmp_path / "drive", says)


LOG = "driving_log.csv"
UDACITY = {
    "an empty log": (lambda r: (r / LOG).write_text(""), r"driving_log\.csv: the log is empty; record a drive"),
    "a header alone": (first_lines(LOG, 1), r"driving_log\.csv: the log is empty"),
    "an angle of text": (edit(LOG, ", -1.0,", ", left,"), r"driving_log\.csv: row 2: steering is 'left', no angle"),
    "no forward camera": (edit(LOG, "IMG/center_0.jpg", ""), r"row 2: names no picture under center"),
    "one side missing": (edit(LOG, "IMG/left_3.jpg", ""), r"some rows lack the picture of a side camera"),
    "one log missing": (without("test_log.csv"), r"test_log\.csv: cannot be read"),
    "missing pictures": (without("IMG/left_2.jpg"), r"left_2\.jpg: cannot be read \(No such file"),
    "semicolons": (
        semicolons(LOG),
        r"separated by semicolons, not by commas",
    ),
    "too short to hold out": (
        without("validation_log.csv", "test_log.csv"),
        r"driving_log\.csv: 6 rows, 720 are needed to hold blocks of time out; record a longer drive",
    ),
}


@pytest.mark.parametrize("case", UDACITY)
def test_one_clear_line_for_the_simulator(tmp_path, case):
    spoil, says = UDACITY[case]
    spoil(write_udacity(tmp_path / "drive"))
    refused(tmp_path / "drive", says)


def test_a_log_without_a_header_counts_its_rows_from_1(tmp_path):
    root = write_udacity(tmp_path / "drive", header=False)
    edit(LOG, ", -0.75,", ", right,")(root)
    refused(root, r"driving_log\.csv: row 2: steering is 'right'")
    edit(LOG, ", 30.19", "")(root)
    refused(root, r"driving_log\.csv: row 1 has 6 cells where 7 are usual")


def test_no_drive_says_how_to_get_one(tmp_path):
    refused(tmp_path, r"holds nothing of driving-donkey: .*record a drive")
    with pytest.raises(DataError, match=r"--data real: a drive in Udacity's simulator was not found; record a drive"):
        load_driving("real", source="udacity")
