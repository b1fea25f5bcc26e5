"""Installed from a wheel, without the clone: the command `paddle-camp` works from any folder, templates included."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

import paddle_camp

ROOT = Path(__file__).resolve().parents[1]


def call(*command, cwd: Path, status: int = 0) -> str:
    """What a command prints, run away from the clone and from what pytest put on the path."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=clean, capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr * (status != 0)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory) -> Path:
    """A folder that is not the clone, with a venv in it that has the wheel, and the packages it needs from this one."""
    place = tmp_path_factory.mktemp("elsewhere")
    source = place / "source"  # a build leaves its own files in the tree
    for name in ("paddle_camp", "homework"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    call(*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", place, source, cwd=place)
    shutil.rmtree(source)
    venv.create(place / "venv", system_site_packages=True)
    python = place / "venv" / "bin" / "python"
    (wheel,) = place.glob("*.whl")
    call(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=place)
    own = call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=place).strip()
    (Path(own) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")  # this Python may be a venv's
    return place


def test_the_wheel_is_what_runs(elsewhere):
    code = "import paddle_camp, homework; print(paddle_camp.__version__, paddle_camp.__file__, homework.__file__)"
    version, *files = call(elsewhere / "venv" / "bin" / "python", "-c", code, cwd=elsewhere).split()
    assert version == paddle_camp.__version__
    assert all(Path(file).is_relative_to(elsewhere / "venv") for file in files)
    assert (Path(files[0]).parent / "py.typed").is_file()


@pytest.mark.parametrize("homework", ["7-1", "3-1"])
def test_an_assignment_runs_from_another_folder(elsewhere, homework):
    said = call(elsewhere / "venv" / "bin" / "paddle-camp", "run", homework, "--quick", cwd=elsewhere)
    assert f"作业{homework}" in said
    run = elsewhere / "runs" / homework / "latest"
    assert json.loads((run / "metrics.json").read_text(encoding="utf-8"))["status"] == "done"
    assert list((run / "figures").glob("*.png")) and (run / "report.html").is_file()


def test_the_command_lists_and_explains(elsewhere):
    command = elsewhere / "venv" / "bin" / "paddle-camp"
    listed = call(command, "list", cwd=elsewhere)
    assert "\ncamp: " in listed and "\n  9-1 " in listed
    helped = call(command, "--help", cwd=elsewhere)
    assert all(f"\n  {name} " in helped for name in ("run", "list", "predict", "export"))
    assert "paddle-camp run" in call(command, "run", "--help", cwd=elsewhere)
    assert call(command, "--version", cwd=elsewhere).strip() == paddle_camp.__version__
    said = call(command, "run", "9-1", "--resume", cwd=elsewhere, status=2)
    assert said.startswith("error: --resume: ") and len(said.splitlines()) == 1
    assert "argument COMMAND: invalid choice: 'train'" in call(command, "train", cwd=elsewhere, status=2)
