"""What a picture classifier's report shows of its mistakes, and the diagnosis of trainings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import paddle
import pytest
from paddle import nn

import paddle_camp as camp
from paddle_camp.answers.template import render_more
from paddle_camp.data.info import DataInfo
from paddle_camp.history import History
from paddle_camp.running.context import Context
from paddle_camp.running.diagnosing import add_diagnosis
from paddle_camp.running.interpreting import add_interpretation, judge, pictures_to_show
from paddle_camp.running.options import Options
from paddle_camp.training import checkpoint
from tests.helpers.markdown import form_faults

LABELS = np.array([0] * 10 + [1] * 10 + [2] * 10)
SAID = np.array([0] * 10 + [1] * 6 + [2] * 4 + [2] * 10)  # four ones are taken for twos


def shares_of(said: np.ndarray, sure: np.ndarray) -> np.ndarray:
    shares = np.repeat((1 - sure)[:, None] / 9, 10, axis=1)
    shares[np.arange(len(said)), said] = sure
    return shares


@pytest.fixture
def digits() -> camp.ImageSet:
    images = np.random.default_rng(0).integers(0, 256, (30, 1, 28, 28)).astype(np.uint8)
    return camp.ImageSet(images, LABELS, tuple(f"t|{i}" for i in range(30)), kind=camp.DIGITS)


@pytest.fixture
def predictions(digits) -> camp.Predictions:
    return camp.Predictions.of_shares(digits, shares_of(SAID, np.linspace(0.5, 0.95, 30)))


def context_of(tmp_path: Path, model: str | None, digits: camp.ImageSet) -> Context:
    """A run that has published this network of the zoo, untrained."""
    data = DataInfo("Digits", "real", "/digits", {"train": 30})
    context = Context("x", lambda: tmp_path, Options(), {}, data=data)
    if model is not None:
        paddle.seed(0)
        network = camp.create_for(model, camp.DIGITS)
        checkpoint.save_network(context.checkpoints / "one", network)
        context.publish(context.checkpoints / "one", camp.SavedModel.usual(model, "digits"))
    return context


def answer_of(predictions: camp.Predictions | None, **more) -> camp.Answer:
    return camp.Answer("作业x:图", {"own": 1}, predictions=predictions, **more)


def test_classes_pairs_and_the_worst_are_counted(predictions):
    found = judge(predictions)
    assert (found["count"], found["wrong"], found["split"]) == (30, 4, "test")
    assert [(row["count"], row["right"], row["accuracy"]) for row in found["classes"][:4]] == [
        *((10, 10, 1.0), (10, 6, 0.6), (10, 10, 1.0)),
        (0, 0, None),
    ]
    assert found["pairs"] == [{"names": ["1", "2"], "mistakes": 4.0}]
    worst = [(row["sample"], row["is"], row["said"]) for row in found["worst"]]
    assert worst == [(f"t|{i}", "1", "2") for i in (19, 18, 17, 16)]  # the surest first
    assert found["classes_differ"] and found["classes_p"] == pytest.approx(0.00991, abs=1e-4)


def test_without_a_mistake_no_class_is_called_harder(digits):
    found = judge(camp.Predictions.of_shares(digits, shares_of(LABELS, np.full(30, 0.9))))
    assert (found["wrong"], found["pairs"], found["worst"], found["classes_differ"]) == (0, [], [], None)


def test_the_worst_and_the_surest_of_different_classes_are_shown(predictions):
    assert pictures_to_show(predictions).tolist() == [19, 18, 17, 16, 29, 15, 9]


@pytest.mark.parametrize(
    ("model", "says"),
    [("two_conv_net", "`conv2` 层输出的梯度"), ("mlp_relu", "mlp_relu 没有输出特征图的卷积层"), (None, "")],
)
def test_an_answer_gets_figures_and_text(tmp_path, digits, predictions, model, says):
    answer = answer_of(predictions)
    add_interpretation(context_of(tmp_path, model, digits), answer)
    assert list(answer.figures) == ["confusion", "mistakes"] and answer.results["own"] == 1
    (text,) = render_more(answer.results)
    assert "30 张测试图片中判错 4 张" in text and says in text and ("Grad-CAM" in text) == (model is not None)
    assert "t\\|19" in text and "有 7 个类别在其中没有图片" in text and form_faults(text.replace("\\|", "")) == []
    assert "Grad-CAM 热图" in answer.figures["mistakes"][0] or model != "two_conv_net"
    again = answer_of(predictions)
    add_interpretation(context_of(tmp_path / "again", model, digits), again)
    assert again.results == answer.results


def test_what_is_no_picture_classifier_stays_as_it_is(tmp_path, predictions, digits):
    for each in (None, camp.Predictions(predictions.names, predictions.labels, predictions.probabilities)):
        answer = answer_of(each)
        add_interpretation(context_of(tmp_path, None, digits), answer)
        add_diagnosis(context_of(tmp_path, None, digits), answer)
        assert not answer.figures and answer.results == {"own": 1} and render_more(answer.results) == []


def test_pictures_of_another_size_are_shrunk_for_the_network(tmp_path, digits):
    images = np.random.default_rng(0).integers(0, 256, (30, 3, 48, 48)).astype(np.uint8)
    large = camp.ImageSet(images, LABELS % 2, digits.names, kind=camp.DIGITS)
    context = context_of(tmp_path, None, digits)
    arguments = {"num_classes": 2, "in_channels": 3}
    checkpoint.save_network(context.checkpoints / "one", camp.create_model("small_conv_net", **arguments))
    context.publish(
        context.checkpoints / "one", camp.SavedModel("small_conv_net", "pictures", arguments, 32, ("a", "b"))
    )
    answer = answer_of(camp.Predictions.of(large, np.zeros((30, 2))))
    add_interpretation(context, answer)
    assert answer.results["interpretation"]["grad_cam"]["model"] == "small_conv_net"


def diagnosed(tmp_path, digits, predictions, model, **histories) -> str:
    answer = answer_of(predictions, histories=histories)
    add_diagnosis(context_of(tmp_path, model, digits), answer)
    (text,) = render_more(answer.results)
    assert form_faults(text) == []
    return text


def history(*losses: float) -> History:
    rows = [{"epoch": e + 1, "step": e + 1, "split": "train", "loss": loss} for e, loss in enumerate(losses)]
    return History([], rows + [row | {"split": "test", "accuracy": 0.5, "loss": 9.0} for row in rows])


def test_the_diagnosis_says_what_each_training_came_to(tmp_path, digits, predictions):
    text = diagnosed(
        tmp_path,
        digits,
        predictions,
        "two_conv_net",
        good=history(1.0, 0.2, 0.2),
        flat=history(1.1, 1.1, 1.1),
        odd=History(),
    )
    assert "瞎猜是 1.0986" in text and "- flat：" in text and "**没有学到东西**" in text  # ln 3
    assert "- good：" in text and "没有看出问题" in text and "- odd：记录太短" in text
    assert "发布的网络（two_conv_net，用 30 张图片测）" in text and "传得到第一层" in text


def test_what_was_not_measured_is_said_to_be_unknown(tmp_path, digits):
    text = diagnosed(tmp_path, digits, None, None, one=history(1.0, 0.2, 0.2))
    assert "没有测量，所以不知道" in text and "瞎猜" not in text


def test_dead_units_and_vanished_gradients_of_the_network_are_counted():
    from paddle_camp.training.health import pass_back

    inputs = np.random.default_rng(0).normal(size=(8, 1, 6, 6)).astype(np.float32)
    model = nn.Sequential(nn.Conv2D(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2))
    model[0].bias.set_value(np.array([100, 100, 100, -100], np.float32))  # the last is never above 0
    found = pass_back(model, inputs)
    assert [row["dead"] for row in found["layers"]] == [0.25, 0.0] and found["dead"] == pytest.approx(1 / 6)
    deep = nn.Sequential(nn.Flatten(), *[layer for _ in range(12) for layer in (nn.Linear(36, 36), nn.Sigmoid())])
    assert 0 < pass_back(deep, inputs)["ratio"] < 1e-4
    assert all(parameter.grad is None for parameter in model.parameters())
    for parameter in model.parameters():
        parameter.stop_gradient = True
    assert pass_back(model, inputs) is None
