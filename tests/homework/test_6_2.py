"""Homework 6-2: the counts of the ablation, and what the quick run must leave and find."""

from __future__ import annotations

import re

import numpy as np
import pytest

import paddle_camp as camp
from homework.hw6_2_best_accuracy import experiment as hw
from paddle_camp import create_model
from paddle_camp.answers.template import render
from paddle_camp.data.mnist import load_mnist
from paddle_camp.networks.weights import read_arrays
from tests.helpers import contract


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    return contract.run("6-2", tmp_path_factory.mktemp("quick"), "--quick", "--data", "synthetic")[0]


def test_quick(quick):
    results = contract.check(quick, "6-2", data=True, classifier=True)
    assert list(results["ablation"]) == list(hw.ABLATION)
    recipe = results["ablation"]["recipe"]
    assert (recipe["only_here"], recipe["only_recipe"]) == (0, 0)
    for row in filter(None, results["ablation"].values()):
        assert row["mistakes"] - recipe["mistakes"] == row["only_here"] - row["only_recipe"]
    assert list(results["training"]) == list(hw.ABLATION)
    assert results["training"]["recipe"]["fits"] == "cannot be told apart"
    assert recipe["mistakes"] < 0.2 * 100  # of 100 held-out digits; guessing makes 90
    assert "选定的" not in (quick / "answer.md").read_text(encoding="utf-8")  # these are not the settings chosen before
    wrong = results["single"]["averaged"]
    assert len(wrong) == 2 and max(wrong) < 0.15 * 299
    # What both networks get right, their mean gets right; of what one gets wrong it may get any part wrong.
    assert results["ensemble"]["averaged"] <= min(sum(wrong), 0.15 * 299)
    rows = contract.rows_of(quick / "predictions.csv")
    shares = np.array([[float(row[f"probability_{k}"]) for k in range(10)] for row in rows])
    labels = np.array([int(row["label"]) for row in rows])
    assert hw.mistakes(shares, labels) == results["ensemble"]["averaged"]


def test_the_kept_weights_give_the_predictions(quick):
    """What `tools/predict.py` will load is what was measured."""
    test = load_mnist("synthetic", counts=(600, 300)).test
    shares = []
    for seed in (0, 1):
        model = create_model("digit_net", pretrained=quick / "checkpoints" / f"seed-{seed}.pdparams")
        shares.append(hw.outputs_of(model, test)["averaged"])
    rows = contract.rows_of(quick / "predictions.csv")
    written = [[float(row[f"probability_{k}"]) for k in range(10)] for row in rows]
    np.testing.assert_allclose(np.mean(shares, axis=0), written, atol=1e-6)
    assert [row["sample"] for row in rows] == list(test.names)


def test_the_first_network_is_the_runs_last_and_best(quick):
    folder = quick / "checkpoints"
    first = (folder / "seed-0.pdparams").read_bytes()
    assert first == (folder / "last.pdparams").read_bytes() == (folder / "best.pdparams").read_bytes()
    assert first != (folder / "seed-1.pdparams").read_bytes()


def test_the_test_digits_decide_nothing(quick, tmp_path, monkeypatch):
    """With other test labels, the ablation is the same and only the report on the test digits is another."""
    real = camp.load_mnist

    def mislabelled(*arguments, **more):
        data = real(*arguments, **more)
        return hw.replace(data, test=hw.replace(data.test, labels=(data.test.labels + 1) % 10))

    monkeypatch.setattr("paddle_camp.data.mnist.load_mnist", mislabelled)
    few = ("-o", "train_pictures=200", "-o", "test_pictures=50", "-o", "num_epochs=1", "-o", "ablation_epochs=1")
    wrong = contract.run("6-2", tmp_path / "wrong", "--quick", "--data", "synthetic", *few)[0]
    monkeypatch.undo()
    right = contract.run("6-2", tmp_path / "right", "--quick", "--data", "synthetic", *few)[0]
    ablations = [contract.metrics_of(folder)["results"]["ablation"] for folder in (wrong, right)]
    assert ablations[0] == ablations[1]
    for name in ("seed-0", "seed-1"):
        paths = [folder / "checkpoints" / f"{name}.pdparams" for folder in (wrong, right)]
        arrays = [read_arrays(path).values() for path in paths]
        assert all(np.array_equal(one, other) for one, other in zip(*arrays, strict=True))
    rows = [contract.rows_of(folder / "predictions.csv") for folder in (wrong, right)]
    assert all((int(one["label"]) - int(other["label"])) % 10 == 1 for one, other in zip(*rows, strict=True))


EVEN = "cannot be told apart"


