"""``--config FILE``: a run again, from a file that may be a stranger's or edited by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from paddle_camp.commands import run
from paddle_camp.errors import CampError
from paddle_camp.running.again import settings_of
from paddle_camp.running.catalogue import Catalogue
from paddle_camp.running.options import Options
from paddle_camp.running.ranges import File, HyperParameters
from paddle_camp.running.runner import run_assignment


@pytest.fixture
def first(toys: Catalogue, tmp_path: Path) -> Path:
    """The ``config.json`` of a run with settings of its own, on real data."""
    options = Options(out=str(tmp_path / "first"), data="real", seed=3, quick=True, overrides=("layers=4,5",))
    return run_assignment(toys, "1-1", options)[1] / "config.json"


def run_again(toys: Catalogue, file: Path, *arguments: str) -> tuple[int, dict]:
    """(exit status, config of the new run or {})."""
    out = file.parent.parent.parent.parent / "again"
    status = run.main(toys, [*arguments, "--config", str(file), "--out", str(out)])
    config = out / "1-1" / "latest" / "config.json"
    return status, json.loads(config.read_text("utf-8")) if config.exists() else {}


def edit(file: Path, **values) -> None:
    """Change the file as an editor would: its checksum does not fit any more."""
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | values), encoding="utf-8")


@pytest.mark.parametrize("ids", [(), ("1-1",)])
def test_settings_seed_and_data_are_those_of_the_file(toys, first, ids):
    status, config = run_again(toys, first, *ids)
    assert status == 0
    assert config["settings"] == {"rate": 0.2, "count": 3, "layers": [4, 5]}
    assert (config["options"]["seed"], config["options"]["data"], config["data"]["origin"]) == (3, "real", "real")


def test_the_results_are_the_same(toys, first):
    run_again(toys, first)
    again = first.parent.parent.parent.parent / "again" / "1-1" / "latest"
    texts = [json.loads((folder / "metrics.json").read_text("utf-8"))["results"] for folder in (first.parent, again)]
    assert texts[0] == texts[1]


def test_what_the_command_line_says_goes_before_it(toys, first):
    status, config = run_again(toys, first, "-o", "rate=0.7", "--seed", "0", "--data", "synthetic")
    assert status == 0
    assert config["settings"] == {"rate": 0.7, "count": 3, "layers": [4, 5]}
    assert (config["options"]["seed"], config["data"]["origin"]) == (0, "synthetic")


def test_a_run_that_found_no_real_data_is_run_again_on_the_stand_in(toys, first):
    value = json.loads(first.read_text("utf-8"))
    edit(first, data=value["data"] | {"origin": "synthetic"}, options=value["options"] | {"data": "auto"})
    assert run_again(toys, first)[1]["options"]["data"] == "synthetic"


def test_other_data_than_the_files_are_said(toys, first, capsys):
    run_again(toys, first)
    assert "--config" not in capsys.readouterr().err
    run_again(toys, first, "-o", "count=4")
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "--config" in line]
    assert line == "--config: its run used other data than /toys: the numbers will differ"


def test_a_file_that_is_edited_by_hand_is_welcome(toys, first):
    first.write_text('{"homework": "1-1", "settings": {"rate": 1}}', encoding="utf-8")
    status, config = run_again(toys, first)
    assert status == 0
    assert config["settings"] == {"rate": 1.0, "count": 3, "layers": [1, 2]} and config["options"]["seed"] == 0
    assert isinstance(config["settings"]["rate"], float)  # Paddle takes no whole number for a rate


def test_no_path_is_taken_from_the_file(toys, first, tmp_path):
    value = json.loads(first.read_text("utf-8"))
    paths = {"out": str(tmp_path / "stranger"), "data_dir": "/stranger", "resume": "/stranger", "config": "/stranger"}
    edit(first, options=value["options"] | paths | {"cluster": "stranger:1", "debug": True})
    status, config = run_again(toys, first)
    assert status == 0 and not (tmp_path / "stranger").exists()
    assert {key: config["options"][key] for key in ("data_dir", "resume", "cluster", "debug")} == {
        "data_dir": None,
        "resume": None,
        "cluster": None,
        "debug": False,
    }


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"homework": "9-9"}, "there is no homework '9-9'"),
        ({"homework": ["1-1"]}, "names no homework with its settings"),
        ({"settings": None}, "names no homework with its settings"),
        ({"settings": {"momentum": 0.9}}, "these saved settings are not known to this version: momentum"),
        ({"settings": {"rate": "fast"}}, "the saved setting rate is 'fast', of another type"),
        ({"settings": {"rate": float("nan")}}, "the saved setting rate is 'nan', of another type"),
        ({"settings": {"rate": -1}}, "rate=-1.0: must be positive"),
        ({"settings": {"layers": [[1]]}}, "the saved setting layers is '((1,),)', of another type"),
        ({"options": {"seed": "3"}}, "the saved setting seed is '3', of another type"),
        ({"options": {"seed": -3}}, "--seed -3: give 0 or a positive number"),
        ({"options": {"amp": 1}}, "the saved setting amp is '1', of another type"),
    ],
)
def test_a_strangers_file_is_one_line(toys, first, values, says, capsys):
    edit(first, **values)
    capsys.readouterr()
    assert run_again(toys, first) == (2, {})
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line and ("--config" in line or "9-9" in line)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--quick"], "--config has its own settings: leave out --quick"),
        (["1-1", "--resume"], "leave out -o, --quick and --config"),
        (["camp", "9-1"], "is of homework 1-1, not of 1-1 9-1; leave the ID out"),
        (["9-1"], "is of homework 1-1, not of 9-1; leave the ID out"),
        (["-o", "rate=-2"], "rate=-2.0: must be positive"),
    ],
)
def test_what_does_not_go_with_it_is_one_line(toys, first, arguments, says, capsys):
    capsys.readouterr()
    assert run_again(toys, first, *arguments) == (2, {})
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


@pytest.mark.parametrize("content", [None, "", "{", "[]", "[" * 100_000])
def test_a_file_that_is_no_configuration_is_one_line(toys, tmp_path, content, capsys):
    file = tmp_path / "a" / "b" / "c" / "config.json"
    if content is not None:
        file.parent.mkdir(parents=True)
        file.write_text(content, encoding="utf-8")
    assert run_again(toys, file) == (2, {})
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: --config {file}: ")


def test_a_notebook_runs_it_again_too(toys, first, tmp_path):
    options = Options(config=str(first.parent), out=str(tmp_path / "notebook"))  # the run's folder will do
    answer, folder = run_assignment(toys, "1-1", options)
    assert json.loads((folder / "config.json").read_text("utf-8"))["settings"]["layers"] == [4, 5]
    edit(first, homework="2-1")
    with pytest.raises(CampError, match="is of homework 2-1, not of 1-1"):
        run_assignment(toys, "1-1", options)


@dataclass(frozen=True)
class WithFiles(HyperParameters):
    rate: float = 0.1
    weights: File | None = None


def test_a_setting_that_names_a_file_is_not_taken_and_a_missing_one_is_said(tmp_path, capsys):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"homework": "1-1", "settings": {"weights": "/etc/passwd"}}), encoding="utf-8")
    assert settings_of(str(file), WithFiles) == WithFiles()
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "--config: weights: no path is taken from the file; name your own with -o"
    assert said[1] == "--config: the file does not say rate: the defaults are taken"
