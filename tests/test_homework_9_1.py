"""Homework 9-1: the rule, the forks, the quick run's contract and findings, kills, and AI Studio's zips."""

from __future__ import annotations

import contextlib
import csv
import io
import json
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
from homework import hw9_1_resnet_decay as hw
from paddle_camp import checkpoint
from paddle_camp.errors import CampError, DataError
from paddle_camp.readers import downloads
from paddle_camp.readers.synthetic import write_fundus_standin
from paddle_camp.runs import Options
from tests import contract
from tools import run_homework

ROOT = Path(__file__).resolve().parents[1]
TINY = ("model=resnet18", "image_size=32", "num_epochs=3", "train_pictures=40", "valid_pictures=20", "batch_size=2")


def noisy(values, seed=0):
    return (np.asarray(values) + np.random.default_rng(seed).normal(0, 0.05, len(values))).tolist()


def test_the_plateau_of_a_falling_and_then_flat_loss_is_found_where_it_begins():
    losses = noisy(np.concatenate([np.linspace(1.0, 0.3, 100), np.full(100, 0.3)]))
    plateau = hw.find_plateau(losses, window=20)
    assert plateau.found
    assert 100 <= plateau.step <= 120  # the last falling step must have left the window of 20
    assert plateau.before - plateau.after < plateau.noise


def test_a_flat_loss_is_a_plateau_from_the_first_window_on():
    assert hw.find_plateau(noisy(np.full(100, 0.5), seed=1), window=20).step <= 25


def test_a_loss_that_keeps_falling_has_no_plateau():
    plateau = hw.find_plateau(noisy(np.linspace(1.0, 0.0, 200)), window=20)
    assert not plateau.found
    assert plateau.before - plateau.after > plateau.noise


def test_a_noisy_start_is_no_plateau():
    """The rule must not stop at the first epochs, whose scatter hides any gain from one epoch to the next."""
    rng = np.random.default_rng(2)
    losses = np.concatenate([0.9 + rng.normal(0, 0.5, 40), np.full(60, 0.2) + rng.normal(0, 0.05, 60)])
    assert hw.find_plateau(losses.tolist(), window=20).step > 40


@pytest.mark.parametrize("epochs", [3, 5, 8])
def test_the_other_decays_lie_before_and_after(epochs):
    for plateau in range(36, 36 * (epochs - 1) + 1):
        places = hw.choose_boundaries(plateau, 36, epochs)
        assert 0 < places["too early"] < places["decayed"] == plateau < places["too late"] < 36 * epochs


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("model=resnet5", "the zoo has"),
        ("num_epochs=2", "at least 3 epochs"),
        ("holdout=0", "between 0 and 1"),
        ("momentum=nan", "from 0 to below 1"),
        ("train_pictures=0", "positive number"),
        ("holdout=0.01", "leaves one part empty"),
        ("batch_size=500", "two steps or more"),
        ("model=alexnet", "model=alexnet does not take pictures of 3 x 32 x 32: try another image_size or model"),
        ("model=lenet", "model=lenet does not take pictures of 3 x 32 x 32"),
    ],
)
def test_a_setting_out_of_range_is_one_line_before_any_training(override, says, tmp_path):
    small = () if override.startswith("train_pictures") else ("train_pictures=30",)
    overrides = ("image_size=32", "valid_pictures=10", *small, override)
    contract.refused("9-1", tmp_path, says, *overrides)


def command(out: Path, *arguments: str) -> list[str]:
    script = str(ROOT / "tools" / "run_homework.py")
    return [sys.executable, script, "9-1", "--device", "cpu", "--out", str(out), *arguments]


@pytest.fixture(scope="module")
def quick(tmp_path_factory) -> tuple[Path, str]:
    """The folder of a ``--quick`` run on a machine without any data, and what it printed on stderr."""
    out, said = tmp_path_factory.mktemp("quick"), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(said):
        patch.setattr(downloads, "find", lambda *arguments: None)
        assert run_homework.main(["9-1", "--quick", "--out", str(out)]) == 0, said.getvalue()[-2000:]
    return out / "9-1" / "latest", said.getvalue()


def test_quick_leaves_every_file_of_the_contract(quick):
    folder, _ = quick
    names = ["config.json", "env.json", "metrics.json", "history.csv", "steps.csv", "answer.md", "report.html"]
    names += ["predictions.csv", *(f"figures/{n}.png" for n in ("decay", "roc", "confusion", "pictures"))]
    names += [f"checkpoints/{n}{part}" for n in ("last", "best") for part in (".pdparams", ".pdopt", ".state.json")]
    assert [name for name in names if not (folder / name).is_file()] == []
    assert folder.resolve().parent == folder.parent.resolve()
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert set(metrics) == {"homework", "status", "data", "seed", "device", "seconds", "results"}
    assert (metrics["homework"], metrics["status"], metrics["seed"]) == ("9-1", "done", 0)
    assert (metrics["data"]["origin"], metrics["data"]["train"], metrics["data"]["valid"]) == ("synthetic", 200, 100)