def answer_with(rows: dict | None = None, trainings: dict | None = None, **changes) -> str:
    """The answer, as if these rows of the ablation had ended and trained so, all others as the recipe."""
    settings = hw.replace(hw.Settings(), **changes)
    row = {"mistakes": 30, "averaged": 28, "only_here": 0, "only_recipe": 0, "verdict": EVEN}
    training = {"train_loss": 0.08, "held_loss": 0.03, "lowest_held_loss": 0.03, "lowest_after": 15, "fits": EVEN}
    training |= {"jumps": 0.0002, "steadiness": EVEN}
    values = {
        "settings": settings,
        "seeds": [0],
        "few": settings.ablation_pictures or 50_000,
        "held": 10_000,
        "test": 10_000,
        "train": 60_000,
    }
    values |= {"parameters": 5, "code": "…", "single": {"plain": [30], "averaged": [20]}, "ensemble": {"plain": 30}}
    values |= {
        "cost": {"minutes": [1.0], "cores": 2, "side_by_side": 1},
        "as_default": hw.replace(settings, num_seeds=3) == hw.Settings(),
    }
    values["ablation"] = {name: row for name in hw.ABLATION} | {k: v and row | v for k, v in (rows or {}).items()}
    values["training"] = {name: training for name in hw.ABLATION}
    values["training"] |= {k: v and training | v for k, v in (trainings or {}).items()}
    return render(hw.__file__, values)


def problems_with(*arguments, **changes) -> str:
    """The part of such an answer on the problems of training."""
    return answer_with(*arguments, **changes).split("## 训练中遇到的典型问题")[1].split("## 测试集")[0]


def test_where_nothing_went_wrong_the_answer_says_so():
    text = problems_with()
    assert "**过拟合**：这次没有看到" in text and "**学得不够**：这次没有看到" in text
    assert "这次没有一行发散" in text and "差别在偶然范围之内，这次看不出问题" in text


def test_overfitting_is_a_lower_training_loss_with_more_mistakes():
    worse = {"no warps": {"mistakes": 97, "verdict": "worse"}}
    fitted = {"no warps": {"fits": "better", "train_loss": 0.0012, "held_loss": 0.041}}
    text = problems_with(worse, fitted)
    assert "不做任何变形：训练损失 0.0012，留出损失 0.0410，判错 97 张" in text
    assert "这次没有看到（没有哪一行的训练损失更低" not in text and "第 15 轮最低" not in text
    early = {"no warps": fitted["no warps"] | {"lowest_after": 6, "lowest_held_loss": 0.035}}
    assert "留出损失在第 6 轮最低（0.0350），以后没有再降" in problems_with(worse, early)
    # More mistakes without a better fit is none, nor is a better fit that makes no more mistakes.
    assert "**过拟合**：这次没有看到" in problems_with(worse) and "**过拟合**：这次没有看到" in problems_with(
        {}, fitted
    )


def test_underfitting_is_a_higher_training_loss_with_more_mistakes():
    slow = {"DeepConvNet": {"mistakes": 620, "verdict": "worse"}}
    text = problems_with(slow, {"DeepConvNet": {"fits": "worse", "train_loss": 2.24}})
    assert "DeepConvNet（学习率 0.001）：训练损失 2.2400" in text and "判错 620 张" in text
    assert "可以调学习率或多训练几轮，或换容易训练的网络（有批归一化的）。" in text and "加数据增强没有用" not in text
    bent = {"only shifts": {"mistakes": 60, "verdict": "worse"}}
    assert "可以调学习率或多训练几轮。" in problems_with(bent, {"only shifts": {"fits": "worse"}})
    assert "**学得不够**：这次没有看到" not in text
    assert "**学得不够**：这次没有看到" in problems_with(slow, {"DeepConvNet": {"fits": "better"}})


def test_a_diverged_row_is_a_rate_too_high():
    name = "Momentum, rate 0.1"
    text = problems_with({name: None}, {name: None})
    assert "学习率太大而发散**：Momentum，最高学习率 0.1，损失变成了 nan" in text and "没有一行发散" not in text


def test_a_constant_rate_that_jumps_is_said_and_one_that_does_not_as_well():
    name = "constant Adam, rate 0.001"
    jumps = problems_with({}, {name: {"jumps": 0.0021, "steadiness": "worse"}})
    assert "恒定学习率的 Adam 是 0.21 个百分点，原做法是 0.02 个百分点，差别超出偶然" in jumps
    assert "恒定学习率反而更稳" in problems_with({}, {name: {"steadiness": "better"}})
    assert "训练后期准确率跳动" not in problems_with({}, {name: {"jumps": None}})
    assert "逐步降到 0 就稳定下来" not in problems_with({}, {name: {"steadiness": "worse"}}, schedule="constant")


def test_the_answer_says_what_was_chosen_and_why_few_digits():
    text, own = answer_with(), answer_with(warp="none", ablation_pictures=None)
    assert {len(digits) for digits in re.findall(r"\.(\d+)%", text)} == {2}  # accuracies have one form
    assert (
        "这一做法是事先在 MNIST 留出的训练图片上选定的；本次" in text and "在 10,000 张训练图片上（少用一些，" in text
    )
    assert "- 本次运行用全部 60,000 张" in own and "选定的" not in own and "在 50,000 张训练图片上训练" in own


def test_the_losses_and_optimizers_that_were_tried_are_named():
    assert (
        "损失函数试了 2 种（交叉熵、标签平滑 0.1 的交叉熵），优化算法试了 3 种（AdamW、Momentum、Adam）"
        in answer_with()
    )
    assert "优化算法试了 2 种（Adam、Momentum）" in answer_with(optimizer="adam")
    assert "损失函数试了 1 种" in answer_with(smoothing=0.1)


