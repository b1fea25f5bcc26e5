"""Homework 8: the probe against worked cases, the variants, the quick run's contract and findings."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import paddle
import pytest

import paddle_camp as camp
from homework.hw8_activation import experiment as hw
from homework.hw8_activation import verdicts
from paddle_camp.answers.template import render
from paddle_camp.comparisons import ENOUGH
from tests.helpers import contract
from tests.helpers.markdown import form_faults
from tests.helpers.toys import same_bits, weights

SMALL = hw.replace(hw.QUICK, image_size=32)


def test_the_slopes():
    x = paddle.to_tensor([-100.0, -1.0, 0.5, 100.0])
    relu = hw.build(hw.VARIANTS["relu"], SMALL, 0).activation
    sigmoid = hw.build(hw.VARIANTS["sigmoid"], SMALL, 0).activation
    unit = hw.build(hw.VARIANTS["unit_sigmoid"], SMALL, 0).activation
    assert hw.slope_of(relu, x).tolist() == [0, 0, 1, 1]
    s = 1 / (1 + np.exp([100.0, 1.0, -0.5, -100.0]))
    np.testing.assert_allclose(hw.slope_of(sigmoid, x).numpy(), s * (1 - s), atol=1e-7)
    np.testing.assert_allclose(hw.slope_of(unit, x).numpy(), 4 * s * (1 - s), atol=1e-6)


def pictures(count=4, size=32):
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, 3, size, size)).astype("float32"), np.arange(count) % 2


@pytest.mark.parametrize("name", ["sigmoid", "relu-batch_norm"])
def test_the_probe_leaves_the_model_as_it_was(name):
    model = hw.build(hw.VARIANTS[name], SMALL, 0)
    before, activation = weights(model), model.activation
    hw.look_inside(model, *pictures())
    assert same_bits(before, weights(model))
    assert model.activation is activation
    assert all(p.grad is None or not p.grad.abs().sum() for p in model.parameters())


def test_the_probe_sees_dead_units_and_missing_gradients():
    model = hw.build(hw.VARIANTS["relu"], SMALL, 0)
    model.conv1.bias.set_value(np.array([-1e3] * 3 + [1e3] * 3, "float32"))  # three channels off, three always on
    row = hw.look_inside(model, *pictures())
    assert (row["flat_conv1"], row["dead_conv1"]) == (0.5, 0.5)
    model.fc2.weight.set_value(np.zeros(model.fc2.weight.shape, "float32"))
    row = hw.look_inside(model, *pictures())
    assert row["gradient_fc1"] == row["gradient_conv1"] == 0 < row["gradient_fc2"]


def test_a_saturated_sigmoid_is_flat():
    model = hw.build(hw.VARIANTS["sigmoid"], SMALL, 0)
    model.fc1.bias.set_value(np.array([0.0] * 32 + [50.0] * 32, "float32"))
    row = hw.look_inside(model, *pictures())
    assert row["flat_fc1"] == row["dead_fc1"] == 0.5
    assert row["flat_conv1"] < 0.1


def test_the_variants_change_one_thing_each():
    plain = {"sigmoid": hw.Variant("sigmoid"), "relu": hw.Variant("relu"), "unit_sigmoid": hw.Variant("unit_sigmoid")}
    for name, variant in hw.VARIANTS.items():
        base = plain[variant.activation]
        changed = [key for key in vars(variant) if getattr(variant, key) != getattr(base, key)]
        assert len(changed) == (name not in plain), name
    plain_model, wide = (hw.build(hw.VARIANTS[name], SMALL, 3) for name in ("sigmoid", "sigmoid-init"))
    limit = 4 * np.sqrt(6 / (3 * 25 + 6 * 25))
    assert 0.9 * limit < float(wide.conv1.weight.abs().max()) <= limit
    assert float(wide.fc1.weight.std()) == pytest.approx(4 * float(plain_model.fc1.weight.std()), rel=0.02)


def test_learned_means_below_chance_by_a_margin():
    cells = [cell(loss, auc=0.5) for loss in (0.6, 0.65, 0.69)]
    summary = hw.summarise([*cells, {"diverged": "at step 3"}], chance=0.69)
    assert (summary["seeds"], summary["diverged"], summary["learned"]) == (4, 1, 1)
    assert summary["train_loss"]["mean"] == pytest.approx(1.94 / 3)
    assert hw.summarise([{"diverged": "at step 1"}], chance=0.69)["accuracy"] is None


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    return contract.run("8", tmp_path_factory.mktemp("quick"), "--quick", "--data", "synthetic")[0]


def test_quick_leaves_the_files_and_finds_the_cause(quick):
    results = contract.check(quick, "8", data=True, classifier=True)
    variants = results["variants"]
    assert variants["relu"]["learned"] == 1 and variants["sigmoid"]["learned"] == 0
    # The shape is not to blame: stretched to slope 1, or behind batch norm, the same Sigmoid learns.
    assert variants["unit_sigmoid"]["learned"] == variants["sigmoid-batch_norm"]["learned"] == 1
    sigmoid, relu = results["probes"]["sigmoid"], results["probes"]["relu"]
    assert len(sigmoid["gradient_conv1"]) == hw.QUICK.num_epochs + 1  # before training, and after each epoch
    assert relu["gradient_conv1"][0] > 10 * sigmoid["gradient_conv1"][0]
    answer = (quick / "answer.md").read_text(encoding="utf-8")
    assert "激活函数本身不是唯一的原因" in answer
    assert f"{variants['relu']['accuracy']['mean'] * 100:.2f}%" in answer and form_faults(answer) == []


def test_the_cells_are_the_same_in_turn_and_side_by_side(tmp_path, monkeypatch):
    """Two processes with one thread each give the numbers of one process, up to the rounding of a threaded sum."""
    monkeypatch.setattr(hw, "VARIANTS", {name: hw.VARIANTS[name] for name in ("sigmoid", "relu", "unit_sigmoid")})
    small = ("-o", "image_size=32", "-o", "train_pictures=40", "-o", "valid_pictures=20", "-o", "num_epochs=1")
    asked = ("-o", "num_seeds=2", "--data", "synthetic", *small)
    one, two = (
        contract.metrics_of(contract.run("8", tmp_path / jobs, *asked, "--jobs", jobs)[0])["results"]["variants"]
        for jobs in ("1", "2")
    )
    for name in one:
        for key in ("train_loss", "loss", "accuracy"):
            np.testing.assert_allclose(one[name][key]["all"], two[name][key]["all"], rtol=1e-4)


def test_the_probe_looks_at_both_classes(monkeypatch):
    """The training pictures come sorted by class: the first of them are all of one."""
    seen = []
    monkeypatch.setattr(hw, "look_inside", lambda model, images, labels: seen.append(labels) or {})
    data = camp.load_fundus("synthetic", None, 32, (40, 20))
    sets = camp.three_parts(data, 0.1, 10, 0)
    settings = hw.replace(SMALL, num_epochs=1, probe_pictures=10)
    hw.train_cell("relu", 0, settings, sets, None)
    assert set(seen[0].tolist()) == {0, 1} and len(seen[0]) == 10


def cell(train_loss=0.69, accuracy=0.52, auc=0.85, above=1.0, **more):
    found = {"train_loss": train_loss, "loss": 0.69, "accuracy": accuracy, "auc": auc, "above": above}
    return found | {"auc_interval": [auc - 0.1, auc + 0.1], "lowest": 0.507, "highest": 0.511} | more


def test_an_order_without_a_threshold_is_seen():
    """All outputs on one side of 0.5, and still higher for the ill: accuracy at chance, AUC above it."""
    assert hw.summarise([cell()], 0.69)["ordered_only"]
    assert hw.summarise([cell(auc=0.85), cell(auc=0.88), cell(auc=0.94, above=0.0)], 0.69)["ordered_only"]
    assert not hw.summarise([cell(auc=0.55)], 0.69)["ordered_only"]  # its interval holds 0.5
    assert not hw.summarise([cell(auc=0.3), cell(auc=0.7), cell(auc=0.6)], 0.69)["ordered_only"]
    assert not hw.summarise([cell(above=0.5)], 0.69)["ordered_only"]
    assert not hw.summarise([{"diverged": 3}], 0.69)["ordered_only"]
    assert hw.summarise([cell(train_loss=0.87), cell()], 0.69)["worse"] == 1
    sides = verdicts.sides_of(np.array([[-1.0], [0.5], [2.0], [3.0]]))
    assert sides["above"] == 0.75 and sides["lowest"] == pytest.approx(1 / (1 + np.e))


def probe(conv1, conv2, conv3, fc2, flat=0.0):
    norms = {"conv1": conv1, "conv2": conv2, "conv3": conv3, "fc1": 1.0, "fc2": fc2}
    found = {f"gradient_{name}": [value, value] for name, value in norms.items()}
    return found | {f"{kind}_{name}": [0.0, flat] for kind in ("flat", "dead") for name in norms if name != "fc2"}


SMALL_GRADIENTS, LARGE = probe(0.004, 0.02, 0.1, 0.44), probe(0.7, 1.3, 1.7, 1.1)


def test_what_the_probe_shows():
    found = verdicts.judge_probes({"sigmoid": SMALL_GRADIENTS, "relu": LARGE})
    assert found["vanishes"] and found["no_one_rate"] and not found["saturates"] and not found["unit_saturates"]
    assert found["uneven"]["sigmoid"] == pytest.approx(110) and found["ratio"] == pytest.approx(175)
    even = verdicts.judge_probes({"sigmoid": LARGE, "relu": LARGE})
    assert not even["vanishes"] and not even["no_one_rate"]
    assert verdicts.judge_probes({"sigmoid": LARGE | probe(1, 1, 1, 1, flat=0.5), "relu": LARGE})["saturates"]
    assert verdicts.judge_probes({"sigmoid": {}, "relu": LARGE}) is None
    assert verdicts.judge_probes({"sigmoid": probe(None, 1, 1, 1), "relu": LARGE}) is None


GOOD = cell(0.1, 0.9, 0.95, 0.5)
POOR = [cell(auc=0.85), cell(auc=0.87), cell(auc=0.94)]


def answer(*good, seeds=3, probes=None, **cells):
    """The answer where the variants named ``good`` have learned, others as in ``cells``, the rest not."""
    chosen = {name: cells.get(name, [GOOD] * seeds if name in good else POOR[:seeds]) for name in hw.VARIANTS}
    variants = {name: hw.summarise(each, 0.69) for name, each in chosen.items()}
    probes = {name: SMALL_GRADIENTS if name.startswith("sigmoid") else LARGE for name in hw.VARIANTS} | (probes or {})
    values = {"variants": variants, "probes": probes, "inside": verdicts.judge_probes(probes), "chance_loss": 0.69}
    values |= {"settings": hw.replace(hw.Settings(), num_seeds=seeds), "as_course": True, "majority": 0.53}
    values |= {"pictures": 400, "train": 360, "enough": ENOUGH}
    table = {name: asdict(variant) for name, variant in hw.VARIANTS.items()}
    text = render(hw.__file__, values | {"table_of": table})
    assert form_faults(text) == [] and "不收敛" not in text
    return text


def test_not_within_these_epochs_is_not_never():
    text = answer("relu", "unit_sigmoid", "sigmoid-batch_norm")
    first = text.splitlines()[0]
    assert "5 轮之内，换成 ReLU 之后收敛" in first and "Sigmoid 没有收敛，52.00%" in first and "不是唯一的原因" in first
    assert "训练更久可能会收敛，这里没有试" in text and "个种子，换一个" not in text
    assert "5 轮之内，换成 ReLU 之后没有收敛，验证准确率 52.00%" in answer("unit_sigmoid").splitlines()[0]


def test_an_auc_far_above_the_accuracy_is_explained_where_it_is_one():
    text = answer("relu")
    assert "并不矛盾：验证图片的输出（患病的概率）全在 0.5070 与 0.5110 之间，高于 0.5 的占 100.00%" in text
    assert "，每个种子的输出几乎都在 0.5 的同一侧，" in text
    assert "并不矛盾" not in answer("relu", sigmoid=[cell(auc=0.5)] * 3)
    assert "并不矛盾" not in answer("relu", "sigmoid")


def test_the_slope_is_reconciled_with_rates_that_do_not_help():
    wild = {"sigmoid-rate100": [cell(0.87)] * 3}
    text = answer("relu", "unit_sigmoid", "sigmoid-batch_norm", **wild)
    assert "放大学习率却补不回来" in text and "fc2 的梯度是 conv1 的 110.0 倍，ReLU 网络只有 1.6 倍" in text
    assert "×100 时 loss 反而高于猜测" in text
    assert "×100 时 loss" not in answer("relu", "unit_sigmoid")
    even = answer("relu", "unit_sigmoid", probes={"sigmoid": LARGE})
    assert "还不能说明是什么" in even and "各层缺的" not in even
    assert "补不回来" not in answer("relu", "sigmoid-rate10")


def test_the_explanation_is_held_against_every_change_that_restores_the_scale():
    text = answer("relu", "unit_sigmoid", "sigmoid-init", "sigmoid-batch_norm")
    assert "（斜率改为 1；Xavier×4；批归一化）则能收敛，与这个解释相符" in text and "还不完整" not in text
    text = answer("relu", "sigmoid-batch_norm")
    assert "（批归一化）则能收敛；但同样恢复尺度的“斜率改为 1”、“Xavier×4”没有收敛，所以这个解释还不完整" in text
    assert "相符" not in text
    text = answer("relu", "unit_sigmoid", "sigmoid-batch_norm", **{"sigmoid-init": [GOOD, *POOR[:2]]})
    assert "“Xavier×4”没有每次都收敛" in text and "相符" not in text
    text = answer("relu")
    assert "（“斜率改为 1”、“Xavier×4”、“批归一化”）也没有收敛" in text and "则能" not in text


def test_a_gradient_that_is_no_number_is_a_dash():
    text = answer("relu", probes={"relu": probe(None, 1.0, 1.0, 1.0)})
    assert "| ReLU，训练前梯度范数 | – | 1 | 1 | 1 | 1 |" in text and "训练开始时" not in text


def test_the_courses_loss_is_printed_beside_this_runs():
    text = answer("relu")
    assert "5 轮后 loss 0.691；" in text and "与课程的" not in text
    assert "loss 为 0.6900（400 张验证图片）" in text


def test_one_seed_and_a_result_the_other_way_round_are_said():
    first = answer("sigmoid", seeds=1).splitlines()[0]
    assert "反而是 Sigmoid 收敛而 ReLU 没有收敛" in first and "每种情况只有一个种子" in first
    assert "这 1 次训练" in answer("relu", seeds=1) and "次训练；要看" not in answer("relu")
    assert "Sigmoid 只改一处都没有收敛" in answer("relu").splitlines()[0]
    text = answer("sigmoid", relu=[{"diverged": 3}] * 3, probes={"relu": {}})
    assert "换成 ReLU 之后发散" in text.splitlines()[0] and "ReLU 网络 conv1" not in text
