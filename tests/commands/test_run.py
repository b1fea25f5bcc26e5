"""The command line: fast without paddle, one line for a mistake, the exit statuses of the contract."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import homework
from paddle_camp import machine
from paddle_camp.commands import predict, run
from paddle_camp.commands.reporting import guarded
from paddle_camp.errors import CampError
from paddle_camp.files import write_json, write_sealed
from paddle_camp.running.folder import new_folder
from paddle_camp.running.options import Options
from paddle_camp.running.resuming import find_resumable
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
        assert [line.split(":")[0] for line in lines if not line.startswith(" ")] == courses and courses[0] == "camp"
        listed = [line.split()[0] for line in lines if line.startswith(" ")]
        assert listed == list(homework.CATALOGUE.assignments)


def test_every_homework_has_a_title_and_its_parts():
    assert homework.CATALOGUE.faults == []
    for name, assignment in homework.CATALOGUE.assignments.items():
        assert assignment.title.startswith(f"作业{name} ") == (assignment.course == "camp")
        module = homework.CATALOGUE.load(name)
        assert module.Settings() != module.QUICK
        assert callable(module.run)


def test_without_paddle_the_line_to_type_is_said(tmp_path):
    hide = "import sys; sys.modules['paddle'] = None; sys.argv = ['x', '9-1']; import runpy; "
    done = subprocess.run(
        [sys.executable, "-c", hide + f"runpy.run_path({SCRIPT!r}, run_name='__main__')"],
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


def test_a_place_that_cannot_be_written_is_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert run_homework.main(["9-1", "--out", str(tmp_path / "file")]) == 2
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


def test_a_missing_package_is_not_a_bug(monkeypatch, tmp_path, capsys):
    assert failing(monkeypatch, tmp_path, ModuleNotFoundError("No module named 'cv2'", name="cv2")) == 2
    assert "No module named 'cv2'; a package is missing, type: pip install -e .[cpu]" in capsys.readouterr().err


def test_a_full_disk_says_where_and_how_to_go_on(monkeypatch, tmp_path, capsys):
    assert failing(monkeypatch, tmp_path, OSError(errno.ENOSPC, "No space left on device", "runs/x")) == 1
    error = capsys.readouterr().err
    assert "error: no room left on the disk for runs/x: free some" in error and "go on with: " in error


def test_ctrl_c_while_paddle_loads_is_an_interruption(capsys):
    """Paddle makes an ImportError of it and asks whether its own file exists."""

    def load():
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise ImportError("Can not import paddle core while this file exists: libpaddle.so") from error

    assert guarded(load, False) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_a_run_that_is_still_going_is_not_resumed(monkeypatch, tmp_path, capsys):
    module, statuses = homework.CATALOGUE.load("9-1"), []

    def run(settings, context):
        statuses.append(run_homework.main(["9-1", "--resume", str(context.path)]))
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run", run)
    assert run_homework.main(["9-1", "--quick", "--data", "synthetic", "--out", str(tmp_path)]) == 130
    assert statuses == [2] and "is still going in another process" in capsys.readouterr().err


def test_no_id_is_a_mistake(capsys):
    with pytest.raises(SystemExit) as caught:
        run_homework.main([])
    assert caught.value.code == 2
    assert "name an assignment" in capsys.readouterr().err


SMALL = ("model=resnet18", "image_size=32", "num_epochs=3", "train_pictures=30", "valid_pictures=10", "batch_size=2")


def start_tiny(out: Path) -> subprocess.Popen:
    """A real run of 9-1 in a process of its own, small enough to wait for."""
    arguments = ["9-1", "--data", "synthetic", "--out", str(out), *(part for text in SMALL for part in ("-o", text))]
    return subprocess.Popen([sys.executable, SCRIPT, *arguments], stderr=subprocess.PIPE, text=True)


def failing(monkeypatch, tmp_path, error) -> int:
    """Run an assignment whose ``run`` raises ``error``; returns the exit status."""
    module = homework.CATALOGUE.load("9-1")

    def fail(settings, context):
        assert context.path.is_dir()  # it has begun
        raise error

    monkeypatch.setattr(module, "run", fail)
    return run_homework.main(["9-1", "--quick", "--out", str(tmp_path)])


def test_a_run_that_fails_has_status_1_and_says_so_in_its_metrics(monkeypatch, tmp_path, capsys):
    assert failing(monkeypatch, tmp_path, ZeroDivisionError("division by zero")) == 1
    assert "error: division by zero (ZeroDivisionError; --debug shows where)" in capsys.readouterr().err
    metrics = json.loads((tmp_path / "9-1" / "latest" / "metrics.json").read_text(encoding="utf-8"))
    assert (metrics["status"], metrics["error"]) == ("failed", "division by zero")


def test_an_interrupted_run_has_status_130_and_says_how_to_go_on(monkeypatch, tmp_path, capsys):
    assert failing(monkeypatch, tmp_path, KeyboardInterrupt()) == 130
    path = (tmp_path / "9-1" / "latest").resolve()
    assert f"go on with: python tools/run_homework.py 9-1 --resume {path}\ninterrupted" in capsys.readouterr().err
    metrics = json.loads((tmp_path / "9-1" / "latest" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["status"] == "interrupted"


def test_what_a_terminal_cannot_show_is_escaped(tmp_path):
    """As on a Windows whose stdout takes no Chinese: a run that is done ends with status 0."""
    command = [sys.executable, SCRIPT, "7-1", "--out", str(tmp_path)]
    environment = os.environ | {"PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert rb"\u4f5c\u4e1a7-1" in done.stdout  # 作业7-1
    listed = subprocess.run([*command[:2], "--list"], env=environment, capture_output=True, timeout=300)
    assert listed.returncode == 0 and rb"\u4f5c\u4e1a7-1" in listed.stdout, listed.stderr


def test_ctrl_c_through_a_broken_pipe_is_saved_all_the_same(tmp_path):
    """A Ctrl-C reaches the ``tee`` behind a run as well, and that is gone at once."""
    process = start_tiny(tmp_path)
    for line in process.stderr:
        if "epoch: 0, batch_id: 10" in line:
            break
    process.stderr.close()
    process.send_signal(signal.SIGINT)
    assert process.wait(300) == 130
    state = tmp_path / "9-1" / "latest" / "checkpoints" / "constant-0" / "last.state.json"
    assert json.loads(state.read_text(encoding="utf-8"))["state"]["step"] >= 11
    metrics = json.loads((tmp_path / "9-1" / "latest" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["status"] == "interrupted"


def test_ctrl_c_in_a_real_run_is_130_and_resumable(tmp_path):
    process = start_tiny(tmp_path)
    said = []
    for line in process.stderr:
        said.append(line)
        if "epoch: 0, batch_id: 10" in line:
            process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    assert said[-2].startswith("go on with: python tools/run_homework.py 9-1 --resume")
    state = tmp_path / "9-1" / "latest" / "checkpoints" / "constant-0" / "last.state.json"
    assert json.loads(state.read_text(encoding="utf-8"))["state"]["step"] >= 11


def test_flags_without_an_effect_say_so(monkeypatch, tmp_path, capsys):
    module = homework.CATALOGUE.load("9-1")
    monkeypatch.setattr(module, "run", lambda settings, context: (_ for _ in ()).throw(CampError(str(context.options))))
    monkeypatch.setattr(machine, "why_no_bfloat16", lambda: "no bfloat16")
    flags = ["--amp", "--device", "cpu", "--jobs", "2"]
    assert run_homework.main(["9-1", "--quick", "--out", str(tmp_path), *flags]) == 2
    error = capsys.readouterr().err
    assert "--amp: no bfloat16; the run computes in float32" in error and "amp=False" in error
    assert "homework 9-1 is no sweep: --jobs and --cluster change nothing" in error


def test_latest_points_at_the_newest_run(tmp_path):
    options = Options(out=str(tmp_path))
    first, second = new_folder("9-1", options), new_folder("9-1", options)
    assert first != second
    assert (tmp_path / "9-1" / "latest").resolve() == second.resolve()


def test_without_symbolic_links_latest_is_a_file_with_the_name(tmp_path, monkeypatch):
    def refuse(self, target):
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    options = Options(out=str(tmp_path), resume="")
    path = new_folder("9-1", options)
    (path / "config.json").write_text('{"homework": "9-1"}', encoding="utf-8")
    assert find_resumable("9-1", options) == path.resolve()
    with pytest.raises(CampError, match="is a run of homework 9-1, not of 8"):
        find_resumable("8", Options(resume=str(path)))


PAGES = ("README.md", "README.zh-CN.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")


@pytest.mark.parametrize("page", PAGES)
def test_the_readme_shows_the_flags_that_exist(page):
    """Those of both READMEs and of docs/: each is ours, or one of another program's."""
    known = set(FLAG.findall(run.build_parser().format_help() + predict.build_parser().format_help()))
    known |= {"--extra-index-url"}  # pip's
    known |= {"--nproc_per_node", "--devices", "--nnodes", "--rank", "--master", "--log_dir"}  # Paddle's launcher's
    known |= {"--rounds"}  # tools/benchmark.py's
    named = set(FLAG.findall((ROOT / page).read_text(encoding="utf-8")))
    assert named <= known, f"{page} names {', '.join(sorted(named - known))}"


@pytest.mark.parametrize("page", (*PAGES, "data/README.md"))
def test_the_links_of_the_pages_lead_somewhere(page):
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.M | re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"https?:", link):
            name, _, heading = link.partition("#")
            target = (ROOT / page).parent / name if name else ROOT / page
            assert target.exists(), f"{page} links to {link}"
            titles = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE) if heading else []
            assert not heading or heading in [title.lower().replace(" ", "-") for title in titles], link
