"""The benchmark's command: the files it leaves, its help, its mistakes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from paddle_camp import runtime
from tests.helpers.fake_bench import PYTHON
from tools import benchmark
from tools.benchmarks.groups import GPU_GROUPS, GROUPS
from tools.benchmarks.tables import Column, Report, Table

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = str(ROOT / "tools" / "benchmark.py")


def test_the_files_are_whole_after_every_part(tmp_path):
    facts = {"command": "tools/benchmark.py", "environment": runtime.environment()}
    report = Report(tmp_path, facts)
    table = Table("Steps", "", "network", [Column("s", "A", "seconds")], [("lenet", {"A": [{"seconds": 1.5}]})])
    report.measurements.append({"group": "train", "seconds": 1.5})
    report.put("train", [table])
    table.rows.append(("vgg16", {"A": [{"seconds": 99.0}]}))
    report.put("train", [table])
    text = (tmp_path / "benchmark.md").read_text(encoding="utf-8")
    assert text.count("## train") == 1 and "| vgg16 | 99.0 |" in text
    assert json.loads((tmp_path / "benchmark.json").read_text())["measurements"] == report.measurements


def test_one_group_from_end_to_end(tmp_path, capsys):
    out = tmp_path / "out"
    assert benchmark.main(["startup", "--quick", "--rounds", "1", "--out", str(out)]) == 0
    written = json.loads((out / "benchmark.json").read_text())
    assert [one["contender"] for one in written["measurements"]] == [
        "python -c pass",
        "import paddle",
        "import paddle_camp",
        "run_homework.py --help",
    ]
    assert written["command"] == f"tools/benchmark.py startup --quick --rounds 1 --out {out}"
    assert written["environment"]["cpu"]
    printed = capsys.readouterr().out
    assert "| import paddle | " in printed and "not measured" not in printed
    assert printed.split("tables:")[0].strip() in (out / "benchmark.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("argument", ["--help", "--list"])
def test_help_and_list_load_no_paddle(argument, tmp_path):
    (tmp_path / "paddle.py").write_text("raise SystemExit('paddle was imported')")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([PYTHON, SCRIPT, argument], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    if argument == "--list":
        assert [line.split()[0] for line in done.stdout.splitlines()] == list(GROUPS)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["speed"], "no group 'speed' with --device cpu; there are: train, optimisations, "),
        (["growth", "--device", "gpu"], f"no group 'growth' with --device gpu; there are: {', '.join(GPU_GROUPS)}"),
        (["--rounds", "0"], "--rounds 0: give 1 or more"),
        (["--models", "lenet,resnet51"], "there is no model 'resnet51'"),
        (["--models", "lenet,"], "--models lenet,: names with commas"),
        (["startup", "--out", "{a file}"], "File exists"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments, says, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    arguments = [str(tmp_path / "file") if argument == "{a file}" else argument for argument in arguments]
    assert benchmark.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and says in error


def test_a_gpu_that_is_not_there_is_one_line_and_status_2(capsys, monkeypatch):
    def refuse(name):
        raise runtime.CampError(f"--device {name}: this machine shows 0 GPU(s)")

    monkeypatch.setattr(runtime, "choose_device", refuse)
    assert benchmark.main(["train", "--device", "gpu"]) == 2
    assert capsys.readouterr().err == "error: --device gpu: this machine shows 0 GPU(s)\n"
