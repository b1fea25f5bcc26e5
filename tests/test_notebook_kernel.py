"""In a real Jupyter kernel: the READMEs' section, the display of a training, and the stop button."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.kernel import ROOT, Kernel, Shown, kernel

SECTIONS = {"README.md": "## In a notebook", "README.zh-CN.md": "## 在 notebook 里"}
# The quick settings of 9-1 take a minute and more; the cell that runs it stays as it is.
SHRINK = """
import dataclasses, homework
page = homework.CATALOGUE.load("9-1")
page.QUICK = dataclasses.replace(page.QUICK, num_epochs=3, train_pictures=30, valid_pictures=10)
"""
# Slow steps, so that there is time to interrupt; no data set, no zoo.
TRAINING = """
import time
import numpy as np
import paddle_camp
import paddle

def slow_loss(outputs, labels):
    time.sleep(0.02)
    return paddle.nn.functional.cross_entropy(outputs, labels)

def train(**options):
    paddle.seed(0)
    model = paddle.nn.Sequential(paddle.nn.Flatten(), paddle.nn.Linear(4, 2))
    optimizer = paddle.optimizer.SGD(0.1, parameters=model.parameters())
    data = np.ones([40, 4], "float32"), np.arange(40) % 2
    return paddle_camp.fit(model, optimizer, data, batch_size=4, loss_fn=slow_loss, **options)
"""


def cells(page: str) -> list[str]:
    """The Python blocks of the section on notebooks."""
    text = (ROOT / page).read_text(encoding="utf-8")
    section = re.split(r"^## ", text.split(SECTIONS[page] + "\n")[1], flags=re.MULTILINE)[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


def without_comments(code: str) -> str:
    return re.sub(r" *#.*", "", code)


def test_both_readmes_have_the_same_cells():
    english, chinese = ([without_comments(cell) for cell in cells(page)] for page in SECTIONS)
    assert english == chinese


@pytest.mark.parametrize("code", {tuple(map(without_comments, cells(page))) for page in SECTIONS})  # once, if the same
def test_the_cells_of_the_readmes_run_on_a_bare_machine(code: tuple[str, ...], tmp_path: Path):
    training, assignment = code
    with kernel(tmp_path) as running:
        trained, _, answered = running.run_all([training, SHRINK, assignment])
    progress, history = trained.of("text/html")  # one display of the training, and the last line of the cell
    assert "<th>held out accuracy</th>" in progress and progress.count("<tr>") == 1 + 3
    assert "<progress" not in progress  # it is over
    assert "History(" in history and 'src="data:image/png;base64,' in history
    assert trained.streams == {"stdout": "", "stderr": ""}
    assert (tmp_path / "digits" / "last.pdparams").is_file()

    assert "batch_id" not in answered.streams["stderr"] and len(answered.streams["stderr"].splitlines()) < 30
    assert 3 <= len(answered.displays) <= 9  # the trainings, of two seeds at least, and the answer
    *_, answer = answered.displays.values()
    shown = answer.get("text/markdown", "") + answer.get("text/html", "")
    assert "作业9-1" in shown and "data:image/png;base64," in shown


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel that knows ``train``."""
    with kernel(tmp_path_factory.mktemp("notebook")) as running:
        running.run_all([TRAINING])
        yield running


def interrupted(training: Kernel, code: str) -> Shown:
    """Run a cell, and press the stop button when its display has been replaced twice."""
    presses: list[int] = []

    def press(shown: Shown) -> None:
        if shown.updates >= 2 and not presses:
            presses.append(shown.updates)
            training.interrupt()

    shown = training.run(code, press)
    assert presses, "the training was over before the stop button was pressed"
    return shown


def test_the_display_is_replaced_in_place_and_the_table_stays(training: Kernel):
    shown = training.run("train(num_epochs=4);")
    (display,) = shown.of("text/html")
    assert 2 <= shown.updates <= 12  # 40 steps, at most four drawings a second and the last
    assert display.count("<tr>") == 1 + 4 and "160 samples in" in display
    assert shown.streams == {"stdout": "", "stderr": ""}


def test_the_stop_button_keeps_the_history_and_says_how_to_keep_the_training(training: Kernel):
    shown = interrupted(training, "train(num_epochs=1000)")
    assert shown.streams["stderr"].startswith("interrupted: finishing this step (once more")  # and not: saving
    assert re.fullmatch(r"interrupted after step \d+; nothing is saved: give keep=FOLDER.*", shown.error)
    step = int(re.search(r"step (\d+)", shown.error)[1])
    after = training.run("import sys\nprint(len(sys.last_value.history.steps))\nsys.last_value.history")
    assert int(after.streams["stdout"]) == step > 0
    assert f"History({step:,} step" in after.of("text/html")[0]


def test_a_training_in_a_folder_goes_on_when_its_cell_is_run_again(training: Kernel):
    cell = "len(train(num_epochs=8, keep='mine').steps)"
    shown = interrupted(training, cell)
    assert "finishing this step and saving" in shown.streams["stderr"]
    step = re.search(r"run the cell again: it goes on from (step \d+ of mine);", shown.error)[1]
    again = training.run(cell)
    assert again.error is None and f"continuing from {step}" in again.streams["stderr"]
    assert again.of("text/plain")[-1] == "80"
    table, *_ = again.of("text/html")
    assert table.count("<tr>") == 1 + 8  # the epochs before the interruption as well


def test_an_interrupted_assignment_goes_on_with_the_line_that_it_says(training: Kernel):
    training.run_all([SHRINK])
    shown = interrupted(training, "homework.run('9-1', quick=True, data='synthetic', batch_size=5)")
    command = re.fullmatch(r'interrupted; go on with: (homework\.run\("9-1", resume="runs/9-1/\S+"\))', shown.error)[1]
    again = training.run(f"answer, folder = {command}\nanswer.title")
    assert again.error is None and "作业9-1" in again.of("text/plain")[-1]


def test_a_child_process_of_a_cell_draws(training: Kernel):
    """It inherits MPLBACKEND."""
    code = "import os, subprocess, sys\n"
    code += "assert os.environ['MPLBACKEND'].startswith('module://matplotlib_inline')\n"
    code += "draw = 'import paddle_camp.plots as plots; plots.loss_curves({}); print(42)'\n"
    code += "subprocess.run([sys.executable, '-c', draw], capture_output=True, text=True, check=True).stdout"
    shown = training.run(code)
    assert (shown.error, shown.of("text/plain")) == (None, ["'42\\n'"])


def test_figures_and_histories_need_no_magic_line(training: Kernel):
    shown = training.run("paddle_camp.plots.loss_curves({'one': [{'step': 1, 'loss': 2.0}, {'step': 2, 'loss': 1.0}]})")
    assert shown.error is None and len(shown.of("image/png")) == 1
    shown = training.run("paddle_camp.History()")
    assert shown.of("text/html") == ["<p>History(0 steps, 0 epochs)</p>"]
