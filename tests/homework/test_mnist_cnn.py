"""mnist-cnn: digits moved by hand, the place that equal time reads from, the answer turned around, a tiny run."""

from __future__ import annotations

import numpy as np
import pytest

from homework.mnist_cnn import experiment as hw
from homework.mnist_cnn import verdicts
from paddle_camp.comparisons import ENOUGH
from tests.helpers import contract
from tests.helpers.markdown import rendered
from tests.helpers.predictions import small_run


def test_a_picture_is_moved_and_black_comes_in():
    image = np.array([[[[1, 2], [3, 4]]]], np.uint8)
    assert hw.moved(image, 1, 0)[0, 0].tolist() == [[0, 0], [1, 2]]
    assert hw.moved(image, -1, 0)[0, 0].tolist() == [[3, 4], [0, 0]]
    assert hw.moved(image, 0, 1)[0, 0].tolist() == [[0, 1], [0, 3]]
    assert hw.moved(image, 0, -1)[0, 0].tolist() == [[2, 0], [4, 0]]
    assert hw.moved(image, 0, 0).tolist() == image.tolist()


def trained(accuracies, seconds, moved=0.5):
    rows = []
    for epoch, accuracy in enumerate(accuracies, 1):
        rows.append({"epoch": float(epoch), "split": "train", "loss": 0.1, "seconds": seconds})
        rows.append({"epoch": float(epoch), "split": "test", "loss": 0.1, "accuracy": accuracy})
    return {"accuracy": accuracies[-1], "moved": moved, "history": {"steps": [], "evaluations": rows}}


def test_equal_time_is_read_after_the_epochs_that_fit_into_it():
    cells = {"simple_cnn": [trained([0.9, 0.98], 10.0)]}
    cells |= {"mlp_linear": [trained([0.1 * k for k in range(1, 9)], 3.0)], "mlp_relu": [trained([0.7, 0.8], 4.0)]}
    found = verdicts.read_at_equal_time(cells, 1000)
    assert found["budget"] == 20
    linear, relu = found["networks"]["mlp_linear"], found["networks"]["mlp_relu"]
    assert (linear["epochs"], linear["accuracy"], linear["short"]) == (6, pytest.approx(0.6), False)  # 18 of 20 s
    assert (relu["epochs"], relu["wanted"], relu["short"], relu["share"]) == (2, 5, True, 0.4)
    slow = verdicts.read_at_equal_time(cells | {"mlp_bn": [trained([0.3, 0.4], 50.0)]}, 1000)["networks"]["mlp_bn"]
    assert slow["epochs"] == 1 and slow["share"] == 2.5  # one epoch at least
    pause = [trained([0.9, 0.95, 0.96], 10.0) for _ in range(3)]
    pause[1]["history"]["evaluations"][0]["seconds"] = 900.0
    assert verdicts.seconds_of(pause) == 10


CNN, MLP = (0.986, 0.987, 0.985), {"mlp_linear": 0.92, "mlp_relu": 0.978, "mlp_bn": 0.979}


def answer(seeds=3, cnn=CNN, mlp=MLP, moved=(0.9, 0.5), seconds=5.0, **changes):
    noise = (0.0, 0.0013, -0.0008)
    cells = {"simple_cnn": [trained([a - 0.01, a], 60.0, moved[0] + a / 100) for a in cnn[:seeds]]}
    for name, accuracy in mlp.items():
        cells[name] = [trained([accuracy + noise[k]] * 24, seconds, moved[1] + noise[k]) for k in range(seeds)]
    settings = hw.replace(hw.Settings(), num_seeds=seeds, num_epochs=2, mlp_epochs=24)
    values = {"settings": settings, "train": 60_000, "test": 10_000, "enough": ENOUGH, "code": "…"}
    values |= {"timed": verdicts.read_at_equal_time(cells, 10_000), "sizes": {name: hw.sizes(name) for name in cells}}
    return rendered(hw.__file__, values | verdicts.judge(cells, 10_000))


def test_the_answer_names_whom_it_beats_in_the_same_time():
    text = answer()
    first = text.splitlines()[0]
    assert "（120 秒，即 simple_cnn 的 2 轮），卷积网络 simple_cnn 的测试准确率为 98.60%（区间 " in first
    assert "，高于 mlp_linear（24 轮，92.02%）、mlp_relu（24 轮，97.82%）、mlp_bn（24 轮，97.92%）。**" in first
    assert "10.8 百万次乘加，mlp_relu 只要 0.27 百万次，相差 41 倍" in text and "每轮的时间相差 12.0 倍" in text
    assert "| simple_cnn | 98.60% | 90.99% | 7.61 |" in text and "| simple_cnn | 1,175,242 | 10,814,080 |" in text
    assert "平移之后 simple_cnn 比三个全连接网络都高，下降也最少，与上面的解释相符。" in text


def test_the_answer_turns_around_with_the_results():
    text = answer(cnn=(0.95, 0.951, 0.949), moved=(0.4, 0.5))
    first = text.splitlines()[0]
    assert "高于 mlp_linear（24 轮，92.02%），低于 mlp_relu（24 轮，97.82%）、mlp_bn" in first
    assert "平移之后 simple_cnn 并不更高，这个解释没有得到支持。" in text
    even = answer(mlp=MLP | {"mlp_bn": 0.986}, cnn=(0.985, 0.988, 0.9853))
    assert "与 mlp_bn（24 轮，98.62%）分不出高下。**" in even and "；但在原来的位置上" in even
    assert "都高，但没有比 mlp_linear 降得少：这个解释并不完全。" in answer(mlp=MLP | {"mlp_linear": 0.55})


def test_too_few_epochs_and_too_few_seeds_are_said():
    text = answer(seeds=1, seconds=2.0)
    assert "（mlp_linear、mlp_relu、mlp_bn 训练到 24 轮为止，用的时间较少。）" in text.splitlines()[0]
    assert "要补足，用 `-o mlp_epochs=60`" in text and "种子少于 3 个" in text and "- 各种子" not in text


TINY = ("train_pictures=150", "test_pictures=60", "num_epochs=1", "mlp_epochs=2", "batch_size=15", "num_seeds=1")


def test_a_tiny_run_keeps_the_contract(tmp_path):
    run = small_run("mnist-cnn", tmp_path, TINY)
    results = contract.check(run, "mnist-cnn", data=True, classifier=True)
    assert {name: len(row["by_epoch"][0]) for name, row in results["table"].items()} == {
        "simple_cnn": 1,
        **dict.fromkeys(("mlp_linear", "mlp_relu", "mlp_bn"), 2),
    }
    assert not any("seconds" in row for row in results["table"].values())  # results do not depend on the clock


@pytest.mark.slow
def test_quick(tmp_path):
    run, _ = contract.run("mnist-cnn", tmp_path, "--quick", "--data", "synthetic")
    contract.check(run, "mnist-cnn", data=True, classifier=True)


def test_wrong_settings_are_one_line(tmp_path):
    contract.refused("mnist-cnn", tmp_path, "shift=0: must be positive", "shift=0")
    contract.refused("mnist-cnn", tmp_path, "diverged: give a smaller learning_rate", *TINY, "learning_rate=1e15")
