"""Homework 4-1: a model that was saved and loaded, rows held out, and the sentences that follow from the results."""

from __future__ import annotations

import itertools
import json

import numpy as np
import paddle
import pytest

from homework.hw4_1_house_prices import experiment as hw
from homework.hw4_1_house_prices.holding_out import block_of, random_error
from paddle_camp.answers.template import render
from paddle_camp.commands import predict
from paddle_camp.data.housing import COLUMNS, load_housing
from paddle_camp.errors import SettingError
from paddle_camp.sweeps.grid import Grid
from tests.helpers import contract


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The folder of a ``--quick`` run on the stand-in."""
    return contract.run("4-1", tmp_path_factory.mktemp("quick"), "--quick", "--data", "synthetic")[0]


def test_the_quick_run(quick):
    results = contract.check(quick, "4-1", data=True)
    test = results["test"]
    assert results["same_after_loading"]
    assert test["network"]["mse"] < test["linear"]["mse"] < test["mean"]["mse"]
    assert (quick / "checkpoints" / "last.pdparams").is_file()
    model = hw.LinearModel()
    model.set_state_dict(paddle.load(str(quick / "checkpoints" / "linear.pdparams")))
    data = load_housing("synthetic")
    error = hw.errors(hw.predict(model, data.test.inputs), data.test.prices, data)
    assert error == test["linear"]
    headline = contract.metrics_of(quick)["headline"]
    assert (headline["value"], headline["split"]) == (test["network"]["rmse_dollars"], "test")
    assert f"{test['network']['rmse_dollars']:.2f} 千美元" in (quick / "answer.md").read_text(encoding="utf-8")


def test_the_held_out_error_is_that_of_the_choice_and_stands_once(quick):
    """Once the chosen network was trained again on the same blocks, which gave a second number for one thing."""
    results = contract.metrics_of(quick)["results"]
    chosen, answer = results["chosen"], (quick / "answer.md").read_text(encoding="utf-8")
    assert chosen["worst_block"] >= chosen["holdout_mse"]
    assert "split" not in results and "block_mse" not in results
    assert answer.count(f"均方误差为 {chosen['holdout_mse']:.5f}（就是据以选择的留出误差") == 1
    assert (
        f"最难的一块为 {chosen['worst_block']:.5f}" in answer and f"{results['random_mse']:.5f}（只随机切分" in answer
    )


def test_the_runs_network_tells_prices_of_a_table(quick, tmp_path, capsys):
    data = load_housing("synthetic")
    raw = data.test.inputs * data.span[:13] + data.mean[:13]
    lines = [",".join(COLUMNS), *(",".join(map(repr, [*row, 0.0])) for row in raw.tolist())]
    (tmp_path / "houses.csv").write_text("\n".join(lines), encoding="utf-8")
    assert predict.main([str(quick), str(tmp_path / "houses.csv"), "--csv", str(tmp_path / "prices.csv")]) == 0
    said = np.array([float(row["prediction"]) for row in contract.rows_of(tmp_path / "prices.csv")])
    error = np.sqrt(np.mean((said - data.to_dollars(data.test.prices)) ** 2))
    assert error == pytest.approx(contract.metrics_of(quick)["results"]["test"]["network"]["rmse_dollars"], rel=1e-4)
    assert "what it says of real rows means little" in capsys.readouterr().err


class TwoCandidates:
    """Stands for a context: two rates, each on two blocks for two epochs; ``changed``: other results of some."""

    def __init__(self, changed=None):
        self.losses = {(0.1, 0): [3.0, 1.0], (0.1, 1): [3.0, 2.0], (0.3, 0): [1.0, 1.1], (0.3, 1): [1.0, 2.1]}
        self.losses |= changed or {}

    def grid(self, function, axes, **options):
        return Grid(axes, {point: self.losses[point[1], point[3]] for point in itertools.product(*axes.values())})


def test_the_choice_keeps_the_mean_and_the_worst_of_its_blocks():
    settings = hw.replace(hw.QUICK, hidden_rates=(0.1, 0.3), weight_decays=(0.0,), blocks=2)
    best, _ = hw.choose(settings, TwoCandidates(), load_housing("synthetic"))
    assert best == {"hidden": "16", "rate": 0.1, "decay": 0.0, "holdout_mse": 1.5, "worst_block": 2.0}


def test_a_candidate_that_diverged_on_a_block_is_not_chosen():
    settings = hw.replace(hw.QUICK, hidden_rates=(0.1, 0.3), weight_decays=(0.0,), blocks=2)
    diverged = {(0.1, 1): {"diverged": 7}}
    best, curves = hw.choose(settings, TwoCandidates(diverged), load_housing("synthetic"))
    assert best["rate"] == 0.3 and list(curves["16"]) == [(0.3, 0.0)]
    diverged |= {(0.3, 0): {"diverged": 7}}
    with pytest.raises(SettingError, match="every candidate diverged: give smaller hidden_rates"):
        hw.choose(settings, TwoCandidates(diverged), load_housing("synthetic"))


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("hidden=64y64", "hidden=64y64: write the units of each layer"),
        ("hidden=8,8", "hidden=8,8: each one once"),
        ("hidden_rates=", "hidden_rates: name at least one"),
        ("blocks=1", "blocks=1: give at least 2"),
        ("weight_decays=-1", "weight_decays=-1"),
    ],
)
def test_a_wrong_setting_is_one_line(override, says, tmp_path):
    contract.refused("4-1", tmp_path, says, override)


def test_the_real_prices(real_data, tmp_path):
    asked = ("--quick", "--data-dir", str(real_data), "-o", "shuffle=true")
    test = contract.metrics_of(contract.run("4-1", tmp_path, *asked)[0])["results"]["test"]
    # Ten epochs from random weights leave the course's linear model short of least squares; the network is not.
    assert test["network"]["rmse_dollars"] < test["least squares"]["rmse_dollars"] < test["linear"]["rmse_dollars"]


def answer_of(quick, **turned) -> str:
    """The answer of the quick run with some of its results made up."""
    kept = json.loads((quick / "answer.json").read_text(encoding="utf-8"))
    return render(hw.__file__, {"settings": hw.QUICK, "seed": 0} | kept["values"] | kept["results"] | turned)


@pytest.mark.parametrize(
    ("linear", "least", "says"),
    [
        ("better", "better", "，比课程的线性模型好，比最小二乘解（"),
        ("worse", "better", "，不如课程的线性模型，比最小二乘解（"),  # once: "no better ..., and also better than ..."
        ("cannot be told apart", "worse", "，在这些测试行上与课程的线性模型分不出高下，不如最小二乘解（"),
    ],
)
def test_the_answer_turns_around_with_its_verdicts(quick, linear, least, says):
    against = {"network against linear": linear, "network against least squares": least}
    against["linear against least squares"] = least
    text = answer_of(quick, against=against, train_ratio=1.0)
    assert says in text.splitlines()[0] and "也好于" not in text
    assert ("起了正则化的作用" in text) == (least == "better") and "还没有训练到底" not in text
    text = answer_of(quick, against=against, train_ratio=4.6)
    assert "训练误差是最小二乘解的 4.6 倍：还没有训练到底" in text and "起了正则化的作用" not in text


@pytest.mark.parametrize("deviations", [2.9, 0.3])
@pytest.mark.parametrize("random_mse", [0.0042, 0.0242])
def test_two_held_out_errors_stand_side_by_side_without_a_verdict(quick, deviations, random_mse):
    """Rows of a part share a network, and a single cut is a single draw: no test of row by row tells them apart."""
    chosen = {"hidden": "16", "rate": 0.1, "decay": 0.0, "holdout_mse": 0.0111, "worst_block": 0.0381}
    shift = {"deviations": deviations, "feature": "B"}
    text = answer_of(quick, chosen=chosen, random_mse=random_mse, shift=shift, mean_price=[24.2, 16.0])
    assert "均方误差为 0.01110（就是据以选择的留出误差；最难的一块为 0.03810）" in text
    assert f"时为 {random_mse:.5f}（只随机切分了一次，两者的差别没有检验）" in text
    assert "p < 0.05" not in text and "反而" not in text and "分不出高下（逐行" not in text
    far = deviations > 1
    assert ("B 的均值与训练数据相差 2.9 个标准差" in text) == far == ("所以用整块留出来选择" in text)
    assert ("没有一个特征的平均值在训练行与测试行之间相差超过 1 个标准差（最大的是 B，0.30）" in text) != far
    assert "## 留出误差与测试误差\n" in text and "相像" not in text


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        ("better", "，平均比这一次训练的线性模型好。"),
        ("worse", "，平均不如这一次训练的线性模型。"),
        ("even", "，平均与这一次训练的线性模型分不出高下。"),
    ],
)
def test_the_answer_reads_the_seeds_by_their_verdict(quick, verdict, says):
    assert f"4.00 与 6.00 千美元之间{says}" in answer_of(
        quick, network_seeds=[4.0, 5.0, 6.0], seeds_against_linear=verdict
    )
    few = answer_of(quick, network_seeds=[4.0, 5.0], seeds_against_linear=verdict)
    assert "4.00 与 5.00 千美元之间；不到 3 个种子，不与线性模型比较。" in few and says not in few
    assert "只训练了一个种子" in answer_of(quick, network_seeds=[4.0], seeds_against_linear=verdict)


def test_the_answer_shows_the_code_that_ran(quick):
    answer = (quick / "answer.md").read_text(encoding="utf-8")
    assert (
        "```python\nclass LinearModel(nn.Layer):" in answer and "paddle.save(model.state_dict(), str(path))" in answer
    )


def test_every_row_is_held_out_once_and_never_trained_on_then():
    data = load_housing("synthetic")
    places = {row.tobytes(): place for place, row in enumerate(data.train.inputs)}
    seen = []

    def predict_after(rows, inputs, seed):
        held, kept = ({places[row.tobytes()] for row in part} for part in (inputs, rows.inputs))
        assert not held & kept and len(held | kept) == len(data.train)
        seen.append(sorted(held))
        return np.zeros(len(inputs))

    found = random_error(data.train, 4, 0, predict_after)
    assert sorted(sum(seen, [])) == list(range(404)) and [len(part) for part in seen] == [101] * 4
    assert seen[0] != list(range(101))  # not neighbours
    assert found == pytest.approx(np.mean(data.train.prices**2))
    for block in range(4):
        rest, held = block_of(data.train, block, 4)
        predict_after(rest, held.inputs, block)
    assert seen[4:] == [list(range(k, k + 101)) for k in range(0, 404, 101)]  # blocks of neighbours
