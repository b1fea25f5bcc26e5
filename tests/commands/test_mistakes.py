"""What a user can mend is one line, and status 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from paddle_camp import machine
from paddle_camp.files import write_json, write_sealed
from tools import run_homework

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "run_homework.py"


def test_without_paddle_the_line_to_type_is_said(tmp_path):
    hide = "import sys; sys.modules['paddle'] = None; sys.argv = ['x', '9-1']; import runpy; "
    done = subprocess.run(
        [sys.executable, "-c", hide + f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert done.stderr == f"error: paddle is not installed; type: {machine.INSTALL_LINE}\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["8-8"], "no homework '8-8'; there are: "),
        (["9-1", "-o", "epochs=3"], "no setting 'epochs'; the settings of this homework are: model, "),
        (["9-1", "--data-dir", "nowhere"], "nowhere"),
        (["9-1", "--device", "tpu"], "--device tpu: write auto, cpu, gpu or gpu:N"),
        (["9-1", "--resume"], "is no run folder"),
        (["9-1", "--resume", "--quick"], "leave out -o, --quick and --config"),
        (["1-1", "8-8"], "no homework '8-8'; there are: "),  # found before 1-1 runs
        (["9-1", "--seed", "-1"], "--seed -1: give 0 or a positive number"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments, says, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_homework.main([*arguments, "--out", str(tmp_path / "runs")]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ") and says in error
    assert not (tmp_path / "runs" / "1-1").exists()


def test_no_id_is_a_mistake(capsys):
    with pytest.raises(SystemExit) as caught:
        run_homework.main([])
    assert caught.value.code == 2
    assert "name an assignment" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert run_homework.main(["1-1", "--data", "synthetic", "--out", str(tmp_path / "file")]) == 2
    assert "--out: " in capsys.readouterr().err


def test_a_damaged_config_is_one_line(tmp_path, capsys):
    folder = tmp_path / "run"
    folder.mkdir()
    config = {"homework": "9-1", "options": {"new": 1}, "settings": {}}
    write_sealed(folder / "config.json", config)
    assert run_homework.main(["9-1", "--resume", str(folder)]) == 2
    assert "damaged or of another version" in capsys.readouterr().err
    write_json(folder / "config.json", config)
    assert run_homework.main(["9-1", "--resume", str(folder)]) == 2
    assert "config.json: it has no checksum: damaged, or written by a version before 0.2" in capsys.readouterr().err
