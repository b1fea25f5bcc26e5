"""Autoencoders: PCA's plane found by a linear one, errors by hand, verdicts, and the answer that follows from them."""

from __future__ import annotations

import itertools
import json

import numpy as np
import paddle
import pytest
from sklearn.decomposition import PCA

import paddle_camp as camp
from homework.autoencoder import experiment as hw
from homework.autoencoder import measuring, networks, verdicts
from paddle_camp.answers.template import render
from paddle_camp.sweeps.grid import Grid
from tests.helpers import contract
from tests.helpers.markdown import form_faults
from tests.helpers.toys import same_bits, weights
from tests.helpers.trainings import killed_after

TINY = ("-o", "codes=2,5", "-o", "rates=0.01", "-o", "num_epochs=1", "-o", "pairs=10", "-o", "batch_size=50")
TINY += ("-o", "train_pictures=300", "-o", "test_pictures=60", "--data", "synthetic")


def parts(count=300):
    return camp.three_parts(camp.load_mnist("synthetic", None, (count, 60)), 1 / 12, 50, 0)


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_a_picture_becomes_a_code_and_a_picture_again(name):
    model = networks.NETWORKS[name](5)
    images = paddle.rand([3, 1, 28, 28])
    codes = model.encoder(images)
    assert codes.shape == [3, 5] and model(images).shape == [3, 1, 28, 28]
    np.testing.assert_array_equal(model(images).numpy(), model.restore(codes).numpy())


def test_a_linear_autoencoder_finds_the_plane_of_pca():
    """On pictures that vary along two directions it ends with their error and spans the two."""
    rng = np.random.default_rng(0)
    directions = np.linalg.qr(rng.normal(size=(784, 12)))[0].T
    rows = rng.normal(size=(600, 12)) @ (np.array([8.0, 6.0, *[0.5] * 10])[:, None] * directions)
    images = rows.reshape(-1, 1, 28, 28).astype("float32")
    pca = PCA(2).fit(images.reshape(600, -1))
    paddle.seed(0)
    model, batches = networks.linear(2), camp.ArrayBatches(images, None, 50, 0)
    optimizer = paddle.optimizer.Adam(camp.schedules.warmup_cosine(0.01, 12 * 30), parameters=model.parameters())
    camp.fit_task(hw.Reconstruction(model, optimizer), batches, num_epochs=30, quiet=True)
    ratio = measuring.error(measuring.restore(model, images), images) / measuring.error(
        measuring.project(pca, images, 2), images
    )
    assert 1 <= ratio < 1.02
    assert measuring.largest_angle(model.decoder.weight.numpy(), pca.components_) < 5


def test_errors_and_angles_by_hand():
    images = np.zeros((2, 1, 28, 28), np.float32)
    restored = images.copy()
    restored[1, 0, 0, :2] = 3.0  # two of 784 pixels are 3 off
    assert measuring.errors(restored, images).tolist() == pytest.approx([0, 18 / 784])
    plane = np.eye(784)[:2]
    turned = np.stack([plane[0], np.cos(np.pi / 6) * plane[1] + np.sin(np.pi / 6) * np.eye(784)[5]])
    assert measuring.largest_angle(turned, plane) == pytest.approx(30)


def test_projections_are_scikit_learns():
    rows = np.random.default_rng(0).random((50, 784)).astype("float32")
    pca = PCA(5).fit(rows)
    expected = pca.inverse_transform(pca.transform(rows))
    np.testing.assert_allclose(
        measuring.project(pca, rows.reshape(-1, 1, 28, 28), 5).reshape(50, -1), expected, atol=1e-5
    )


def test_a_digit_is_read_off_the_codes_that_are_next_to_its_own(monkeypatch):
    """By one neighbour: training pictures are their own nearest ones, and a code that says nothing is a guess."""
    monkeypatch.setattr(measuring, "NEIGHBOURS", 1)
    sets = parts(120)
    sets["test"] = sets["train"]
    whole = measuring.read_off(lambda images: images.reshape(len(images), -1), sets, 1000)
    assert whole.shape == (sets["train"].num_samples,) and whole.all()
    nothing = measuring.read_off(lambda images: np.zeros((len(images), 1)), sets, 1000)
    assert 0 < nothing.mean() < 0.3
    pca = PCA(3).fit(np.random.default_rng(0).random((50, 784)).astype("float32"))
    found = measuring.read_off_beside_pca(networks.linear(3), pca, sets, 3, 1000)
    assert found == {"read_off_pca": 1.0, "read_off_verdict": "cannot be told apart"}


