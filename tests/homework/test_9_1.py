"""Homework 9-1: the rule, the forks, the quick run's contract and findings."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest

from homework.hw9_1_resnet_decay import experiment as hw
from homework.hw9_1_resnet_decay.plateau import Plateau
from paddle_camp.data.finding import downloads
from paddle_camp.running.outputs import REPORT_ONLY
from tests.helpers import contract
from tools import run_homework


@pytest.mark.parametrize("epochs", [3, 5, 8])
def test_the_other_decays_lie_before_and_after(epochs):
    for plateau in range(18, 36 * (epochs - 1) + 1):
        places = hw.choose_boundaries(plateau, 36, epochs)
        assert 0 < places["earlier"] < places["decayed"] == plateau < places["later"] < 36 * epochs


@pytest.mark.parametrize(
    ("changed", "epochs", "step"),
    [
        ({"found": True}, 10, 90),
        ({"found": False, "bends": False}, 10, 90),  # the bend may be chance, but the loss falls no more behind it
        ({"found": False, "loss_falls": True}, 10, 288),
        ({"found": False, "loss_falls": True, "step": 300}, 10, 300),
        ({"found": False, "loss_falls": True, "step": 20}, 3, 36),
    ],
)
def test_while_the_loss_falls_the_rate_falls_as_late_as_possible(changed, epochs, step):
    usual = {"step": 90, "chance": 0.01, "bends": True, "fall": 0.2, "level": 0.2, "loss_falls": False}
    usual |= {"holdout_falls": False, "interval": [80, 101], "of_each": [88, 92, 95]}
    assert hw.choose_step(Plateau(**usual | changed), 36, epochs) == step


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("model=resnet5", "the zoo has"),
        ("num_epochs=2", "at least 3 epochs"),
        ("holdout=0", "between 0 and 1"),
        ("momentum=1.0", "from 0 to below 1"),
        ("momentum=nan", "not a finite number"),
        ("train_pictures=0", "must be positive"),
        ("holdout=0.01", "leaves one part empty"),
        ("batch_size=500", "three steps or more"),
        ("patience=2", "leave it out"),
        ("model=alexnet", "model=alexnet does not take pictures of 3 x 32 x 32: try another image_size or model"),
        ("model=lenet", "model=lenet does not take pictures of 3 x 32 x 32"),
    ],
)
def test_a_setting_out_of_range_is_one_line_before_any_training(override, says, tmp_path):
    small = () if override.startswith("train_pictures") else ("train_pictures=30",)
    overrides = ("image_size=32", "valid_pictures=10", *small, override)
    contract.refused("9-1", tmp_path, says, *overrides)


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
    names += [
        "predictions.csv",
        *(f"figures/{n}.png" for n in ("plateau", "decay", "roc", "confusion", "mistakes", "pictures")),
    ]
    names += [f"checkpoints/{n}{part}" for n in ("last", "best") for part in (".pdparams", ".pdopt", ".state.json")]
    assert [name for name in names if not (folder / name).is_file()] == []
    assert folder.resolve().parent == folder.parent.resolve()
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert set(metrics) == {"homework", "status", "data", "seed", "device", "seconds", "headline", "results"}
    assert (metrics["homework"], metrics["status"], metrics["seed"]) == ("9-1", "done", 0)
    assert (metrics["data"]["origin"], metrics["data"]["train"], metrics["data"]["valid"]) == ("synthetic", 200, 100)


def test_the_answer_holds_to_the_contract(quick):
    contract.check(quick[0], "9-1", data=True, classifier=True)


def test_quick_says_that_it_used_the_stand_in(quick):
    folder, stderr = quick
    assert "STAND-IN DATA" in stderr
    assert "替代数据" in (folder / "answer.md").read_text(encoding="utf-8").splitlines()[0]
    assert "替代数据" in (folder / "report.html").read_text(encoding="utf-8")


def test_quick_decays_where_the_loss_bends(quick):
    """Whether the bend of two seeds is more than chance changes with the rounding of one thread or two: 0.01, 0.03."""
    folder, _ = quick
    results = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["results"]
    assert results["learned"] and results["same_past"] and not results["plateau"]["loss_falls"]
    assert results["runs"]["decayed"]["boundary"] == results["plateau"]["step"]
    steps = contract.rows_of(folder / "steps.csv")
    for seed in (0, 1):
        losses = [float(row["loss"]) for row in steps if row["run"] == f"constant, seed {seed}"]
        for name, run in results["runs"].items():
            boundary = run["boundary"] or len(losses)
            mine = [row for row in steps if row["run"] == f"{name}, seed {seed}"]
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
        assert f"(figures/{figure.name})" in answer or figure.stem in REPORT_ONLY


def test_the_predictions_give_the_accuracy_of_the_metrics(quick):
    folder, _ = quick
    rows = contract.rows_of(folder / "predictions.csv")
    assert list(rows[0]) == ["sample", "label", "probability_0", "probability_1"]
    assert all(float(row["probability_0"]) + float(row["probability_1"]) == pytest.approx(1) for row in rows)
    right = np.mean([(float(row["probability_1"]) > 0.5) == (row["label"] == "1") for row in rows])
    results = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["results"]
    assert right == pytest.approx(results["runs"]["decayed"]["seeds"][0]["validation_accuracy"])
