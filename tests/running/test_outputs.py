"""What a run keeps of its answer, and the answer rendered from it anew: the same bytes, without training."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from paddle_camp.commands import run
from paddle_camp.files import read_sealed, write_sealed
from paddle_camp.history import History
from paddle_camp.plots.style import WARM
from paddle_camp.running.catalogue import Catalogue
from paddle_camp.running.options import Options
from paddle_camp.running.outputs import draw_schedules
from paddle_camp.running.runner import run_assignment

NOTE = "stand-in data, generated: not Toys"
PAGES = ("answer.md", "report.html")


@pytest.fixture
def folder(toys: Catalogue, tmp_path: Path) -> Path:
    """A finished run of the small assignment."""
    return run_assignment(toys, "1-1", Options(out=str(tmp_path / "runs"), seed=7, overrides=("rate=0.5",)))[1]


def render(toys: Catalogue, folder: Path, capsys) -> tuple[int, str]:
    capsys.readouterr()
    status = run.main(toys, ["--render", str(folder)])
    return status, capsys.readouterr().err


def change(folder: Path, **values) -> None:
    """Change what was kept, with a checksum that is right: who writes a file can write that too."""
    write_sealed(folder / "answer.json", read_sealed(folder / "answer.json") | values)


def test_the_answer_is_filled_with_what_a_file_gives_back(toys, tmp_path):
    answer, folder = run_assignment(toys, "1-1", Options(out=str(tmp_path / "runs"), seed=7, overrides=("rate=0.5",)))
    assert answer.text == "学习率 0.5，种子 7，层 1-2，两倍 1.0\n– a、b，没有数"
    assert answer.note.startswith("注意：") and answer.note in (folder / "answer.md").read_text("utf-8").splitlines()[0]
    assert repr(answer) == f"Answer(作业1-1:玩具; {len(answer.text)} characters; figures: loss)"


def test_the_record_of_the_run_is_in_chinese(folder):
    kept = read_sealed(folder / "answer.json")["facts"]
    assert list(kept) == ["数据", "作业", "随机种子", "设备", "用时", "内存", "软件", "再做一遍"]
    assert kept["数据"].startswith("Toys（程序生成的替代数据）：") and not set("{}'") & set("".join(kept.values()))
    assert kept["随机种子"] == "7" and kept["用时"].endswith(" 分钟")


def test_the_record_names_the_command_that_does_the_same_again(toys, tmp_path, folder):
    said = read_sealed(folder / "answer.json")["facts"]["再做一遍"]
    assert said == "python tools/run_homework.py 1-1 --seed 7 -o rate=0.5"
    words = shlex.split(said)[2:]
    assert run.main(toys, [*words, "--out", str(tmp_path / "again")]) == 0
    again = tmp_path / "again" / "1-1" / "latest"
    first, second = (json.loads((each / "metrics.json").read_text("utf-8"))["results"] for each in (folder, again))
    assert first == second


def test_the_report_says_what_every_setting_means(folder):
    page = (folder / "report.html").read_text("utf-8")
    row = '<tr><td>rate</td><td class="number">0.5</td><td class="number">0.1</td><td>'
    assert row + "of learning, per lesson</td></tr>" in page


def test_learning_rates_that_change_are_drawn_once_each():
    def history(rates: list[float]) -> History:
        return History([{"step": k, "learning_rate": rate} for k, rate in enumerate(rates, 1)])

    assert draw_schedules({"constant": history([0.1, 0.1]), "without steps": History()}) is None
    falling = {"a": history([0.1, 0.01]), "again": history([0.1, 0.01]), "c": history([0.1, 0.02])}
    figure = draw_schedules(falling | {"constant": history([0.1, 0.1])})
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {"a", "c"}


def test_no_number_breaks_the_json(folder):
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert metrics["results"] == {"twice": 1.0, "lost": None, "pairs": [[1, None]]}


def test_the_headline_is_the_accuracy_with_wilsons_interval(folder):
    headline = json.loads((folder / "metrics.json").read_text("utf-8"))["headline"]
    assert (headline["name"], headline["value"], headline["split"]) == ("accuracy", 0.75, "validation")
    assert headline["interval"] == [pytest.approx(0.3006, abs=1e-4), pytest.approx(0.9544, abs=1e-4)]  # of 3 in 4


def test_every_figure_says_that_the_data_are_a_stand_in(toys, tmp_path):
    """The page does not: the runner does."""
    answer, _ = run_assignment(toys, "1-1", Options(out=str(tmp_path / "runs")))
    (figure,) = [figure for _, figure in answer.figures.values()]
    assert [text.get_color() for text in figure.texts if text.get_text() == NOTE] == [WARM]
    answer, _ = run_assignment(toys, "1-1", Options(data="real", out=str(tmp_path / "runs")))
    (figure,) = [figure for _, figure in answer.figures.values()]
    assert NOTE not in [text.get_text() for text in figure.texts] and answer.note is None


def test_rendering_anew_gives_the_same_bytes_without_training(toys, folder, monkeypatch, capsys):
    before = [(folder / name).read_bytes() for name in PAGES]
    for name in PAGES:
        (folder / name).unlink()
    monkeypatch.setattr(toys.load("1-1"), "run", lambda settings, context: pytest.fail("it trained"))
    assert render(toys, folder.parent / "latest", capsys) == (0, "")
    assert [(folder / name).read_bytes() for name in PAGES] == before


def test_another_template_gives_another_answer(toys, folder, capsys):
    template = toys.assignments["1-1"].folder / "answer.md.j2"
    template.write_text("新的：{{ settings.rate }}", encoding="utf-8")
    assert render(toys, folder, capsys)[0] == 0
    assert "新的：0.5" in (folder / "answer.md").read_text("utf-8")
    template.write_text("{{ new }}", encoding="utf-8")
    status, said = render(toys, folder, capsys)
    assert status == 2 and "'new' is undefined" in said and len(said.splitlines()) == 1
    assert "新的：0.5" in (folder / "answer.md").read_text("utf-8")  # the old one is not lost


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"homework": "9-9"}, "there is no homework '9-9'"),
        ({"seed": "7"}, "its seed is missing or of another type"),
        ({"results": [1]}, "its results is missing or of another type"),
        ({"figures": {"../../secret": "x"}}, "no figure is called '../../secret'"),
        ({"settings": {"rate": "fast"}}, "the saved setting rate is 'fast', of another type"),
        ({"settings": {"rate": -1}}, "rate=-1.0: must be positive"),
        ({"results": {}}, "'twice' is undefined"),
        ({"results": {"twice": "x", "lost": 1, "pairs": []}}, "does not fit"),
    ],
)
def test_a_strangers_answer_is_one_line(toys, folder, capsys, values, says):
    before = (folder / "answer.md").read_bytes()
    change(folder, **values)
    status, said = render(toys, folder, capsys)
    assert status == 2 and says in said and len(said.splitlines()) == 1
    assert (folder / "answer.md").read_bytes() == before


def test_a_damaged_or_missing_answer_and_a_run_that_is_not_done_are_one_line(toys, folder, tmp_path, capsys):
    kept = (folder / "answer.json").read_text("utf-8")
    (folder / "answer.json").write_text(kept.replace("0.5", "0.6"), encoding="utf-8")
    status, said = render(toys, folder, capsys)
    assert status == 2 and "damaged (its checksum does not fit" in said
    (folder / "answer.json").write_text(kept, encoding="utf-8")
    metrics = (folder / "metrics.json").read_text("utf-8")
    (folder / "metrics.json").write_text(metrics.replace('"done"', '"interrupted"'), encoding="utf-8")
    status, said = render(toys, folder, capsys)
    assert status == 2 and f"the run is not done (interrupted); go on with it: --resume {folder}" in said
    (folder / "answer.json").unlink()
    for missing in (folder, tmp_path / "nowhere"):
        status, said = render(toys, missing, capsys)
        assert status == 2 and "no such file; the run is not done, or is an older one" in said


def test_an_id_beside_render_is_a_mistake(toys, folder, capsys):
    with pytest.raises(SystemExit) as caught:
        run.main(toys, ["1-1", "--render", str(folder)])
    assert caught.value.code == 2 and "name no assignment" in capsys.readouterr().err


def test_an_inherited_notebook_backend_does_not_break_a_command(tmp_path):
    """Jupyter hands its own to what ``!python tools/...`` starts, also to a Python that does not have it."""
    root = Path(__file__).resolve().parents[2]
    code = "import sys; sys.modules['matplotlib_inline'] = None; import runpy; sys.argv = sys.argv[1:]; "
    code += "runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [
        sys.executable,
        "-c",
        code,
        str(root / "tools/run_homework.py"),
        "--quick",
        "3-1",
        "--out",
        str(tmp_path),
    ]
    for backend in ("module://matplotlib_inline.backend_inline", "module://ipykernel.pylab.backend_inline"):
        environment = os.environ | {"MPLBACKEND": backend}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("changes", [("--quick",), ("--seed", "7"), ("-o", "rate=1"), ("--resume",)])
def test_what_would_change_a_training_does_not_go_with_it(toys, folder, changes, capsys):
    with pytest.raises(SystemExit) as caught:
        run.main(toys, ["--render", str(folder), *changes])
    assert caught.value.code == 2 and "trains nothing: leave out" in capsys.readouterr().err
