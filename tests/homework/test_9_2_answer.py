"""Homework 9-2's answer, from made-up networks: ties, chance, thresholds, the course's numbers beside ours."""

from __future__ import annotations

import json

import numpy as np
import pytest

import paddle_camp as camp
from homework.hw9_2_compare_networks import experiment as hw
from homework.hw9_2_compare_networks.verdicts import median_steps
from paddle_camp.answers.template import render
from tests.helpers import contract


def made_up_steps(place):
    """Four epochs (one fewer where patience stopped it) of three steps: a second less for each place in the list."""
    every = [(epoch, batch) for epoch in range(4 - (place == 3)) for batch in range(3)]
    return [
        {"epoch": e, "batch": b, "seconds": 10 - place + 0.01 * e * place + 5 * (b == 1) * (e == 2)} for e, b in every
    ]


def made_up(name, settings, context, sets):
    """A network's result without its training: better and better from lenet to resnet50, GoogLeNet on one side."""
    place = list(hw.RECIPES).index(name)
    rng = np.random.default_rng(place)

    def measured(aside, better=0.0):
        found = {}
        for split in ("holdout", "validation"):
            labels = sets[split].data.labels
            score = rng.normal(size=len(labels)) + (place + better) * labels + aside - (place + better) / 2
            outputs = np.stack([np.zeros_like(score), score], axis=1)
            found[split] = {"loss": 1.0 / (place + 1 + better), "outputs": outputs.tolist()}
        return found

    aside = 3 if name == "googlenet" else 0
    found = {"course": measured(aside), "mirrored": measured(0), "averaged": measured(aside), "decayed": measured(0)}
    found |= {"statistics": measured(0)} if name == "resnet50" else {}
    rows = [{"split": "validation", "epoch": e, "accuracy": 0.5 + 0.1 * (e % 2) * (e < 12)} for e in range(1, 16)]
    history = {"steps": made_up_steps(place), "evaluations": rows[:5]}
    mended = {"mended": measured(0, 1.0)} if settings.more_epochs else {}
    histories = {kind: history | {"evaluations": rows} for kind in mended} | {"course": history}
    return {
        **{"parameters": 10**6, "multiply_adds": 10**9, "train_loss": 0.4},
        **{"measured": found | mended, "histories": histories},
        **{"cost": {"seconds_per_epoch": 10.0 - place, "peak_memory": 10**9}},
    }


