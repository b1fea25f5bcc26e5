"""fundus-transfer: occlusion by hand, what trains and what does not, choices by held-out pictures, the answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import paddle
import pytest

import paddle_camp as camp
from homework.fundus_transfer import experiment as hw
from homework.fundus_transfer import occlusion, training, verdicts
from paddle_camp.comparisons import ENOUGH
from paddle_camp.metrics import probabilities
from paddle_camp.networks.freezing import BATCH_NORMS
from paddle_camp.predicting.saved_model import find_saved_model
from paddle_camp.preprocessing import PICTURES_LITE
from paddle_camp.pretrained.heads import head_of
from tests.helpers import contract
from tests.helpers.markdown import rendered
from tests.helpers.predictions import small_run

TINY = ("train_pictures=40", "valid_pictures=20", "image_size=32", "holdout=0.3", "num_epochs=1", "num_seeds=2")
TINY += ("costs=0.01,0.1", "rates=0.0001", "folds=2", "patch=16", "stride=16", "looked_into=1")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return small_run("fundus-transfer", tmp_path_factory.mktemp("runs"), TINY)


def test_squares_reach_the_far_edge():
    assert occlusion.places(10, 4, 3) == [0, 3, 6]
    assert occlusion.places(11, 4, 3) == [0, 3, 6, 7]
    assert occlusion.places(4, 4, 3) == occlusion.places(3, 4, 3) == [0]


def test_what_speaks_for_a_class_is_what_is_missed_when_it_is_covered():
    """Log-odds that are the brightness of one corner: only squares on that corner count."""
    image = np.full((3, 8, 8), 60, np.uint8)
    image[:, :4, :4] = 200

    def odds(pictures):
        return pictures[:, 0, :4, :4].mean((1, 2)).astype(float)

    found = occlusion.occlusion_map(odds, image, 4, 4)
    assert found[:4, :4] == pytest.approx(200 - (200 + 3 * 60) / 4)
    assert (found[4:] == 0).all() and (found[:, 4:] == 0).all()
    assert occlusion.occlusion_map(lambda pictures: -odds(pictures), image, 4, 4)[0, 0] == -found[0, 0]
    overlapping = occlusion.occlusion_map(odds, image, 4, 2)
    assert 0 < overlapping[3, 3] < overlapping[0, 0] == found[0, 0]  # the mean of the squares that a pixel lies in


def test_what_is_black_stays_black():
    image = np.zeros((3, 8, 8), np.uint8)
    image[:, 2:6, 2:6] = 100
    seen = []
    occlusion.occlusion_map(lambda pictures: seen.append(pictures) or np.zeros(len(pictures)), image, 4, 4)
    assert all((pictures == image).all() for pictures in seen)  # the mean of what is not black is its only colour
    dark = np.zeros((3, 8, 8), np.uint8)
    assert (occlusion.occlusion_map(lambda pictures: np.zeros(len(pictures)), dark, 4, 4) == 0).all()


def test_red_is_for_and_blue_against():
    image, found = np.full((3, 1, 2), 120, np.uint8), np.array([[2.0, -1.0]])
    blue, _, red = occlusion.painted(image, found)
    assert red[0, 0] > 150 > 100 > blue[0, 0] and blue[0, 1] > red[0, 1]
    assert (occlusion.painted(image, found * 0) == 120).all()


def weights():
    return replace(camp.find_weights("efficientnet_lite0"), path=None)


def head(seed=0):
    return np.random.default_rng(seed).normal(size=(1280, 2)).astype("float32"), np.zeros(2, "float32")


def test_pretrained_networks_keep_their_batch_norms_and_begin_with_the_head():
    tuned, scratch = (training.build(way, head(), weights()) for way in (training.TUNED, training.SCRATCH))
    np.testing.assert_array_equal(head_of(tuned).weight.numpy(), head()[0])
    for model, frozen in ((tuned, True), (scratch, False)):
        norms = [layer for layer in model.sublayers() if isinstance(layer, BATCH_NORMS)]
        assert {layer.weight.stop_gradient for layer in norms} == {frozen} and not head_of(model).weight.stop_gradient
    assert (head_of(scratch).weight.numpy() != head()[0]).any()


def pictures(count=12):
    data = camp.load_fundus("synthetic", image_size=32, counts=(40, 20)).train.take(np.arange(count) * 3)
    return replace(data, kind=data.kind.prepared_as(PICTURES_LITE))


def test_the_batch_norms_are_as_they_were_after_a_training(tmp_path):
    sets = {name: camp.Batches(pictures(), 6, 0) for name in ("train", "holdout", "validation")}
    settings = replace(hw.Settings(), num_epochs=1)
    common = {"weights": weights(), "sets": sets, "folder": tmp_path, "settings": settings, "amp": False}
    found = training.train_cell(training.TUNED, 1e-3, 0, head(), **common)
    again = training.train_cell(training.TUNED, 1e-3, 0, head(), **common | {"folder": tmp_path / "again"})
    assert (
        found["outputs"] == again["outputs"] and found["holdout_loss"] == again["holdout_loss"]
    )  # same seed, same bits
    paddle.seed(0)
    before = training.build(training.TUNED, head(), weights()).state_dict()
    after = paddle.load(str(tmp_path / "fine-tuned-0.001-0" / "last.pdparams"))
    norms = [name for name in before if name.endswith(("_mean", "_variance"))]
    assert norms and all((before[name].numpy() == np.asarray(after[name])).all() for name in norms)
    assert any((before[name].numpy() != np.asarray(after[name])).any() for name in before)


LABELS = np.arange(200) % 2


def trained(wrong, held, seed=0, odds=3.0):
    """A training that gets the first ``wrong`` pictures wrong."""
    sign = np.where(LABELS == 1, 1.0, -1.0)
    sign[:wrong] *= -1
    sign = np.roll(sign, 2 * seed) * (1 + 0.01 * np.arange(200))
    logits = np.stack([-sign * odds / 2, sign * odds / 2], 1)
    found = {"accuracy": 1 - wrong / 200, "auc": camp.metrics.auc(logits, LABELS), "loss": 0.1}
    return found | {"holdout_loss": held, "outputs": logits.tolist()}


def test_wrong_pictures_and_the_surest_right_ones_are_looked_into():
    odds, labels = np.array([3.0, -4.0, 1.0, 5.0, -2.0, -6.0]), np.array([1, 1, 0, 1, 0, 0])
    outputs = np.stack([-odds / 2, odds / 2], 1)
    assert hw.look_into(outputs, labels, 2) == [1, 2, 3, 5]
    assert hw.look_into(outputs, labels, 1) == [1, 3]


def answer(frozen=(4, 0.08), tuned=(3, 0.05), scratch=(30, 0.4), seeds=3):
    ways = {"frozen": [trained(*frozen)], "fine-tuned": [trained(*tuned, seed) for seed in range(seeds)]}
    ways |= {"scratch": [trained(*scratch, seed) for seed in range(seeds)]} if scratch else {}
    values = verdicts.judge(ways, LABELS) | {"settings": replace(hw.Settings(), num_seeds=seeds), "numbers": 1280}
    values |= {"rate": {"rate": 1e-4, "losses": {}}, "logistic": {"C": 0.1, "edge": "smallest"}, "enough": ENOUGH}
    values |= {"counts": {"train": 340, "holdout": 60, "validation": 200}, "published": 0.987, "code": "…"}
    return rendered(hw.__file__, values)


def test_the_answer_names_the_way_that_held_out_pictures_choose():
    text = answer()
    first = text.splitlines()[0]
    assert "选出的做法是微调，200 张验证图片上的准确率为 98.50%（3 个种子的平均）" in first
    assert "从头训练的验证准确率比微调更低（低 13.50 个百分点）" in first
    assert "微调的验证准确率与冻结的特征分不出高下（高 0.50 个百分点）" in text
    assert "C = 0.1（所试的最小一档）" in text and "不够从头学会看图" in text and "代价却大得多" in text
    assert "一张就是 0.50 个百分点" in text


def test_the_answer_turns_around_with_the_results():
    text = answer(frozen=(2, 0.03), tuned=(40, 0.3), scratch=(2, 0.1))
    first = text.splitlines()[0]
    assert "选出的做法是冻结的特征，200 张验证图片上的准确率为 99.00%，AUC" in first
    assert "微调反而变差：340 张图片" in text and "这次看不出预训练的权重有帮助" in text
    assert "这次从头训练的反而更好" in answer(frozen=(40, 0.3), tuned=(40, 0.2), scratch=(2, 0.1))
    one = answer(frozen=(2, 0.03), tuned=(14, 0.1), scratch=(14, 0.2))  # better than from scratch is one way alone
    assert "从头训练的验证准确率与微调分不出高下" in one and "不够从头学会看图" in one
    even = answer(frozen=(40, 0.3), tuned=(2, 0.1), scratch=(2, 0.2))
    assert "微调让特征适应眼底图片" in even and "这次看不出预训练的权重有帮助" in even
    burst = answer(scratch=None)
    assert "从头训练的都发散了" in burst and "这次看不出预训练的权重有帮助" not in burst
    assert "种子少于 3 个" in answer(seeds=2)


def test_a_tiny_run_keeps_the_contract(run):
    results = contract.check(run, "fundus-transfer", data=True, classifier=True)
    assert set(results["ways"]) == {"frozen", "fine-tuned", "scratch"} and results["numbers"] == 1280
    assert [len(row["accuracy"]) for row in results["ways"].values()] == [1, 2, 2]


def test_what_it_publishes_says_what_its_predictions_say(run):
    saved, files = find_saved_model(run)
    part = camp.load_fundus("synthetic", image_size=32, counts=(40, 20)).valid
    batches = camp.Batches(replace(part, kind=part.kind.prepared_as(PICTURES_LITE)), 20)
    found = np.mean([probabilities(camp.evaluate(each, batches).outputs) for each in saved.load(files)], axis=0)
    rows = contract.rows_of(run / "predictions.csv")
    listed = [[float(row["probability_0"]), float(row["probability_1"])] for row in rows]
    np.testing.assert_allclose(found, listed, atol=1e-4)
    assert (saved.classes, saved.reader) == (("not PM", "PM"), "pictures-lite")


@pytest.mark.parametrize("way", [training.FROZEN, training.TUNED])
def test_either_way_is_published(tmp_path, monkeypatch, way):
    kept = verdicts.judge

    def judged(*arguments):
        return kept(*arguments) | {"chosen": way}

    monkeypatch.setattr(hw, "judge", judged)
    folder = small_run("fundus-transfer", tmp_path, (*TINY, "num_seeds=1"))
    assert len(find_saved_model(folder)[1]) == 1


@pytest.mark.slow
def test_quick(tmp_path):
    folder, _ = contract.run("fundus-transfer", tmp_path, "--quick", "--data", "synthetic")
    contract.check(folder, "fundus-transfer", data=True, classifier=True)


def test_wrong_settings_are_one_line(tmp_path):
    contract.refused("fundus-transfer", tmp_path, "patch=64: larger than the pictures", *TINY, "patch=64")
    contract.refused("fundus-transfer", tmp_path, "folds=20: a class has ", *TINY, "folds=20")
    contract.refused("fundus-transfer", tmp_path, "rates: name at least one", "rates=")
