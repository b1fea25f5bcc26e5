"""A run's folder: made when it is first used, so that a start that fails leaves the last good run alone."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

import homework
from paddle_camp.data.info import DataInfo, WeightsInfo
from paddle_camp.errors import CheckpointError
from paddle_camp.files import write_sealed
from paddle_camp.networks.perceptron import perceptron
from paddle_camp.plots.style import new_figure
from paddle_camp.predicting.saved_model import SavedModel
from paddle_camp.running.context import Context
from paddle_camp.running.options import Options
from paddle_camp.sweeps.grid import diverged
from paddle_camp.training import checkpoint
from tools import run_homework

TINY = ("--quick", "--data", "synthetic", "-o", "num_epochs=3", "-o", "train_pictures=24", "-o", "valid_pictures=8")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where a good run of 1-1 is `latest`."""
    out = tmp_path_factory.mktemp("runs")
    assert run_homework.main(["1-1", "--quick", "--data", "synthetic", "--out", str(out)]) == 0
    return out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--data-dir", "/nowhere"], "/nowhere: does not exist"),
        (["-o", "learning_rate=-1"], "learning_rate"),
        (["-o", "rate=1"], "there is no setting 'rate'"),
        (["--device", "tpu"], "--device tpu"),
        (["--resume", "/nowhere"], "is no run folder"),
    ],
)
def test_a_failed_start_makes_no_folder_and_never_takes_over_latest(place, arguments, says, capsys):
    before = sorted(path.name for path in (place / "1-1").iterdir())
    good = (place / "1-1" / "latest").resolve()
    assert run_homework.main(["1-1", "--out", str(place), *arguments]) == 2
    assert says in capsys.readouterr().err
    assert sorted(path.name for path in (place / "1-1").iterdir()) == before
    assert (place / "1-1" / "latest").resolve() == good


def test_a_first_start_that_fails_leaves_nothing(tmp_path, capsys):
    assert run_homework.main(["9-1", "--data-dir", "/nowhere", "--out", str(tmp_path / "runs")]) == 2
    assert "/nowhere" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_pictures_that_the_network_does_not_take_are_found_before_the_folder_is_made(tmp_path, capsys):
    arguments = ["9-1", *TINY, "-o", "model=alexnet", "-o", "image_size=32", "--out", str(tmp_path / "runs")]
    assert run_homework.main(arguments) == 2
    assert "model=alexnet does not take pictures of 3 x 32 x 32" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_an_interruption_before_anything_was_written_leaves_nothing(tmp_path, monkeypatch, capsys):
    def interrupted(settings, context):
        raise KeyboardInterrupt

    monkeypatch.setattr(homework.CATALOGUE.load("1-1"), "run", interrupted)
    assert run_homework.main(["1-1", "--quick", "--out", str(tmp_path / "runs")]) == 130
    assert not (tmp_path / "runs").exists()
    assert "go on with" not in capsys.readouterr().err  # there is nothing to go on with