def train_nothing(monkeypatch):
    """Make a run take its networks' results from :func:`made_up`."""
    monkeypatch.setattr(hw, "train_network", made_up)
    monkeypatch.setattr(hw, "build", lambda *arguments: (None, None))
    monkeypatch.setattr("paddle_camp.running.context.publish", lambda *folders: None)
    monkeypatch.setattr("paddle_camp.models.registry.check_input", lambda *arguments: None)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The folder of a comparison of made-up networks on a hundred pictures; no test changes it."""
    asked = ("-o", "image_size=32", "-o", "train_pictures=40", "-o", "valid_pictures=100", "--data", "synthetic")
    with pytest.MonkeyPatch.context() as monkeypatch:
        train_nothing(monkeypatch)
        return contract.run("9-2", tmp_path_factory.mktemp("compared"), *asked)[0]


def headline(folder, *, accuracies, guessing, **changed):
    """The first lines of the answer with other accuracies and AUC verdicts, network by network."""
    kept = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    results = kept["results"]
    for name, accuracy, verdict in zip(results["order"], accuracies, guessing, strict=True):
        from_majority = "better" if accuracy > 0.6 else "cannot be told apart"
        new = {
            "accuracy": accuracy,
            "from_guessing": verdict,
            "from_majority": from_majority,
            "accuracies": [accuracy] * 2,
        }
        results["networks"][name] |= new
    best = [name for name, accuracy in zip(results["order"], accuracies, strict=True) if accuracy == max(accuracies)]
    results |= {"leaders": best, "learned": [n for n, a in zip(results["order"], accuracies, strict=True) if a > 0.6]}
    results["ordered"] = [n for n, v in zip(results["order"], guessing, strict=True) if v == "better"]
    text = render(hw.__file__, {"settings": hw.Settings(), "seed": 0} | kept["values"] | results | changed)
    return text.split("## 做法")[0], text


def test_networks_at_chance_are_not_crowned(compared):
    one_side = ["better", "better", *["cannot be told apart"] * 4]
    said, text = headline(compared, accuracies=[0.53] * 6, guessing=one_side)
    assert "没有一个网络的验证准确率能与总猜较多的一类" in said and "最高的是" not in said
    assert "的 AUC 高于 0.5，超出偶然范围" in said and "一直是 53.00%" in text
    said, _ = headline(compared, accuracies=[0.53] * 6, guessing=["cannot be told apart"] * 6)
    assert "还什么都没有学到" in said


def test_a_tie_is_a_tie(compared):
    even = {"verdict": "cannot be told apart", "only_first": 0, "only_second": 0, "p_value": 1.0, "difference": 0}
    ahead = even | {"verdict": "better", "only_first": 30}
    results = json.loads((compared / "answer.json").read_text(encoding="utf-8"))["results"]
    first, second, *others = results["order"]
    against = {second: even} | {name: ahead for name in others}
    said, text = headline(
        compared, accuracies=[0.9, 0.9, 0.7, 0.7, 0.7, 0.5], guessing=["better"] * 6, against_best=against
    )
    assert f"最高的是 {first}、{second}（并列 90.00%）；其余网络与它们的差别都超出偶然范围" in said
    assert f"{others[-1]} 的准确率与总猜较多的一类" in said
    assert f"- {first} 与 {second}：每张图片的对错都相同。" in text


def test_the_answer_compares_all_six_and_says_who_is_off_the_threshold(compared):
    folder = compared
    results = contract.check(folder, "9-2", data=True)
    assert set(results["networks"]) == set(hw.RECIPES) and results["kept"] == "resnet50"
    answer = (folder / "answer.md").read_text(encoding="utf-8")
    assert (
        "辅助分类器：googlenet（有）" in answer
        and results["auxiliary"]["only_first"] + results["auxiliary"]["only_second"] > 0
    )
    assert "googlenet 的准确率不高而 AUC 是" in answer
    kept = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    assert results["order"][0] == kept["values"]["quickest"]["name"] == "resnet50" and "也是每轮最快的。" in answer
    first, other = results["order"][:2]
    values = {"settings": hw.Settings(), "seed": 0} | kept["values"] | kept["results"]
    for verdict in ("better", "cannot be told apart"):
        quickest = {"name": other, "against": {first: {"verdict": verdict}}}
        text = render(hw.__file__, values | {"quickest": quickest})
        assert f"，{other} 每轮最快（" in text and "也是每轮最快的" not in text
        assert (f"，与 {first} 的快慢在各轮之间的波动范围之内" in text) == (verdict != "better")
    assert results["networks"]["googlenet"]["best_threshold"] > results["networks"]["googlenet"]["accuracy"] + 0.05


def test_the_median_step_of_each_epoch_is_not_moved_by_one_that_was_disturbed():
    history = camp.History(steps=made_up_steps(1))
    assert median_steps(history) == pytest.approx([9.0, 9.01, 9.02, 9.03])


def test_on_the_real_pictures_the_courses_numbers_stand_beside_ours(real_data, tmp_path, monkeypatch):
    train_nothing(monkeypatch)
    folder, _ = contract.run("9-2", tmp_path, "--data-dir", str(real_data))
    results = contract.check(folder, "9-2")
    answer = (folder / "answer.md").read_text(encoding="utf-8")
    assert results["as_course"] and "与课程公布的结果比较" in answer and "| vgg16 | 94.75%/0.176 |" in answer
    assert "本次留出 40 张" in answer
    assert not contract.metrics_of(
        contract.run("9-2", tmp_path, "--data-dir", str(real_data), "-o", "num_epochs=4")[0]
    )["results"]["as_course"]


def test_the_answer_says_what_each_change_and_the_mended_recipe_bring(compared):
    results = contract.metrics_of(compared)["results"]
    changes = results["changes"]
    assert list(changes) == ["threshold", "mirrored", "statistics", "averaged", "decayed", "mended"]
    assert changes["statistics"]["networks"] == ["resnet50"] and "googlenet" in changes["mended"]["networks"]
    row = results["networks"]["googlenet"]
    assert results["furthest"] == "googlenet" and row["called_positive"] > 0.8 > row["mended"]["called_positive"]
    assert row["changed"]["threshold"] > row["accuracy"] + 0.1 and row["changed"]["decayed"] > row["accuracy"] + 0.1
    assert results["steadier"]["before"] == pytest.approx(0.1) and results["steadier"]["after"] < 1e-9
    answer = (compared / "answer.md").read_text(encoding="utf-8")
    assert "固定的学习率让最后的权重来回移动" in answer and "学习率在第 11、14 轮之后各除以 10" in answer
    assert "def choose_threshold" in answer and "| resnet50 |" in answer
    kept = json.loads((compared / "answer.json").read_text(encoding="utf-8"))
    values = {"settings": hw.Settings(), "seed": 0} | kept["values"] | kept["results"]
    said = {}
    for verdict in ("better", "worse", "cannot be told apart"):
        turned = {kind: pair | {"verdict": verdict} for kind, pair in changes.items()}
        steadier = results["steadier"] | {"verdict": verdict}
        said[verdict] = render(hw.__file__, values | {"changes": turned, "steadier": steadier})
    assert "单独一处改变里，“留出图片选的阈值”" in said["better"] and "降低了准确率" not in said["better"]
    assert "反而更低，超出偶然范围" in said["worse"] and "下降之后反而波动更大" in said["worse"]
    assert "单独一处改变都没有超出偶然地提高准确率。" in said["cannot be told apart"]
    assert "差别在各网络之间的波动范围之内" in said["cannot be told apart"]


def test_without_the_mended_recipe_the_answer_does_not_speak_of_it(tmp_path, monkeypatch):
    train_nothing(monkeypatch)
    asked = ("image_size=32", "train_pictures=40", "valid_pictures=40", "more_epochs=0", "models=resnet50")
    words = [word for setting in asked for word in ("-o", setting)]
    folder, _ = contract.run("9-2", tmp_path, *words, "--data", "synthetic")
    results = contract.check(folder, "9-2", data=True)
    assert "mended" not in results["changes"] and results["kept_recipe"] == "course"
    answer = (folder / "answer.md").read_text(encoding="utf-8")
    assert "改进" not in answer and "| resnet50 |" in answer