def history_of(losses: list[float], held: list[tuple[float, float]]) -> dict:
    """Epochs of as many batches as there are losses, the same in each, then (loss, accuracy) on held-out digits."""
    steps = [{"loss": loss} for _ in held for loss in losses]
    evaluations = []
    for epoch, (loss, accuracy) in enumerate(held, 1):
        evaluations.append({"epoch": float(epoch), "split": "train", "loss": float(np.mean(losses))})
        evaluations.append({"epoch": float(epoch), "split": "holdout", "loss": loss, "accuracy": accuracy})
    return {"history": {"steps": steps, "evaluations": evaluations}}


def test_how_a_training_went_is_judged_beside_the_recipes():
    falling = [(0.5, 0.9), (0.4, 0.92), (0.3, 0.94), (0.2, 0.94), (0.1, 0.94), (0.1, 0.94), (0.1, 0.94), (0.1, 0.94)]
    rising = [(0.5, 0.9), (0.3, 0.9), (0.6, 0.9), (0.7, 0.95), (0.8, 0.85), (0.8, 0.95), (0.8, 0.85), (0.9, 0.95)]
    losses = np.linspace(0.4, 0.6, 20)
    found = {"recipe": history_of(list(losses), falling), "DeepConvNet": {"diverged": 3}}
    found["no warps"] = history_of(list(losses - np.linspace(0.1, 0.2, 20)), rising)
    found["label smoothing 0.1"] = history_of(list(losses + 0.3), falling[:2])
    table = hw.diagnose(found, 1000)
    assert list(table) == list(found) and table["DeepConvNet"] is None
    assert (table["recipe"]["fits"], table["recipe"]["jumps"], table["recipe"]["lowest_after"]) == (EVEN, 0.0, 5)
    own = table["no warps"]
    assert (own["fits"], own["steadiness"], own["lowest_after"], own["lowest_held_loss"]) == ("better", "worse", 2, 0.3)
    assert own["train_loss"] == pytest.approx(0.35) and own["held_loss"] == 0.9
    assert own["jumps"] == pytest.approx(np.std([0.1, -0.1, 0.1], ddof=1))
    smoothed = table["label smoothing 0.1"]  # another loss, and too few epochs to jump
    assert (smoothed["fits"], smoothed["jumps"], smoothed["steadiness"]) == (None, None, EVEN)


@pytest.mark.parametrize(
    ("warp", "says"), [("none", "不做变形"), ("shift", "随机平移"), ("affine", "伸缩"), ("elastic", "弹性变形")]
)
def test_the_answer_names_the_warps_of_the_run(warp, says):
    line = next(line for line in answer_with(warp=warp).splitlines() if line.startswith("- 数据增强"))
    assert says in line and ("旋转" in line) == (warp in ("affine", "elastic"))


def test_a_diverged_row_is_marked():
    labels = np.array([0, 1, 2])
    right = np.eye(10)[labels].tolist()
    wrong = np.eye(10)[[0, 1, 3]].tolist()
    found = {"recipe": {"plain": wrong, "averaged": right}, "no warps": {"diverged": 7}}
    found["only shifts"] = {"plain": right, "averaged": right}
    table = hw.summarise_ablation(found, labels)
    assert table["no warps"] is None
    same = {"p_value": 1.0, "verdict": "cannot be told apart"}  # one digit tells nothing
    assert table["recipe"] == {"mistakes": 1, "averaged": 0, "only_here": 0, "only_recipe": 0} | same
    assert table["only shifts"] == {"mistakes": 0, "averaged": 0, "only_here": 0, "only_recipe": 1} | same


def test_the_row_with_fewer_mistakes_is_better():
    labels = np.zeros(20, int)
    right, wrong = (np.eye(10)[[digit] * 20].tolist() for digit in (0, 1))
    found = {name: {"plain": wrong, "averaged": wrong} for name in ("recipe", "no warps")}
    table = hw.summarise_ablation(found | {"only shifts": {"plain": right, "averaged": right}}, labels)
    assert table["only shifts"]["verdict"] == "better" and table["only shifts"]["p_value"] == 2 / 2**20
    found = {name: {"plain": right, "averaged": right} for name in ("recipe", "no warps")}
    table = hw.summarise_ablation(found | {"only shifts": {"plain": wrong, "averaged": wrong}}, labels)
    assert table["only shifts"]["verdict"] == "worse" and table["no warps"]["verdict"] == "cannot be told apart"


@pytest.mark.parametrize(
    ("override", "says"),
    [
        (("warp=bent",), "none, shift, affine, elastic"),
        (("optimizer=lion",), "adamw"),
        (("schedule=up",), "warmup_cosine"),
        (("batch_size=5000", "ablation_epochs=1"), "batch_size=5000: leaves 1 step in all"),
    ],
)
def test_refused_settings(tmp_path, override, says):
    contract.refused("6-2", tmp_path, says, *override)
