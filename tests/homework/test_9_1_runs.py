"""Homework 9-1's runs from end to end: killed and resumed, on AI Studio's zips, with augmented pictures."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pytest

import homework
from homework.hw9_1_resnet_decay import experiment as hw
from paddle_camp.data.fundus.standin import write_fundus_standin
from paddle_camp.errors import CampError, DataError
from paddle_camp.running.options import Options
from paddle_camp.training import checkpoint

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests" / "helpers" / "toy_homework.py"
TINY = (
    "model=toy",
    "image_size=32",
    "num_epochs=3",
    "train_pictures=40",
    "valid_pictures=20",
    "batch_size=2",
    "num_seeds=1",
)


def command(out: Path, *arguments: str) -> list[str]:
    return [sys.executable, str(SCRIPT), "9-1", "--device", "cpu", "--out", str(out), *arguments]


def kill_at(line: str, occurrence: int, arguments: list[str]) -> None:
    """Start a run and SIGKILL it when ``line`` has appeared on stderr for the given time."""
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    for text in process.stderr:
        occurrence -= line in text
        if occurrence == 0:
            process.send_signal(signal.SIGKILL)
            break
    process.stderr.close()
    assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize("model", ["toy", pytest.param("resnet18", marks=pytest.mark.slow)])
def test_killed_twice_and_resumed_ends_with_the_same_bits(tmp_path, model):
    overrides = [part for text in (f"model={model}", *TINY[1:]) for part in ("-o", text)]
    start = ["--data", "synthetic", *overrides]
    subprocess.run(command(tmp_path / "whole", *start), check=True, capture_output=True)
    kill_at("epoch: 1, batch_id: 10", 1, command(tmp_path / "cut", *start))  # in the constant run
    resume = command(tmp_path / "cut", "--resume")
    kill_at("epoch: 2, batch_id: 10", 2, resume)  # the second time: in the decayed run
    left = json.loads((tmp_path / "cut/9-1/latest/metrics.json").read_text(encoding="utf-8"))
    assert left["status"] == "running"
    assert left["data"]["origin"] == "synthetic"
    assert (tmp_path / "cut/9-1/latest/checkpoints/decayed-0").is_dir()
    subprocess.run(resume, check=True, capture_output=True)
    assert len(list((tmp_path / "cut/9-1").glob("2*"))) == 1  # it went on in its own folder
    whole, cut = (tmp_path / name / "9-1" / "latest" for name in ("whole", "cut"))
    results = [json.loads((f / "metrics.json").read_text(encoding="utf-8"))["results"] for f in (whole, cut)]
    assert results[0] == results[1]
    for name in ("last", "best"):
        one, other = (checkpoint.read_arrays(f / "checkpoints" / f"{name}.pdparams") for f in (whole, cut))
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[key], other[key]) for key in one)
    done = subprocess.run(resume, capture_output=True, text=True)
    assert done.returncode == 2
    assert "is done already" in done.stderr


def test_a_run_is_resumed_on_its_own_data_or_not_at_all(toy_in_the_zoo, tmp_path, monkeypatch):
    """The folder that $PADDLE_CAMP_DATA named is remembered; other pictures in it are refused."""
    root = write_fundus_standin(tmp_path / "one" / "ichallenge-pm", 30, 20, seed=1, image_size=48)
    options = Options(out=str(tmp_path / "runs"), overrides=(*TINY[:3], "batch_size=10", "num_seeds=1"))

    def interrupt(*arguments, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setenv("PADDLE_CAMP_DATA", str(tmp_path / "one"))
        patch.setattr(hw, "find_plateau", interrupt)
        patch.setattr(hw, "guessing_loss", lambda labels: 100.0)  # the toy learns nothing in three epochs
        with pytest.raises(KeyboardInterrupt):
            homework.run("9-1", options)
    again = Options(out=str(tmp_path / "runs"), resume="")
    with pytest.raises(CampError, match="--seed 0; leave --seed out"):
        homework.run("9-1", replace(again, seed=5))
    kept = root.rename(tmp_path / "kept")
    write_fundus_standin(root, 30, 20, seed=2, image_size=48)
    with pytest.raises(DataError, match="other data than the run began with"):
        homework.run("9-1", again)
    answer, path = homework.run("9-1", replace(again, data_dir=str(kept)))
    metrics = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
    assert (metrics["data"]["origin"], metrics["data"]["path"]) == ("real", str(kept))
    assert metrics["seconds"] > 0


def ai_studio_zips(root: Path, folder: Path) -> Path:
    """Pack a data set the way AI Studio serves it: a zip in a zip, and the labels in an xlsx."""
    folder.mkdir()
    with zipfile.ZipFile(folder / "inner.zip", "w") as archive:
        for picture in (root / "PALM-Training400").iterdir():
            archive.write(picture, f"PALM-Training400/{picture.name}")
    with zipfile.ZipFile(folder / "training.zip", "w") as archive:
        archive.write(folder / "inner.zip", "PALM-Training400/PALM-Training400.zip")
    (folder / "inner.zip").unlink()
    with zipfile.ZipFile(folder / "validation.zip", "w") as archive:
        for picture in (root / "PALM-Validation400").iterdir():
            archive.write(picture, f"PALM-Validation400/{picture.name}")
    book = openpyxl.Workbook()
    for row in csv.reader((root / "PALM-Validation-GT" / "labels.csv").open(encoding="utf-8")):
        book.active.append([int(cell) if cell.isdigit() else cell for cell in row])
    book.save(folder / "labels.xlsx")
    with zipfile.ZipFile(folder / "valid_gt.zip", "w") as archive:
        archive.write(folder / "labels.xlsx", "PALM-Validation-GT/PM_Label_and_Fovea_Location.xlsx")
    (folder / "labels.xlsx").unlink()
    return folder


def test_ai_studios_zips_give_the_numbers_of_the_folders(toy_in_the_zoo, tmp_path):
    root = write_fundus_standin(tmp_path / "ichallenge-pm", 40, 20, seed=3, image_size=48)
    zips = ai_studio_zips(root, tmp_path / "zips")
    shorter = (*TINY[:2], "num_epochs=3", "batch_size=10", "num_seeds=1")
    results = []
    for folder in (tmp_path, zips):
        options = Options(data_dir=str(folder), out=str(tmp_path / "runs"), overrides=shorter)
        answer, path = homework.run("9-1", options)
        metrics = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
        assert metrics["data"]["origin"] == "real"
        assert answer.results == metrics["results"]
        results.append(metrics["results"])
    assert results[0] == results[1]


def test_names_that_are_no_utf_8_go_through_a_run(toy_in_the_zoo, tmp_path):
    """Pictures and their folder, unzipped on a Chinese Windows: their names are GBK."""
    gbk = os.fsdecode("数据".encode("gbk"))
    root = write_fundus_standin(tmp_path / "a" / "ichallenge-pm", 40, 20, seed=3, image_size=48)
    try:
        (root.parent).rename(tmp_path / gbk)
    except OSError:
        pytest.skip("the file system takes UTF-8 names only")
    root = tmp_path / gbk / "ichallenge-pm"
    first = sorted((root / "PALM-Training400").iterdir())[0]
    first.rename(first.with_name(f"{first.stem}{gbk}.jpg"))
    shorter = (*TINY[:2], "num_epochs=3", "batch_size=10", "num_seeds=1")
    options = Options(data_dir=str(tmp_path / gbk), out=str(tmp_path / "runs"), overrides=shorter)
    path = homework.run("9-1", options)[1]
    metrics = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["status"] == "done" and metrics["data"]["path"] == str(root)
    assert (path / "report.html").exists() and (path / "predictions.csv").read_text(encoding="utf-8")


def test_augmented_pictures_and_one_logit_are_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(hw, "guessing_loss", lambda labels: 100.0)  # so few steps show nothing
    overrides = ("augment=true", "num_classes=1", "model=resnet18", *TINY[1:5], "batch_size=10", "num_seeds=1")
    answer, path = homework.run("9-1", Options(data="synthetic", out=str(tmp_path), overrides=overrides))
    assert answer.results["augment"] and answer.results["model"] == "resnet18"
    assert "随机翻转" in answer.text and "resnet18" in answer.text
    assert checkpoint.read_arrays(path / "checkpoints" / "last.pdparams")["fc.weight"].shape == (512, 1)
    assert cv2.imread(str(path / "figures" / "decay.png")) is not None