def test_noise_is_the_same_each_time_and_pixels_stay_pixels():
    noisy = measuring.with_noise(np.full((4, 1, 28, 28), 0.5, np.float32), 0.5)
    assert np.array_equal(noisy, measuring.with_noise(np.full((4, 1, 28, 28), 0.5, np.float32), 0.5))
    assert noisy.min() == 0 and noisy.max() == 1 and 0.25 < (noisy % 1 == 0).mean() < 0.38  # 2 P(z > 1) = 0.317


def test_a_training_with_noise_is_resumed_bit_for_bit(tmp_path):
    sets = parts()
    train = lambda keep: hw.train("convolutional", 3, 0.01, 0, 2, sets, noise=0.5, keep=keep)[0]  # noqa: E731
    whole = train(tmp_path / "whole")
    with killed_after(1):
        train(tmp_path / "cut")
    assert same_bits(weights(whole), weights(train(tmp_path / "cut")))


def test_the_rate_is_the_best_on_held_out_digits_and_edges_are_said():
    errors = {("linear", 0.1): 3.0, ("linear", 0.2): 2.0, ("linear", 0.3): {"diverged": 7}}
    found = verdicts.best_rates(Grid({"network": ("linear",), "rate": (0.1, 0.2, 0.3)}, errors))["linear"]
    assert (found["rate"], found["edge"], found["errors"]) == (0.2, None, {"0.1": 3.0, "0.2": 2.0})
    with pytest.raises(camp.SettingError, match="every training of linear diverged"):
        verdicts.best_rates(Grid({"network": ("linear",), "rate": (0.3,)}, {("linear", 0.3): {"diverged": 7}}))


def made_up(errors: dict, seeds: int = 3) -> Grid:
    """Cells whose errors are ``errors[network]`` plus a little for each seed."""
    axes = {"network": ("linear", "dense", "convolutional"), "code": (2,), "seed": tuple(range(seeds))}
    rest = {"by_digit": {"verdict": "worse"}, "read_off": 0.4, "denoised": 0.1, "holdout_error": 0.1, "angle": 9.0}
    cells = {
        (network, code, seed): rest | {"error": errors[network] + 1e-4 * seed ** (1 + (network == "dense"))}
        for network, code, seed in itertools.product(*axes.values())
    }
    return Grid(axes, cells)


