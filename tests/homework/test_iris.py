"""`iris`: networks side by side, the losses, the softmax, the two files, and the sentences that follow from results."""

from __future__ import annotations

import copy
import json
from types import SimpleNamespace

import numpy as np
import paddle
import pytest
from scipy import stats

from homework.iris import experiment as hw
from homework.iris import saving, softmax, verdicts
from paddle_camp.answers.template import render
from paddle_camp.commands import predict
from tests.helpers import contract
from tests.helpers.markdown import form_faults

TINY = ("short_epochs=1", "num_epochs=3", "folds=2", "num_seeds=3", "batch_size=5")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder and the results of a very short run."""
    options = [word for each in TINY for word in ("-o", each)]
    folder, said = contract.run("iris", tmp_path_factory.mktemp("run"), "--data", "synthetic", *options)
    assert "iris has no stand-in" in said
    return folder, contract.check(folder, "iris")


def test_networks_side_by_side_learn_as_if_each_were_alone():
    flowers, settings = hw.camp.load_iris(), hw.replace(hw.Settings(), hidden=1, short_epochs=1, num_epochs=2)
    keys, groups = [(0, 0), (0, 1), (7, 0)], [np.arange(0, 40), np.arange(30, 150, 3), np.arange(110, 150)]
    scaling = hw.scaling_of(flowers, groups, True)
    for variant in hw.VARIANTS:
        together = hw.Networks(1, keys)
        hw.train(together, flowers, groups, scaling, variant, settings, [].append)
        for index, key in enumerate(keys):
            alone = hw.Networks(1, [key])
            before, own = alone.weights_of(0), [part[[index]] for part in scaling]
            hw.train(alone, flowers, [groups[index]], own, variant, settings, [].append)
            for start, one, other in zip(before, alone.weights_of(0), together.weights_of(index), strict=True):
                np.testing.assert_allclose(one, other, atol=1e-5)
                assert np.abs(one - start).max() > 1e-3


def test_an_epoch_takes_as_many_flowers_as_the_least_group_has(monkeypatch):
    flowers, seen = hw.camp.load_iris(), []
    settings = hw.replace(hw.Settings(), batch_size=4, short_epochs=1, num_epochs=2)
    loss = lambda logits, targets: seen.append(list(logits.shape)) or hw.cross_entropy(logits, targets)  # noqa: E731
    monkeypatch.setitem(hw.VARIANTS, "cross-entropy", (loss, 1.0))
    groups, epochs = [np.arange(10), np.arange(40, 150)], []
    networks = hw.Networks(7, [(0, 0), (0, 1)])
    hw.train(networks, flowers, groups, hw.scaling_of(flowers, groups, False), "cross-entropy", settings, epochs.append)
    assert seen == 2 * [[2, 4, 3], [2, 4, 3], [2, 2, 3]] and epochs == [1, 2]


def test_every_flower_is_held_out_once_a_seed_and_never_trained_on_then():
    flowers = hw.camp.load_iris()
    folds = hw.folds_of(flowers, 10, range(2))
    assert len(folds) == 20
    for rest, held in folds:
        assert sorted([*rest, *held]) == list(range(150))
        assert np.bincount(flowers.labels[held]).tolist() == [5, 5, 5]
    first, second = (np.concatenate([held for _, held in part]) for part in (folds[:10], folds[10:]))
    assert sorted(first) == sorted(second) == list(range(150)) and first.tolist() != second.tolist()


def test_the_scaling_is_of_each_groups_own_flowers():
    flowers = hw.camp.load_iris()
    mean, deviation = hw.scaling_of(flowers, [np.array([0, 1]), np.arange(150)], True)
    assert mean[0] == pytest.approx(np.array([[5.0, 3.25, 1.4, 0.2]])) and deviation[0, 0, 0] == pytest.approx(0.1)
    assert mean[1, 0] == pytest.approx(flowers.inputs.mean(axis=0))
    mean, deviation = hw.scaling_of(flowers, [np.array([0, 1])], False)
    assert not mean.any() and (deviation == 1).all()


def test_the_losses_and_the_factor_between_their_gradients():
    logits, targets = paddle.zeros([1, 3], "float64"), paddle.to_tensor([[1.0, 0.0, 0.0]], "float64")
    assert hw.squared_error(logits, targets).item() == pytest.approx(2 / 9)  # ((2/3)^2 + 2 (1/3)^2) / 3
    assert hw.cross_entropy(logits, targets).item() == pytest.approx(np.log(3))
    found = softmax.pulls(hw.squared_error, hw.cross_entropy)
    middle = found["share"].index(pytest.approx(1 / 3))
    assert found["cross-entropy"][middle] == pytest.approx((2 / 3) ** 0.5)  # of p - y = (-2, 1, 1) / 3
    assert found["cross-entropy"][middle] / found["squared error"][middle] == pytest.approx(hw.FACTOR)
    assert found["ratio"] == pytest.approx(hw.FACTOR)
    assert found["cross-entropy"][0] > 1.2 and found["squared error"][0] < 1e-3  # wrong, and sure of it


def test_the_softmax_fails_and_is_mended():
    plain, high, low, far = softmax.numerics()
    right = [0.09003057, 0.24472847, 0.66524096]
    assert plain["naive"] == pytest.approx(right) and not plain["failed"]
    assert high["failed"] and low["failed"] and far["failed"] and np.isnan(high["naive"]).all()
    for row in (plain, high, low):
        assert row["shifted"] == pytest.approx(right, abs=1e-7) and row["gap"] < 1e-7
        assert row["log_softmax"] == pytest.approx(2.4076059, abs=1e-5) == row["paddle"]
    assert far["shifted"] == [0, 0, 1] and far["log_of_softmax"] == np.inf and far["log_softmax"] == 200


def test_the_two_files_give_the_same_bits_and_hold_no_code(run, tmp_path):
    folder = run[0] / "checkpoints"
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", saving.WEIGHTS]
    assert (folder / saving.WEIGHTS).read_bytes()[8:9] == b"{"  # safetensors: a length, then JSON
    assert run[1]["same_after_loading"]
    structure, network = saving.load_network(folder)
    assert structure.arguments == {"sizes": [4, 7, 3], "activation": "tanh"} and structure.classes[2] == "virginica"
    shares = saving.probabilities_of(structure, network, folder, hw.camp.load_iris().inputs)
    again = saving.load_network(saving.save_network(structure, network, tmp_path, hw.camp.load_iris().info))
    assert again[0] == structure
    assert np.array_equal(shares, saving.probabilities_of(*again, tmp_path, hw.camp.load_iris().inputs))


def test_what_was_not_loaded_as_it_was_saved_is_noticed(tmp_path, monkeypatch):
    settings, flowers = hw.replace(hw.Settings(), hidden=2), hw.camp.load_iris()
    rng = np.random.default_rng(0)
    cell = {"whole": [rng.normal(size=shape).tolist() for shape in ((4, 2), (2,), (2, 3), (3,))]}

    context, save = SimpleNamespace(checkpoints=tmp_path, data=flowers.info), saving.save_weights

    def save_others(network, path):
        save(hw.camp.perceptron([4, 2, 3], "tanh"), path)

    assert hw.publish(cell, settings, context, flowers)[1]
    monkeypatch.setattr(saving, "save_weights", save_others)
    assert not hw.publish(cell, settings, context, flowers)[1]


def test_predict_says_the_species_of_flowers_in_a_table(run, tmp_path, capsys):
    flowers, folder = hw.camp.load_iris(), run[0] / "checkpoints"
    shares = saving.probabilities_of(*saving.load_network(folder), folder, flowers.inputs[[0, 149]])
    table = tmp_path / "flowers.csv"
    rows = [",".join(map(str, flowers.inputs[row])) for row in (0, 149)]
    table.write_text("\n".join([",".join(flowers.columns), *rows]) + "\n", encoding="utf-8")
    out = tmp_path / "said.csv"
    assert predict.main([str(run[0]), str(table), "--device", "cpu", "--csv", str(out)]) == 0
    for row, expected in zip(contract.rows_of(out), shares, strict=True):
        found = [float(row[f"probability_{name}"]) for name in flowers.classes]
        np.testing.assert_allclose(found, expected, atol=1e-6)
        assert row["prediction"] == flowers.classes[int(np.argmax(expected))]


def test_the_scatter_of_folds_against_scipys_test():
    right = np.array([15, 14, 15, 10, 15])
    table = np.stack([right, 15 - right])
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert verdicts.dispersion(right / 15, 15) == pytest.approx(expected)
    assert verdicts.dispersion(np.ones(5), 15) == 1.0


def made_up(short: list[float], long: list[float], confusion) -> dict:
    """A cell with this accuracy of each seed in all of its 10 folds, after 20 and after 200 epochs."""
    rows = [{"epoch": e, "accuracy": [[a] * 10 for a in seeds]} for e, seeds in ((20, short), (200, long))]
    return {"rows": rows, "confusion": confusion}


def test_the_verdicts():
    confusion = [[150, 0, 0], [0, 140, 10], [0, 4, 146]]
    cells = {
        "squared error": made_up([0.70, 0.72, 0.71], [0.97, 0.96, 0.98], confusion),
        "squared error x 4.5": made_up([0.90, 0.91, 0.92], [0.97, 0.96, 0.98], confusion),
        "cross-entropy": made_up([0.91, 0.91, 0.91], [0.97, 0.97, 0.97], confusion),
    }
    found = verdicts.judge(cells, hw.replace(hw.Settings(), num_seeds=3))
    assert (found["longer"]["verdict"], found["faster"]["verdict"]) == ("better", "better")
    assert found["scaled"]["verdict"] == found["end"]["verdict"] == "cannot be told apart"
    assert found["held"] == 15 and found["mixed"] == [14, 14]
    assert found["reached"] == {"squared error": 200, "squared error x 4.5": 20, "cross-entropy": 20}
    assert found["as_reported"] and found["interval"] == pytest.approx([0.9334, 0.9896], abs=1e-4)
    long = found["long"]["squared error"]
    assert long["mean"] == pytest.approx(0.97) and long["deviation"] == pytest.approx(0.01)
    assert long["folds"] == pytest.approx(0) and long["sampling"] == pytest.approx((0.97 * 0.03 / 15) ** 0.5)


def answer_of(run, settings=None, **turned) -> str:
    """The answer of the run with some of its results made up; a dict is merged into the run's."""
    kept = copy.deepcopy(json.loads((run[0] / "answer.json").read_text(encoding="utf-8")))
    settings = settings or hw.replace(hw.Settings(), num_seeds=3)
    values = {"settings": settings, "seed": 0} | kept["values"] | kept["results"]
    for key, value in turned.items():
        values[key] = values[key] | value if isinstance(value, dict) else value
    return render(hw.__file__, values)