def test_a_folder_that_was_made_has_its_records_from_the_first_moment(tmp_path, monkeypatch):
    seen = {}

    def look(settings, context):
        assert not context.is_open
        seen.update({name: json.loads((context.path / f"{name}.json").read_text()) for name in ("metrics", "config")})
        assert (tmp_path / "1-1" / "latest").resolve() == context.path.resolve()
        raise KeyboardInterrupt

    monkeypatch.setattr(homework.CATALOGUE.load("1-1"), "run", look)
    assert run_homework.main(["1-1", "--quick", "--out", str(tmp_path)]) == 130
    assert seen["metrics"]["status"] == "running" and seen["config"]["homework"] == "1-1"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"options": {"seed": "0"}}, "the saved setting seed is '0', of another type"),
        ({"options": []}, "the saved settings are no object"),
        ({"options": {"device": 5}}, "the saved setting device is '5', of another type"),
        ({"data": {"name": "x"}}, "damaged or of another version"),
        ({"data": 5}, "damaged or of another version"),
        ({"weights": {"lite": {"origin": "random"}}}, "damaged or of another version"),
        ({"weights": 5}, "damaged or of another version"),
        ({"settings": {"learning_rate": "fast"}}, "the saved setting learning_rate is 'fast', of another type"),
        ({"settings": None}, "the saved settings are no object"),
    ],
)
def test_a_strangers_configuration_is_one_line(tmp_path, change, says, capsys):
    """Its checksum is right: who writes a file can write that too."""
    config = {"homework": "1-1", "settings": {}, "options": {}} | change
    write_sealed(tmp_path / "config.json", config)
    assert run_homework.main(["1-1", "--resume", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


def context_in(folder, **options) -> Context:
    """The context of a run in an existing folder."""
    return Context("1-1", lambda: folder, Options(**options), {}, environment={})


def test_data_are_loaded_as_the_options_say_and_announced(tmp_path, capsys):
    seen = {}

    def loader(data, data_dir, **arguments):
        seen.update(arguments, data=data, data_dir=data_dir)
        return SimpleNamespace(info=DataInfo("Toys", "synthetic", "/toys", {"train": 3}, "f1"), how="the program")

    context = context_in(tmp_path, data="synthetic", data_dir=tmp_path)
    assert context.load(loader, counts=(3, None)).info is context.data
    assert seen == {"data": "synthetic", "data_dir": str(tmp_path), "counts": (3, None)}
    said = capsys.readouterr().err
    assert "data: Toys, synthetic, 3 train; from the program: /toys" in said
    assert "*** STAND-IN DATA, GENERATED: NOT TOYS ***" in said and not context.is_open


RANDOM = WeightsInfo("lite", "random", how="pip install -e .[pretrained]")
LITE = WeightsInfo("lite", "imagenet", "/lite.pth", "sha256:1", "lite 0.1.0")


def test_pretrained_weights_are_announced_and_noted(tmp_path, capsys):
    context = context_in(tmp_path)
    context.announce_weights(LITE)
    assert capsys.readouterr().err == "weights: lite, imagenet; from lite 0.1.0: /lite.pth\n"
    assert context.stand_ins == [] and not context.is_open
    context.open()
    assert json.loads((tmp_path / "metrics.json").read_text("utf-8"))["weights"] == {"lite": "imagenet"}
    assert json.loads((tmp_path / "config.json").read_text("utf-8"))["weights"]["lite"]["fingerprint"] == "sha256:1"


def test_random_weights_are_as_loud_as_stand_in_data(tmp_path, capsys):
    context = context_in(tmp_path)
    context.data = DataInfo("Toys", "synthetic", "/toys", {"train": 3}, "f1")
    context.announce_weights(RANDOM)
    said = capsys.readouterr().err
    assert "*** RANDOM WEIGHTS, NOT PRETRAINED: LITE *** " in said and "pip install -e .[pretrained]" in said
    assert context.stand_ins == [context.data, RANDOM]
    figure = new_figure(3, "Toys", None)
    context.save_figure("toys", figure)
    (note,) = [text.get_text() for text in figure.texts if "random" in text.get_text()]
    assert note == "stand-in data, generated: not Toys; random weights, not pretrained: lite"
    assert "随机" in RANDOM.stand_in_zh and "随机" in RANDOM.stand_in_short_zh


def test_a_resumed_run_begins_with_the_same_weights(tmp_path):
    for info, data in ((LITE, "f1"), (LITE, "f1")):
        context = context_in(tmp_path)
        context.open()
        context.announce(DataInfo("Toys", "real", "/toys", {"train": 3}, data), "the disk")
        context.announce_weights(info)
    again = context_in(tmp_path)
    again.open()
    again.announce(DataInfo("Toys", "real", "/toys", {"train": 3}, "f1"), "the disk")
    with pytest.raises(CheckpointError, match="lite begins with random weights, the run began with /lite.pth"):
        again.announce_weights(RANDOM)


def test_a_training_is_published_with_what_it_is(tmp_path):
    context = context_in(tmp_path)
    context.data = DataInfo("Toys", "real", "/toys", {"train": 3}, "f1")
    training = context.checkpoints / "winner"
    training.mkdir(parents=True)
    for name in ("last", "best"):
        for part in (".pdparams", ".pdopt", ".state.json"):
            (training / f"{name}{part}").write_text(f"{name}{part}", encoding="utf-8")
    written = []
    context.publish(training, SimpleNamespace(write=lambda folder, data: written.append((folder, data))))
    assert written == [(context.checkpoints, context.data)]
    assert (context.checkpoints / "best.pdparams").read_text("utf-8") == "best.pdparams"
    assert (context.checkpoints / "last.state.json").read_text("utf-8") == "last.state.json"


def test_where_nothing_chose_a_best_the_last_is_published_as_it(tmp_path):
    context, training = context_in(tmp_path), tmp_path / "training"
    training.mkdir()
    for part in (".pdparams", ".pdopt", ".state.json"):
        (training / f"last{part}").write_text(f"last{part}", encoding="utf-8")
    context.publish(training, SimpleNamespace(write=lambda folder, data: None))
    found = {path.name: path.read_text("utf-8") for path in context.checkpoints.iterdir() if path.suffix == ".pdparams"}
    assert found == {"last.pdparams": "last.pdparams", "best.pdparams": "last.pdparams"}


@pytest.mark.parametrize("count", [1, 3])
def test_an_ensemble_keeps_every_network_and_a_single_one_is_no_ensemble(tmp_path, count):
    context = context_in(tmp_path)
    context.data = DataInfo("Toys", "real", "/toys", {"train": 3}, "f1")
    folders = [context.checkpoints / f"recipe-{seed}" for seed in range(count)]
    for seed, folder in enumerate(folders):
        folder.mkdir(parents=True)
        checkpoint.save(folder, "last", perceptron((2, 1 + seed)), [], {"step": 0})
    saved = context.publish_ensemble(folders, SavedModel("lenet", "digits"))
    names = [f"recipe-{seed}.pdparams" for seed in range(count)] if count > 1 else []
    written = json.loads((context.checkpoints / "model.json").read_text("utf-8"))["weights"]
    assert list(saved.weights) == written == names
    for folder, kept in zip(folders, saved.files(context.checkpoints), strict=True):
        assert kept.read_bytes() == (folder / "last.pdparams").read_bytes()
    first = (folders[0] / "last.pdparams").read_bytes()
    assert all((context.checkpoints / f"{name}.pdparams").read_bytes() == first for name in ("last", "best"))


def cell(rate: float, seed: int, offset: float) -> dict:
    """A cell of a grid."""
    return {"diverged": 3} if rate > 1 else {"loss": rate + seed + offset}


def test_a_grid_of_the_run_is_kept_in_its_folder(tmp_path):
    context = context_in(tmp_path)
    grid = context.grid(cell, {"rate": (0.5, 2.0), "seed": (0, 1)}, common={"offset": 10})
    assert grid.at(rate=0.5, seed=1) == {"loss": 11.5} and diverged(grid.at(rate=2.0, seed=0))
    assert len(list((tmp_path / "cells").glob("*.json"))) == 4