def test_verdicts_over_seeds():
    row = verdicts.judge(made_up({"linear": 0.0505, "dense": 0.04, "convolutional": 0.03}), {2: 0.05})[2]
    linear, dense = row["networks"]["linear"], row["networks"]["dense"]
    assert linear["near"] and linear["worst"] == pytest.approx(1.014) and linear["against_pca"] == "worse"
    assert dense["against_pca"] == "better" and dense["ratio"] == pytest.approx((0.04 + 5e-4 / 3) / 0.05)
    assert row["best"]["name"] == "convolutional" and row["best"]["against"]["dense"]["verdict"] == "better"
    few = verdicts.judge(made_up({"linear": 0.0511, "dense": 0.04, "convolutional": 0.03}, seeds=1), {2: 0.05})[2]
    assert few["best"] is None and not few["networks"]["linear"]["near"]
    assert few["networks"]["dense"]["against_pca"] == "worse"  # by the test digits of its only seed
    found = verdicts.judge_denoising([0.03, 0.031, 0.0325], [0.01, 0.011, 0.012], 0.0111)
    assert (found["against_plain"], found["against_pca"]) == ("better", "cannot be told apart")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The folder of a run with tiny settings on the stand-in."""
    return contract.run("autoencoder", tmp_path_factory.mktemp("tiny"), "-o", "num_seeds=1", *TINY)[0]


def test_the_files_of_a_run(tiny):
    results = contract.check(tiny, "autoencoder", data=True)
    assert list(results["codes"]) == ["2", "5"] and (tiny / "checkpoints" / "last.pdparams").is_file()
    assert results["noise"]["noisy"] > results["noise"]["pca"] > 0
    answer = (tiny / "answer.md").read_text(encoding="utf-8")
    assert form_faults(answer) == [] and "class Reconstruction(camp.Task):" in answer and "None" not in answer


def answer_of(tiny, ratios, against="better", near=True, **more) -> str:
    kept = json.loads((tiny / "answer.json").read_text(encoding="utf-8"))
    for row in kept["results"]["codes"].values():
        for name, network in row["networks"].items():
            network |= {"ratio": ratios, "against_pca": against if name != "linear" else "worse"}
        row["networks"]["linear"] |= {"near": near, "worst": 1.01 if near else 1.03}
    settings = hw.Settings(codes=(2, 5), num_seeds=more.pop("num_seeds", 1))
    return render(hw.__file__, {"settings": settings, "seed": 0} | kept["values"] | kept["results"] | more)


def test_the_answer_turns_around(tiny):
    text = answer_of(tiny, 0.5)
    assert (
        "是 PCA 的 50.00%" in text
        and "在每种码长下误差都低于 PCA；线性的最多是 PCA 的 101.00%，超出不到 2.00%。" in text
    )
    text = answer_of(tiny, 1.5, "worse", near=False)
    assert "没有一种误差低于 PCA；线性的最多是 PCA 的 103.00%，超出 2.00% 以上。" in text and "弯成曲面" not in text
    text = answer_of(tiny, 1.0, "cannot be told apart", num_seeds=3)
    assert "全连接的误差与 PCA 分不出高下" in text and "其余的按种子之间的波动" in text
    assert "- 发散的：线性（码长 2，2/3 个种子）、" in text  # there is one of three


def test_the_answer_names_code_sizes_once_for_each_network(tiny):
    text = answer_of(tiny, 0.5)
    assert "更准：全连接的误差在码长 2、5 时是 PCA 的 50.00%、50.00%；卷积的误差在码长 2、5 时是" in text
    codes = json.loads((tiny / "answer.json").read_text(encoding="utf-8"))["results"]["codes"]
    for size, row in codes.items():
        row["networks"]["dense"]["against_pca"] = "worse"
        row["networks"]["convolutional"]["against_pca"] = "better" if size == "5" else "worse"
        row["networks"]["linear"] |= {"near": size == "5", "worst": 1.01 if size == "5" else 1.04}
    text = answer_of(tiny, None, codes=codes)
    assert "误差低于 PCA 的有卷积（码长 5）；全连接（码长 2、5）、卷积（码长 2）没有低于 PCA" in text
    assert "线性的最多是 PCA 的 104.00%，在码长 2 时超出 2.00% 以上。" in text


@pytest.mark.parametrize(
    ("verdict", "says"),
    [("better", "比 PCA 多"), ("worse", "比 PCA 少"), ("cannot be told apart", "与 PCA 分不出多少")],
)
def test_the_answer_reads_the_verdict_on_the_plane(tiny, verdict, says):
    assert f"认对的{says}（第一个种子，McNemar 检验）" in answer_of(tiny, 0.5, read_off_verdict=verdict)


@pytest.mark.parametrize("verdict", ["better", "worse", "cannot be told apart"])
def test_the_middle_and_the_noise_are_read_by_their_verdicts(tiny, verdict):
    words = {"better": "更近。", "worse": "反而离真的数字更远。", "cannot be told apart": "两者分不出高下。"}
    grey = {"pixels": 0.8, "codes": 0.5 if verdict == "better" else 0.9, "digits": 0.4}
    halfway = {"pairs": 9, "far": {"pixels": 6.0, "codes": 5.0, "digits": 5.5}, "grey": grey, "verdict": verdict}
    noise = {"noisy": 0.1, "pca": 0.03, "components": 8, "plain": 0.04, "trained": 0.02, "enough": True}
    noise |= {"against_plain": verdict, "against_pca": verdict}
    text = answer_of(tiny, 0.5, halfway=halfway, noise=noise)
    assert words[verdict] in text and ("更黑白分明" in text) == (verdict == "better")
    assert ("见过的学会了不理它" in text) == (verdict == "better")


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("codes=0", "codes=0: give a number above 0 and up to 784"),
        ("codes=785", "codes=785: give a number"),
        ("rates=-1", "rates=-1"),
        ("noise=0", "noise=0"),
        ("train_pictures=66", "train_pictures: PCA of 64 components needs more digits"),
    ],
)
def test_a_wrong_setting_is_one_line(override, says, tmp_path):
    contract.refused("autoencoder", tmp_path, says, override)


@pytest.mark.slow
def test_the_quick_run_on_real_digits(real_data, tmp_path):
    folder = contract.run("autoencoder", tmp_path, "--quick", "--data-dir", str(real_data))[0]
    row = contract.metrics_of(folder)["results"]["codes"]["8"]
    assert row["networks"]["convolutional"]["against_pca"] == "better"