def test_quick_says_that_it_used_the_stand_in(quick):
    folder, stderr = quick
    assert "STAND-IN DATA" in stderr
    assert "替代数据" in (folder / "answer.md").read_text(encoding="utf-8").splitlines()[0]
    assert "替代数据" in (folder / "report.html").read_text(encoding="utf-8")


def test_quick_finds_the_plateau_and_decays_there(quick):
    folder, _ = quick
    results = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["results"]
    assert results["plateau"]["found"]
    steps = contract.rows_of(folder / "steps.csv")
    losses = [float(row["loss"]) for row in steps if row["run"] == "constant"]
    assert vars(hw.find_plateau(losses, results["steps_per_epoch"])) == results["plateau"]
    for name, run in results["runs"].items():
        boundary = run["boundary"] or len(losses)
        mine = [row for row in steps if row["run"] == name]
        assert [float(row["loss"]) for row in mine[:boundary]] == losses[:boundary]  # one past, one computation
        expected = [0.001] * boundary + [0.0001] * (len(losses) - boundary)
        assert [float(row["learning_rate"]) for row in mine] == expected
    assert results["runs"]["decayed"]["validation_auc"] > 0.6  # 100 drawn pictures; chance is 0.5


def test_the_answer_says_the_numbers_of_the_run(quick):
    folder, _ = quick
    results = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["results"]
    answer = (folder / "answer.md").read_text(encoding="utf-8")
    assert f"第 {results['plateau']['step']} 步" in answer
    for run in results["runs"].values():
        assert f"{100 * run['validation_accuracy']:.2f}%" in answer
    for figure in (folder / "figures").iterdir():
        assert f"(figures/{figure.name})" in answer


def test_the_predictions_give_the_accuracy_of_the_metrics(quick):
    folder, _ = quick
    rows = contract.rows_of(folder / "predictions.csv")
    assert list(rows[0]) == ["sample", "label", "probability_0", "probability_1"]
    assert all(float(row["probability_0"]) + float(row["probability_1"]) == pytest.approx(1) for row in rows)
    right = np.mean([(float(row["probability_1"]) > 0.5) == (row["label"] == "1") for row in rows])
    results = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["results"]
    assert right == pytest.approx(results["runs"]["decayed"]["validation_accuracy"])


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


def test_killed_twice_and_resumed_ends_with_the_same_bits(tmp_path):
    overrides = [part for text in TINY for part in ("-o", text)]
    start = ["--data", "synthetic", *overrides]
    subprocess.run(command(tmp_path / "whole", *start), check=True, capture_output=True)
    kill_at("epoch: 1, batch_id: 10", 1, command(tmp_path / "cut", *start))  # in the constant run
    resume = command(tmp_path / "cut", "--resume")
    kill_at("epoch: 2, batch_id: 10", 2, resume)  # the second time: in the decayed run
    left = json.loads((tmp_path / "cut/9-1/latest/metrics.json").read_text(encoding="utf-8"))
    assert left["status"] == "running"
    assert left["data"]["origin"] == "synthetic"
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


def test_a_run_is_resumed_on_its_own_data_or_not_at_all(tmp_path, monkeypatch):
    """The folder that $PADDLE_CAMP_DATA named is remembered; other pictures in it are refused."""
    root = write_fundus_standin(tmp_path / "one" / "ichallenge-pm", 30, 20, seed=1, image_size=48)
    options = Options(out=str(tmp_path / "runs"), overrides=(*TINY[:3], "batch_size=10"))

    def interrupt(*arguments, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setenv("PADDLE_CAMP_DATA", str(tmp_path / "one"))
        patch.setattr(hw, "find_plateau", interrupt)
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


def test_ai_studios_zips_give_the_numbers_of_the_folders(tmp_path):
    root = write_fundus_standin(tmp_path / "ichallenge-pm", 40, 20, seed=3, image_size=48)
    zips = ai_studio_zips(root, tmp_path / "zips")
    shorter = (*TINY[:2], "num_epochs=3", "batch_size=10")
    results = []
    for folder in (tmp_path, zips):
        options = Options(data_dir=str(folder), out=str(tmp_path / "runs"), overrides=shorter)
        answer, path = homework.run("9-1", options)
        metrics = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
        assert metrics["data"]["origin"] == "real"
        assert answer.results == metrics["results"]
        results.append(metrics["results"])
    assert results[0] == results[1]


def test_augmented_pictures_and_one_logit_are_reported(tmp_path):
    overrides = ("augment=true", "num_classes=1", *TINY[:5], "batch_size=10")
    answer, path = homework.run("9-1", Options(data="synthetic", out=str(tmp_path), overrides=overrides))
    assert answer.results["augment"] and answer.results["model"] == "resnet18"
    assert "随机翻转" in answer.text and "resnet18" in answer.text
    assert checkpoint.read_arrays(path / "checkpoints" / "last.pdparams")["fc.weight"].shape == (512, 1)
    assert cv2.imread(str(path / "figures" / "decay.png")) is not None
