"""The command line: fast without paddle, the list, flags without an effect, and any terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import homework
from paddle_camp import machine
from paddle_camp.errors import CampError
from tools import run_homework

ROOT = Path(__file__).resolve().parents[2]
SCRIPT, PREDICT = (str(ROOT / "tools" / name) for name in ("run_homework.py", "predict.py"))


def script(*arguments, tool=SCRIPT, **more):
    return subprocess.run([sys.executable, tool, *arguments], capture_output=True, text=True, **more)


@pytest.mark.parametrize(("tool", "argument"), [(SCRIPT, "--help"), (SCRIPT, "--list"), (PREDICT, "--help")])
def test_help_and_list_load_no_paddle(tool, argument, tmp_path):
    """A paddle that cannot be imported stands for the half second that loading it must not cost."""
    (tmp_path / "paddle.py").write_text("raise SystemExit('paddle was imported')")
    done = script(argument, tool=tool, env=os.environ | {"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    if argument == "--list":
        lines = done.stdout.splitlines()
        courses = list(dict.fromkeys(each.course for each in homework.CATALOGUE.assignments.values()))
        titles = [line.split(":")[0] for line in lines if not line.startswith(" ")]
        assert titles == [*courses, "full run"] and courses[0] == "camp"
        listed = [line.split()[0] for line in lines if line.startswith(" ")]
        assert listed[0] == "ID" and listed[1:] == list(homework.CATALOGUE.assignments)


def test_every_homework_has_a_title_and_its_parts():
    assert homework.CATALOGUE.faults == []
    for name, assignment in homework.CATALOGUE.assignments.items():
        assert assignment.title.startswith(f"作业{name} ") == (assignment.course == "camp")
        module = homework.CATALOGUE.load(name)
        assert module.Settings() != module.QUICK
        assert callable(module.run)


def test_flags_without_an_effect_say_so(monkeypatch, tmp_path, capsys):
    module = homework.CATALOGUE.load("9-1")
    monkeypatch.setattr(module, "run", lambda settings, context: (_ for _ in ()).throw(CampError(str(context.options))))
    monkeypatch.setattr(machine, "why_no_bfloat16", lambda: "no bfloat16")
    flags = ["--amp", "--device", "cpu", "--jobs", "2"]
    assert run_homework.main(["9-1", "--quick", "--out", str(tmp_path), *flags]) == 2
    error = capsys.readouterr().err
    assert "--amp: no bfloat16; the run computes in float32" in error and "amp=False" in error
    assert "homework 9-1 is no sweep: --jobs and --cluster change nothing" in error


def test_amp_has_an_effect_where_the_page_hands_it_on(monkeypatch, tmp_path, capsys):
    for name in homework.CATALOGUE.assignments:
        page = homework.CATALOGUE.load(name)
        if getattr(page, "IS_SWEEP", False):
            code = Path(str(page.__file__)).read_text(encoding="utf-8")
            hands_on = "options.amp" in code or "context.fit_options" in code
            assert getattr(page, "MIXED_PRECISION", False) == hands_on, name
    monkeypatch.setattr(machine, "why_no_bfloat16", lambda: None)
    for name, says in (("groups", True), ("transfer", False)):
        page = homework.CATALOGUE.load(name)
        monkeypatch.setattr(page, "run", lambda settings, context: (_ for _ in ()).throw(CampError("enough")))
        assert run_homework.main([name, "--amp", "--device", "cpu", "--out", str(tmp_path)]) == 2
        assert (f"homework {name} computes in float32: --amp changes nothing" in capsys.readouterr().err) == says


def test_what_a_terminal_cannot_show_is_escaped(tmp_path):
    """As on a Windows whose stdout takes no Chinese: a run that is done ends with status 0."""
    command = [sys.executable, SCRIPT, "7-1", "--out", str(tmp_path)]
    environment = os.environ | {"PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert rb"\u4f5c\u4e1a7-1" in done.stdout  # 作业7-1
    listed = subprocess.run([*command[:2], "--list"], env=environment, capture_output=True, timeout=300)
    assert listed.returncode == 0, listed.stderr
