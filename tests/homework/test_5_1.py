"""Homework 5-1: the interval, the draw, the quick run, and one's own digit."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

from homework.hw5_1_test_accuracy import experiment as hw
from paddle_camp.answers.template import render
from paddle_camp.data.mnist import load_mnist
from paddle_camp.errors import CampError, DataError, SettingError
from tests.helpers import contract


def test_the_scatter_is_the_hypergeometric():
    right = np.arange(1000) >= 50  # 95 %
    spread = hw.scatter(right, 100, 20_000, seed=0)
    assert spread["chances"].sum() == pytest.approx(1)
    assert spread["std"] == pytest.approx(spread["expected_std"], rel=0.03)
    assert np.abs(spread["seen"] - spread["chances"]).max() < 0.015
    assert spread["expected_std"] == pytest.approx(np.sqrt(0.95 * 0.05 / 100 * 900 / 999))  # Feller, chapter IX
    assert spread["range"] == [pytest.approx(0.91, abs=0.011), pytest.approx(0.99, abs=0.011)]


@pytest.mark.parametrize(("right", "sample"), [(np.arange(1000) >= 50, 1000), (np.ones(300, bool), 100), ([True], 1)])
def test_a_draw_that_leaves_nothing_to_chance_does_not_scatter(right, sample):
    spread = hw.scatter(np.asarray(right), sample, 10, seed=0)
    assert (spread["std"], spread["expected_std"]) == (pytest.approx(0, abs=1e-12), pytest.approx(0, abs=1e-12))
    assert spread["chances"].sum() == pytest.approx(1)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quick")
    digit = load_mnist("synthetic").test
    image = 255 - cv2.resize(digit.images[5, 0], (200, 200))  # dark on light, as on paper
    cv2.imwrite(str(folder / "own.png"), image)
    asked = ("--quick", "--data", "synthetic", "--image", str(folder / "own.png"))
    return contract.run("5-1", folder, *asked)[0], int(digit.labels[5])


def test_quick(quick):
    folder, digit = quick
    results = contract.check(folder, "5-1", data=True, classifier=True)
    assert len(set(results["drawn"])) == 100
    rows = contract.rows_of(folder / "predictions.csv")
    right = [max(range(10), key=lambda k, row=row: float(row[f"probability_{k}"])) == int(row["label"]) for row in rows]
    assert results["accuracy_all"] == pytest.approx(np.mean(right))
    assert results["right"] == sum(right[i] for i in results["drawn"])
    assert results["interval"][0] <= results["right"] / 100 <= results["interval"][1]
    within = results["interval"][0] <= results["accuracy_all"] <= results["interval"][1]
    assert (results["verdict"] == "cannot be told apart") == within
    assert contract.metrics_of(folder)["headline"]["value"] == results["accuracy_all"] > 0.8
    assert results["smallest_difference"] == pytest.approx(1.96 * 2**0.5 * results["expected_std"], rel=1e-4)
    assert results["std"] == pytest.approx(results["expected_std"], rel=0.1)
    assert results["own"]["digit"] == digit and results["own"]["steps"][-1] == "28 x 28"
    assert results["fewest_one_sided"] == 6
    answer = (folder / "answer.md").read_text(encoding="utf-8")
    assert f"训练 {hw.QUICK.num_epochs} 轮" in answer
    assert "def measure_sample(" in answer and "6. 放到 28×28 的黑底上，让重心落在正中（图中的 28 x 28）。" in answer
    assert (folder / "figures" / "own.png").is_file()


def answer_with(image=None, **results) -> str:
    """The answer to made-up results."""
    settings = hw.replace(hw.Settings(), image=image)
    values = {
        "settings": settings,
        "seed": 0,
        "test": 10_000,
        "epochs": 2,
        "code": "…",
        "right": 98,
        "accuracy_all": 0.985,
    }
    values |= {"interval": [0.93, 0.994], "verdict": "cannot be told apart", "range": [0.96, 1.0], "std": 0.012}
    values |= {"expected_std": 0.0121, "smallest_difference": 0.033, "fewest_one_sided": hw.fewest_one_sided(100)}
    return render(hw.__file__, values | results)


OWN = {"digit": 7, "probability": 0.61234, "sure": False}
STEPS = ["grey", "light on dark", "without paper", "cropped", "20 x 20", "28 x 28"]


@pytest.mark.parametrize(
    ("results", "says", "not_said"),
    [
        ({}, "98.50%，在这个区间之内", "平均每 20 次"),
        ({"verdict": "worse"}, "不在这个区间之内（平均每 20 次抽取会有 1 次这样）", "，在这个区间之内"),
        ({}, "相差不到约 3.3 个百分点就分不出高下", "没有波动"),
        ({"std": 0.0, "expected_std": 0.0, "smallest_difference": 0.0}, "所以没有波动", "各抽各的"),
        ({"std": 0.0}, "才是独立的：相差不到约 3.3 个百分点", "没有波动"),  # a single draw does not scatter
        ({}, "训练 2 轮（一个种子）", "训练 3 轮"),  # those that were trained, not those asked for
        ({}, "也要有 6 个才分得出高下", "即使全都偏向一方也分不出高下"),
        ({"fewest_one_sided": None}, "即使全都偏向一方也分不出高下", "个才分得出高下"),
    ],
)
def test_the_answer_turns_with_the_results(results, says, not_said):
    text = answer_with(**results)
    assert says in text and not_said not in text


def test_two_networks_on_the_same_digits_are_paired():
    assert [hw.fewest_one_sided(sample) for sample in (5, 6, 100)] == [None, 6, 6]  # 2 / 2**5 > 0.05 > 2 / 2**6
    many = answer_with(fewest_one_sided=hw.fewest_one_sided(6))
    none = answer_with(fewest_one_sided=hw.fewest_one_sided(5))
    assert "要有 6 个才分得出高下" in many and "要有" not in none


def test_the_steps_of_ones_own_digit_are_said_with_and_without_a_picture():
    without, given = answer_with(), answer_with("own.png", own=OWN | {"steps": STEPS})
    for text in (without, given):
        assert "1. 读入图片" in text and "5. 保持长宽比" in text and "7. 像训练图片一样" in text
    assert "本次没有给出图片" in without and "--image" in without and "被判为" not in without
    assert "`own.png` 被判为 **7** ，概率 61.23%，并不确定" in given and "没有给出图片" not in given
    small = answer_with("own.png", own=OWN | {"sure": True, "steps": ["grey", "28 x 28"]})
    assert "2. 这张图片已经是 MNIST 的样子（28×28、" in small and "只在白底黑字时反色（图中的 28 x 28）。" in small
    assert "放到 28×28" not in small and "3. 像训练图片一样" in small and "并不确定" not in small


@pytest.mark.parametrize("text", [answer_with(), answer_with("own.png", own=OWN | {"steps": STEPS})])
def test_accuracies_and_probabilities_are_percent_with_two_decimals(text):
    assert re.findall(r"(?<![\d.])0\.\d+", text) == ["0.001"]  # the learning rate
    assert {len(digits) for digits in re.findall(r"\.(\d+)%", text)} == {2}


def test_another_seed_draws_others_and_given_weights_are_not_trained(quick, tmp_path):
    weights = quick[0] / "checkpoints" / "last.pdparams"
    asked = ("--data", "synthetic", "-o", f"weights={weights}", "-o", "test_pictures=300", "--seed", "1")
    folder, _ = contract.run("5-1", tmp_path, *asked)
    results, before = contract.metrics_of(folder)["results"], contract.metrics_of(quick[0])["results"]
    assert results["accuracy_all"] == before["accuracy_all"] and results["drawn"] != before["drawn"]
    assert not contract.rows_of(folder / "steps.csv")


@pytest.mark.parametrize(
    ("override", "says", "kind"),
    [
        ("sample=10000", "there are", SettingError),
        ("holdout=0.001", "leaves one part empty", SettingError),
        ("model=resnet5", "the zoo has", SettingError),
        ("model=alexnet", "does not take pictures of 1 x 28 x 28", SettingError),
        ("image=/nowhere.png", "cannot be read", DataError),
        ("weights=/nowhere.pdparams", "nowhere.pdparams", CampError),
    ],
)
def test_a_wrong_setting_is_one_line_before_any_training(override, says, kind, tmp_path):
    contract.refused("5-1", tmp_path, says, "train_pictures=100", override, kind=kind)
