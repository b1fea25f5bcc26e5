"""tools/predict.py on a road's pictures: angles, their mirror images, a video and a strip, and what is refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import paddle
import pytest

import paddle_camp as camp
from paddle_camp.commands import predict
from paddle_camp.predicting.drawn_drive import with_angle
from paddle_camp.predicting.picture_reader import pictures_at
from paddle_camp.predicting.saved_model import SavedModel, find_saved_model
from paddle_camp.predicting.trying import Trial
from tests.helpers import contract
from tests.helpers.drive_files import picture, write
from tests.helpers.predictions import REAL, change, make_run

NUMBER = {"unit": "", "shift": 0.0, "scale": 1.0}
ARGUMENTS = {"num_classes": 1, "in_channels": 3, "batch_norm": True, "dropout": 0.3, "mirrored": True}


@pytest.fixture
def run(tmp_path) -> Path:
    """A run with two networks of random weights."""
    folder = tmp_path / "run"
    (folder / "checkpoints").mkdir(parents=True)
    for seed in range(2):
        paddle.seed(seed)
        model = camp.create_model("pilot_net", **ARGUMENTS)
        paddle.save(model.state_dict(), str(folder / "checkpoints" / f"{seed}.pdparams"))
    weights = ("0.pdparams", "1.pdparams")
    saved = SavedModel("pilot_net", "roads", ARGUMENTS, weights=weights, number=NUMBER, crop=(0.25, 0.1))
    saved.write(folder / "checkpoints", REAL)
    (folder / "metrics.json").write_text('{"homework": "steering", "status": "done"}', encoding="utf-8")
    return folder


@pytest.fixture
def drive(tmp_path) -> Path:
    """Twelve pictures in the order of time, and their mirror images."""
    for number in range(12):
        write(tmp_path / "drive" / f"{number}_cam.png", picture(number))
        write(tmp_path / "mirrored" / f"{number}_cam.png", picture(number)[:, ::-1])
    return tmp_path / "drive"


def angles_of(tmp_path, *arguments, status=0) -> dict[str, float]:
    file = tmp_path / "angles.csv"
    assert predict.main([*map(str, arguments), "--device", "cpu", "--csv", str(file)]) == status
    return {Path(row["sample"]).name: float(row["prediction"]) for row in contract.rows_of(file)}


def test_angles_of_a_drive_in_the_order_of_time(run, drive, tmp_path, capsys):
    found = angles_of(tmp_path, run, drive)
    assert list(found) == [f"{number}_cam.png" for number in range(12)]  # 9 before 10
    assert capsys.readouterr().out.splitlines()[0].startswith(f"{drive / '0_cam.png'}: ")
    saved, files = find_saved_model(run)
    reader = saved.inputs(files[0].parent)
    networks = saved.load(files)
    cut = cv2.resize(picture(3)[30:108], (200, 66), interpolation=cv2.INTER_LINEAR).transpose(2, 0, 1)[None]
    for network in networks:
        network.eval()
    scaled = paddle.to_tensor(reader.reader.kind.scale(cut))
    expected = np.mean([network(scaled).numpy() for network in networks])
    assert found["3_cam.png"] == pytest.approx(expected, abs=1e-5)
    turned = angles_of(tmp_path, run, drive.parent / "mirrored")
    np.testing.assert_allclose(list(found.values()), np.negative(list(turned.values())), atol=1e-5)


@pytest.mark.parametrize("name", ["drive.avi", "drive.mp4"])
def test_a_video_has_a_frame_for_each_picture(run, drive, tmp_path, name):
    angles_of(tmp_path, run, drive, "--draw", tmp_path / name)
    video = cv2.VideoCapture(str(tmp_path / name))
    frames = 0
    while video.read()[0]:
        frames += 1
    size = (video.get(cv2.CAP_PROP_FRAME_WIDTH), video.get(cv2.CAP_PROP_FRAME_HEIGHT))
    assert (frames, size) == (12, (320.0, 240.0))


def test_a_strip_shows_the_drive(run, drive, tmp_path):
    angles_of(tmp_path, run, drive, "--draw", tmp_path / "strip.png")
    assert cv2.imread(str(tmp_path / "strip.png")).shape == (2 * 240, 6 * 320, 3)
    angles_of(tmp_path, run, drive / "0_cam.png", "--draw", tmp_path / "one.jpg")
    assert cv2.imread(str(tmp_path / "one.jpg")).shape == (240, 320, 3)


def test_the_pointer_points_where_the_angle_says():
    grey = np.full((120, 160, 3), 90, np.uint8)
    for angle, side in ((0.8, 1), (-0.8, -1), (0.0, 0)):
        green = with_angle(grey, angle)[..., 1] > 180
        columns = (
            np.flatnonzero(green[:200, 100:].any(axis=0)) + 100 - 160
            if side >= 0
            else np.flatnonzero(green[:200].any(axis=0)) - 160
        )
        assert (np.sign(columns.mean()) == side) if side else abs(columns.mean()) < 12


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--draw", "drive.gif"), "--draw drive.gif: a video ends in .mp4 or .avi, a strip in .png or .jpg"),
        (("--draw", "/no/such/place/drive.png"), "--draw /no/such/place/drive.png: cannot be written"),
        (("--draw", "/no/such/place/drive.avi"), "--draw /no/such/place/drive.avi: cannot be written"),
        (("--tta",), "--tta: a network for roads takes the mirror image"),
    ],
)
def test_what_cannot_be_done_is_one_line(run, drive, capsys, arguments, says):
    assert predict.main([str(run), str(drive), "--device", "cpu", *arguments]) != 0
    assert says in capsys.readouterr().err.splitlines()[-1]


def test_a_network_for_digits_draws_no_angles(tmp_path, capsys):
    (tmp_path / "digits" / "checkpoints").mkdir(parents=True)
    run = make_run(tmp_path / "digits")
    assert predict.main([str(run), str(tmp_path), "--device", "cpu", "--draw", "a.png"]) != 0
    assert "--draw: draws steering angles, and two_conv_net gives none" in capsys.readouterr().err


@pytest.mark.parametrize("crop", [[0.5, 0.6], [-0.1, 0.0], [0.1], "top", [None, 0.1]])
def test_a_strangers_crop_is_one_line(run, drive, capsys, crop):
    change(run / "checkpoints" / "model.json", crop=crop)
    assert predict.main([str(run), str(drive), "--device", "cpu"]) != 0
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("error: ") and "crop" in said or "model.json: damaged" in said


def test_pictures_of_a_folder_are_sorted_by_their_numbers(tmp_path):
    for name in ("10.png", "9.png", "a2.png", "a10.png", "A1.png", "009.png"):
        write(tmp_path / name, picture(0))
    names = [path.name for path in pictures_at(tmp_path, False, pytest.fail)]
    assert names == ["009.png", "9.png", "10.png", "A1.png", "a2.png", "a10.png"]


def test_on_the_page_a_pointer_shows_the_angle(run, drive):
    file = drive / "0_cam.png"
    tried = Trial.load(run).picture(file, "0_cam.png")
    (said,), (driven,) = tried.said, tried.driven
    assert tried.maps == () and driven.shape[1:] == (320, 3)
    expected = with_angle(cv2.imread(str(file)), float(said.prediction))
    assert np.array_equal(driven, expected[..., ::-1])
