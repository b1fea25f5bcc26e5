"""Homework 8: the probe against worked cases, the variants, the quick run's contract and findings."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

import paddle_camp as camp
from homework.hw8_activation import experiment as hw
from tests.helpers import contract
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
    cells = [{"train_loss": loss, "loss": 1.0, "accuracy": 0.5, "auc": 0.5} for loss in (0.6, 0.65, 0.69)]
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
    assert f"{variants['relu']['accuracy']['mean'] * 100:.2f}%" in answer


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
