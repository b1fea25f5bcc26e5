"""conv-features: both ways the same, versions with as many steps, time computed by hand, the answer turned around."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import paddle_camp as camp
from homework.conv_features import experiment as hw
from homework.conv_features import training, verdicts
from paddle_camp.comparisons import ENOUGH
from paddle_camp.metrics import probabilities
from paddle_camp.predicting.saved_model import find_saved_model
from paddle_camp.preprocessing import PICTURES
from paddle_camp.pretrained.features import FeatureExtractor
from paddle_camp.pretrained.published import PUBLISHED
from paddle_camp.sweeps.grid import Grid
from tests.helpers import contract
from tests.helpers.markdown import rendered
from tests.helpers.packages import LITE
from tests.helpers.predictions import small_run

TINY = ("train_pictures=40", "valid_pictures=16", "image_size=32", "holdout=0.2", "num_epochs=2", "num_seeds=1")
TINY += ("costs=0.01,0.1", "rates=0.001,0.01", "folds=2", "few=8", "crops=1", "measured_epochs=1", "batch_size=8")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return small_run("conv-features", tmp_path_factory.mktemp("runs"), TINY)


def pets(count: int) -> camp.ImageSet:
    return camp.load_cats_and_dogs("synthetic", image_size=32, counts=(count, 10)).train


def test_both_ways_train_the_same_head(tmp_path):
    settings = replace(hw.Settings(), batch_size=8, measured_epochs=2)
    extractor = FeatureExtractor(camp.create_model("resnet18", num_classes=2), PICTURES, folder=tmp_path)
    parts = {"train": pets(20), "validation": pets(10)}
    features = {name: extractor.extract(part, quiet=True) for name, part in parts.items()}
    found = training.train_both_ways(extractor, parts, features, 0.01, settings, seed=3)
    assert found["difference"] < verdicts.SAME and found["changed"] == 0
    assert {name: len(each) for name, each in found["seconds"].items()} == {"features": 2, "network": 2}
    wrong = {name: replace(each, values=each.values + 0.1) for name, each in features.items()}
    assert training.train_both_ways(extractor, parts, wrong, 0.01, settings, 3)["difference"] > verdicts.SAME


def test_the_gradient_ends_at_the_head(tmp_path):
    extractor = FeatureExtractor(camp.create_model("resnet18", num_classes=2), PICTURES, folder=tmp_path)
    before = {name: value.numpy().copy() for name, value in extractor.model.state_dict().items()}
    model, data = training.OnFrozen(extractor, training.new_head(512, 0)), pets(10)
    first = model.head.weight.numpy().copy()
    training.train_head(model, camp.Batches(data, 5, 0), 0.1, 1, hw.Settings())
    assert all((value.numpy() == before[name]).all() for name, value in extractor.model.state_dict().items())
    assert (model.head.weight.numpy() != first).any()


def test_versions_are_mirrored_and_cropped():
    data = pets(10)
    np.testing.assert_array_equal(training.changed(data, 0, 5).images, data.images[..., ::-1])
    crops = [training.changed(data, version, 5).images for version in (1, 2, 1)]
    assert crops[0].shape == data.images.shape and (crops[0] != crops[1]).any()
    np.testing.assert_array_equal(crops[0], crops[2])


def test_every_number_of_versions_gets_as_many_steps(monkeypatch):
    taken = []

    def counted(model, batches, rate, num_epochs, settings, **options):
        taken.append((batches.num_samples, num_epochs * len(batches)))

    monkeypatch.setattr(training, "train_head", counted)
    labels = {"train": np.arange(80) % 2, "validation": np.arange(10) % 2}
    rest = {"labels": labels, "settings": replace(hw.Settings(), few=20, batch_size=10, num_epochs=8), "rate": 0.1}
    values = np.zeros((4, 80, 3), np.float32)
    for pictures in ("few", "all"):
        for versions in (1, 2, 4):
            training.train_on_versions(pictures, versions, 0, values, validation=np.zeros((10, 3), "float32"), **rest)
    assert taken == [(20, 64), (40, 64), (80, 64), (80, 64), (160, 64), (320, 64)]


def history(seconds, losses=(0.5, 0.3)):
    rows = []
    for epoch, loss in enumerate(losses, 1):
        rows.append({"epoch": float(epoch), "split": "train", "loss": loss, "seconds": seconds})
        rows.append({"epoch": float(epoch), "split": "holdout", "loss": loss})
    return {"steps": [], "evaluations": rows}


def test_the_time_of_a_whole_training_is_computed():
    cost = verdicts.costs_of(60.0, {"network": [90.0, 110.0]}, [{"history": history(0.5)}] * 2, 40)
    assert (cost["network_epoch"], cost["network"]) == (100, 4000)
    assert (cost["head_epoch"], cost["head"], cost["features"]) == (0.5, 20, 80)
    assert (cost["faster"], cost["epoch_faster"]) == (50, 200)


NOISE = {1: (0.0, 0.001, -0.0008), 2: (0.0005, -0.001, 0.0004), 4: (-0.0009, 0.0002, 0.0007)}  # of the seeds


def answer(seeds=3, losses=(0.05, 0.03, 0.02), small=(0.2, 0.2, 0.2), difference=2e-6, network=100.0, epochs=40):
    cells = {}
    for pictures, row, count in (("few", small, 100), ("all", losses, 2700)):
        for versions, loss in zip((1, 2, 4), row, strict=True):
            for seed in range(seeds):
                noise = NOISE[versions][seed]
                cell = {"accuracy": 0.985 + noise, "loss": loss + noise, "rows": count * versions}
                cells[pictures, versions, seed] = cell
    grid = Grid({"pictures": ("few", "all"), "versions": (1, 2, 4), "seed": tuple(range(seeds))}, cells)
    settings = replace(hw.Settings(), num_seeds=seeds, num_epochs=epochs)
    linear = verdicts.describe([{"accuracy": 0.98, "loss": 0.05, "auc": 0.999}], 200)
    logistic = verdicts.describe([{"accuracy": 0.99, "loss": 0.03, "auc": 0.9995}], 200)
    values = {"settings": settings, "versions": verdicts.judge_versions(grid, 200), "linear": linear, "numbers": 1280}
    values |= {"logistic": logistic | {"C": 0.01, "edge": None, "losses": {}}, "enough": ENOUGH, "code": "…"}
    values["rate"] = {"rate": 0.01, "edge": "largest", "losses": {}}
    values["same"] = {"difference": difference, "changed": 0, "largest": 8.0, "same": difference <= verdicts.SAME}
    cost = verdicts.costs_of(60.0, {"network": [network]}, [{"history": history(0.5)}], epochs)
    values["cost"] = cost | {"logistic": 12.0, "versions": 190.0}
    values |= {"counts": {"train": 2700, "holdout": 300, "validation": 200}, "tolerance": verdicts.SAME}
    values |= {"bytes": {"train": 13_824_000, "holdout": 1_536_000, "validation": 1_024_000}, "pixels": 406_425_600}
    return rendered(hw.__file__, values)


def test_the_answer_says_what_it_saves_and_what_it_loses():
    text = answer()
    first = text.splitlines()[0]
    assert "特征只算一次共需 80.0 秒（其中算特征 60.0 秒）" in first
    assert "需 66.7 分钟（由 2 轮推算），是前者的 50.0 倍" in first
    assert "给出同样的结果：logits 最多相差 2.0e-06" in first and "logistic 回归的验证准确率为 99.00%（区间 " in first
    assert "C = 0.01，用 12.0 秒" in text and "0.01（所试的最大一档）" in text
    assert "三部分共 16.4 MB（float32，每张 5,120 字节）" in text and "像素是 406.4 MB，特征 13.8 MB" in text
    assert "| 全部 | 加翻转和 2 次裁剪 | 10,800 | " in text and "（这里多用了 3.2 分钟、41.5 MB）" in text
    assert "loss 更低的有：2700 张图片时加翻转、2700 张图片时加翻转和 2 次裁剪；分不出的有：100 张图片时加翻转" in text


def test_the_answer_turns_around_with_the_results():
    text = answer(difference=0.02, network=1.0, epochs=3)
    assert "logits 相差 2.0e-02，超出了 1.0e-04：请检查代码" in text and "反而更短：轮数太少" in text
    assert "这超出了 1.0e-04，不只是舍入" in text
    assert "没有一种因为多了版本而 loss 更低；更高的有：2700 张图片时加翻转" in answer(losses=(0.02, 0.05, 0.06))
    assert "都分不出高下：这里看不出损失了什么" in answer(losses=(0.05, 0.05, 0.05))
    both = answer(losses=(0.05, 0.03, 0.02), small=(0.1, 0.3, 0.3))
    assert "多几个版本不总是好事" in both and "更高的有：100 张图片时加翻转" in both
    few = answer(seeds=2)
    assert "种子少于 3 个" in few and "不评判" in few and "Holm" not in few


def test_a_tiny_run_keeps_the_contract(run):
    results = contract.check(run, "conv-features", data=True, classifier=True)
    assert results["same"]["same"] and results["numbers"] == 1280
    assert results["bytes"] == {"train": 32 * 5120, "holdout": 8 * 5120, "validation": 16 * 5120}
    assert {name: list(rows) for name, rows in results["versions"].items()} == dict.fromkeys(("few", "all"), [*"123"])


def test_what_it_publishes_says_what_its_predictions_say(run):
    saved, files = find_saved_model(run)
    (network,) = saved.load(files)
    part = camp.load_cats_and_dogs("synthetic", image_size=32, counts=(40, 16)).valid
    outputs = camp.evaluate(network, camp.Batches(replace(part, kind=PUBLISHED["efficientnet_lite0"].kind), 8)).outputs
    rows = contract.rows_of(run / "predictions.csv")
    listed = [[float(row["probability_0"]), float(row["probability_1"])] for row in rows]
    np.testing.assert_allclose(probabilities(outputs), listed, atol=1e-4)
    assert saved.classes == ("cat", "dog") and saved.reader == "pictures-lite"


def test_without_the_extra_the_weights_are_random_and_it_is_said(tmp_path, monkeypatch):
    lacking = replace(PUBLISHED["efficientnet_lite0"], source=replace(LITE, distribution="no-such-package"))
    monkeypatch.setitem(PUBLISHED, "efficientnet_lite0", lacking)
    folder = small_run("conv-features", tmp_path, TINY)
    text = (folder / "answer.md").read_text(encoding="utf-8")
    assert "没有使用 efficientnet_lite0 的 ImageNet 预训练权重" in text
    assert contract.metrics_of(folder)["weights"] == {"efficientnet_lite0": "random"}


@pytest.mark.slow
def test_quick(tmp_path):
    folder, _ = contract.run("conv-features", tmp_path, "--quick", "--data", "synthetic")
    contract.check(folder, "conv-features", data=True, classifier=True)


def test_wrong_settings_are_one_line(tmp_path):
    contract.refused("conv-features", tmp_path, "few=40: give fewer than the 32 training", *TINY[:-1], "few=40")
    contract.refused("conv-features", tmp_path, "folds=1: give at least 2", "folds=1")
    contract.refused("conv-features", tmp_path, "folds=30: a class has 20 pictures only", *TINY, "folds=30")
    refused = "weights=nowhere.pdparams: no such file; give a file of weights, or imagenet"
    contract.refused("conv-features", tmp_path, refused, *TINY, "weights=nowhere.pdparams")