def test_the_answer_turns_around(run):
    even, better, worse = ({"verdict": word} for word in ("cannot be told apart", "better", "worse"))
    gained = {"faster": better | {"difference": 0.2}, "longer": better | {"difference": 0.12}}
    text = answer_of(run, end=even, scaled=even | {"difference": -0.04}, as_reported=True, **gained)
    first = text.splitlines()[0]
    assert "换成交叉熵学得更快" in first and "200 轮之后两者分不出高下" in first and "97.00% 在 150 朵花" in first
    assert "预测逐位相同" in first and "准确率高 12.00 个百分点" in text
    assert "差距从 20.00 个百分点变成 -4.00 个，在鸢尾花上，快慢的差别主要就是这个倍数" in text
    text = answer_of(run, scaled=even | {"difference": 0.15}, **gained)
    assert "差距从 20.00 个百分点变成 15.00 个。" in text and "主要就是这个倍数" not in text
    text = answer_of(run, faster=worse, scaled=better, as_reported=False, same_after_loading=False, longer=even)
    first = text.splitlines()[0]
    assert "与平方误差相比反而不好" in first and "97.00% 不在 150 朵花" in first and "保存或加载有误" in first
    assert "所以不只是学习率的大小" in text and "主要就是这个倍数" not in text and "还没有学完" not in text
    text = answer_of(run, hw.replace(hw.Settings(), num_seeds=2), faster=better)
    assert "不到 3 个种子，不比较" in text and "学得更快：" not in text and "同一种子成对" not in text
    long = copy.deepcopy(run[1]["long"])
    for dispersion, says in ((0.5, "看不出有别的原因"), (0.001, "还有别的原因")):
        long["squared error"]["dispersion"] = dispersion
        assert says in answer_of(run, long=long)


def test_the_answer_of_the_run(run):
    text = (run[0] / "answer.md").read_text(encoding="utf-8")
    assert form_faults(text.replace("95% 区间", "")) == [] and "def save_network(" in text
    assert "NaN，NaN，NaN" in text and "200.000" in text
    rows = contract.rows_of(run[0] / "predictions.csv")
    right = [max("012", key=lambda k: float(row[f"probability_{k}"])) == row["label"] for row in rows]
    assert len(rows) == 150 and np.mean(right) == pytest.approx(run[1]["long"]["squared error"]["seeds"][0])


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("folds=7", "folds=7: there are 2, 5, 10, 25, 50"),
        ("short_epochs=200", "short_epochs=200: give fewer than num_epochs=200"),
        ("learning_rate=0", "must be positive"),
        ("hidden=0", "must be positive"),
    ],
)
def test_a_wrong_setting_is_one_line(override, says, tmp_path):
    contract.refused("iris", tmp_path, says, override)


@pytest.mark.slow
def test_the_quick_run_learns(tmp_path):
    results = contract.check(contract.run("iris", tmp_path, "--quick")[0], "iris")
    assert results["long"]["cross-entropy"]["mean"] > 0.8 > results["short"]["squared error"]["mean"]
