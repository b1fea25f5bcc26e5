"""overfitting: the probe, the search and the remedies against worked cases, the answer turned around, a tiny run."""

from __future__ import annotations

import itertools

import numpy as np
import paddle
import pytest

import paddle_camp as camp
from homework.overfitting import experiment as hw
from homework.overfitting import figures, networks, remedies, search, vanishing, verdicts
from paddle_camp.comparisons import ENOUGH
from paddle_camp.sweeps.grid import Grid
from tests.helpers import contract
from tests.helpers.figures import legend_of, texts
from tests.helpers.markdown import rendered
from tests.helpers.predictions import small_run


def digits(count=40):
    rng = np.random.default_rng(0)
    return rng.standard_normal((count, 1, 28, 28), np.float32), np.arange(count) % 10


@pytest.mark.parametrize(("name", "deviation"), [("zero", 0), ("normal", 1), ("xavier", 0.1), ("he", 0.2**0.5)])
def test_the_initial_weights_have_the_deviation_of_their_rule(name, deviation):
    paddle.seed(0)
    layer = networks.Plain(1, 190, "relu", name, inputs=10).layers[0]  # 2 / (10 + 190), 2 / 10
    assert float(layer.weight.std()) == pytest.approx(deviation, rel=0.05)
    assert not layer.bias.numpy().any()


def test_the_pixels_are_standardised_by_the_training_digits():
    scaled = networks.standardise(np.array([0, 100], np.uint8))(np.array([0, 50, 100, 150], np.uint8))
    assert scaled.tolist() == [-1, 0, 1, 2] and scaled.dtype == np.float32


def test_the_gradient_shrinks_by_about_a_quarter_a_layer_with_sigmoids_and_stays_with_relus():
    images, labels = digits()
    found = vanishing.measure((8,), 100, range(3), images, labels)
    judged = {name: vanishing.judge(row) for name, row in found.items()}
    assert 0.2 < judged["sigmoid xavier 8"]["each"] < 0.27 and judged["sigmoid xavier 8"]["state"] == "vanishes"
    assert 0.8 < judged["relu he 8"]["each"] < 1.2 and judged["relu he 8"]["state"] == "kept"
    assert judged["relu normal 8"]["each"] == pytest.approx(50**0.5, rel=0.15)  # sqrt(width / 2)
    assert judged["relu normal 8"]["state"] == "explodes" and judged["tanh zero 8"]["state"] == "none"
    assert found["sigmoid xavier 8"]["between"][-1] < 0.01 * found["sigmoid xavier 8"]["between"][0]
    assert len(found["relu he 8"]["arriving"]) == len(found["relu he 8"]["signal"]) == 8


def test_the_probes_gradient_is_that_of_the_chain_rule():
    paddle.seed(1)
    model, (images, labels) = networks.Plain(2, 5, "tanh", "xavier"), digits(6)
    found = vanishing.probe(model, images, labels)
    last, outputs = (
        each.numpy() for each in (model.hidden(paddle.to_tensor(images))[-1], model(paddle.to_tensor(images)))
    )
    at_outputs = (camp.metrics.probabilities(outputs) - np.eye(10)[labels]) / len(labels)
    at_last = at_outputs @ model.layers[2].weight.numpy().T
    at_first = (at_last * (1 - last**2)) @ model.layers[1].weight.numpy().T
    assert found["arriving"] == pytest.approx([np.linalg.norm(at_first), np.linalg.norm(at_last)], rel=1e-5)


def test_a_figure_names_the_initialisation_of_which_nothing_can_be_drawn():
    found = vanishing.measure((3,), 10, range(1), *digits(6))
    figure = figures.draw_layers(found, "arriving", 3)
    assert legend_of(figure) == ["normal", "xavier", "he"]
    said = texts(figure)
    assert any("(zero: 0, not drawn)" in text.replace("\n", " ") for text in said) and "LeakyReLU" in said


@pytest.mark.parametrize(
    ("arriving", "state"), [([1e-5, 1e-2], "vanishes"), ([5.0, 1e-2], "explodes"), ([None, 1.0], "explodes")]
)
def test_what_becomes_of_a_gradient(arriving, state):
    assert vanishing.judge({"arriving": arriving})["state"] == state
    assert vanishing.judge({"arriving": [0.0, 0.0, 1.0]})["state"] == "none"
    assert vanishing.judge({"arriving": [0.25, 0.5, 1.0]})["each"] == pytest.approx(0.5)


def test_the_search_never_gets_worse_and_counts_its_passes():
    paddle.seed(0)
    images, labels = digits(20)
    model = networks.Plain(2, 10, "relu", "he")
    start = camp.evaluate(model, (images, labels)).loss
    curve = search.search(model, images, labels, 60, seed=0, step=0.01)
    losses = [loss for _, loss in curve]
    assert losses == sorted(losses, reverse=True) and losses[-1] < start and curve[-1][0] == 60
    assert camp.evaluate(model, (images, labels)).loss == pytest.approx(losses[-1], rel=1e-5)  # what failed is undone
    down = search.descend(networks.Plain(2, 10, "relu", "he"), images, labels, 60, 0.1)
    assert down[-1][0] == 60 and down[-1][1] < down[0][1]  # 20 steps, three passes each


def trained_once(remedy, strength):
    paddle.seed(0)
    model = remedies.build(remedy, strength)
    model.eval()  # the same with dropout or without
    before = [p.numpy().copy() for p in model.parameters()]
    task = remedies.Regularised(model, paddle.optimizer.SGD(0.1, model.parameters()), remedy, strength)
    images, labels = (paddle.to_tensor(each) for each in digits(4))
    task.training_loss(model(images), labels).backward()
    gradients = [p.grad.numpy() for p in model.parameters()]
    task.update("model")
    return before, gradients, [p.numpy() for p in model.parameters()]


def test_the_penalties_add_their_derivative_to_the_gradient_of_the_weights_alone():
    before, plain, _ = trained_once("none", 0.0)
    for remedy, derivative in (("l2", lambda w: w), ("l1", np.sign)):
        _, gradients, _ = trained_once(remedy, 0.5)
        for weight, one, other in zip(before, gradients, plain, strict=True):
            more = 0.5 * derivative(weight) if weight.ndim == 2 else 0.0
            np.testing.assert_allclose(one, other + more, atol=1e-5)


def test_max_norm_shortens_what_is_too_long_and_leaves_the_rest():
    *_, free = trained_once("none", 0.0)
    *_, bound = trained_once("max_norm", 1.2)
    seen = set()
    for one, other in zip(free, bound, strict=True):
        if one.ndim == 2:
            lengths = np.linalg.norm(one, axis=0)
            seen |= set((lengths > 1.2).tolist())
            np.testing.assert_allclose(other, one * np.minimum(1, 1.2 / lengths), rtol=1e-5)
    assert seen == {True, False}


def test_dropout_stands_behind_both_hidden_layers():
    layers = [type(layer).__name__ for layer in remedies.build("dropout", 0.5).layers]
    assert layers.count("Dropout") == 2 and "Dropout" not in [
        type(e).__name__ for e in remedies.build("l2", 1.0).layers
    ]


def cell(train, test, holdout=None, loss=0.5):
    row = {"train": train, "test": test, "holdout": test if holdout is None else holdout}
    row = {part: {"accuracy": accuracy, "loss": loss} for part, accuracy in row.items()}
    return row | {"norm": 20.0, "near_zero": 0.02, "longest": 2.0}


def rows_of(accuracy, **more):
    return [cell(1.0, accuracy + d, loss=0.5 + d, **more) for d in (0.0, 0.002, -0.0011)]


def judged(**chosen):
    """The remedies at two strengths each: the accuracies of the second one are as told, those of the first lower."""
    cells = {"none": rows_of(0.87)}
    for kind in remedies.REMEDIES:
        accuracy = chosen.get(kind, 0.87)
        cells |= {f"{kind} 0.1": rows_of(accuracy - 0.1), f"{kind} 0.2": [cell(0.95, a) for a in accuracy_of(accuracy)]}
    return verdicts.judge_remedies(cells, 1000, 10_000)


def accuracy_of(mean):
    return [mean + 0.0005, mean - 0.0003, mean + 0.0004]


def test_the_strength_is_chosen_on_held_out_digits_only():
    cells = {"none": rows_of(0.87)} | {f"{kind} 1": rows_of(0.86) for kind in remedies.REMEDIES}
    cells |= {"l2 2": [cell(1.0, 0.95, holdout=0.5)] * 3, "l2 3": [cell(1.0, 0.80, holdout=0.9)] * 3}
    cells |= {"l1 2": [{"diverged": 4}] * 3}
    found = verdicts.judge_remedies(cells, 1000, 10_000)
    assert found["chosen"]["l2"]["label"] == "l2 3" == found["best"] and found["chosen"]["l2"]["edge"] == "largest"
    assert found["chosen"]["l1"]["label"] == "l1 1" and found["table"]["l1 2"]["holdout"]["accuracy"] == pytest.approx(
        0.1
    )
    assert found["chosen"]["l2"]["against"]["verdict"] == "worse" and found["overfits"]


def answer(remedied, seeds=3, sigmoid=1e-8, between=1e-7, learned=True, **losses):
    """The answer to made-up results; a loss of None is that of a training that diverged."""
    losses = {"shallow_loss": 0.1, "search_loss": 1.5, "deep_loss": 2.3, "deep_search": 2.3} | losses
    settings = hw.replace(hw.Settings(), num_seeds=seeds)
    names = [f"{a} {i} {d}" for a in networks.ACTIVATIONS for i in networks.INITIALISATIONS for d in settings.depths]
    signals = {name: {"arriving": [1.0, 1.0], "signal": [0.5, 0.5], "between": [0.2, between]} for name in names}
    signals["sigmoid xavier 20"]["arriving"] = [sigmoid, 1.0]
    deep = {f"{a} {d}": {"train": 0.9, "test": 0.8, "diverged": 0, "learned": learned or a != "sigmoid"}
            for a in networks.ACTIVATIONS for d in settings.depths}  # fmt: skip
    points = {}
    cases = itertools.product(("shallow", "deep"), ("gradient", "search"))
    for (network, method), loss in zip(cases, losses.values(), strict=True):
        size = {"depth": 2 if network == "shallow" else 20, "activation": "relu", "parameters": 89_610}
        for seed in range(seeds):
            noise = seed * (0.001 if method == "search" else 0.002)
            done = {"diverged": 4} if loss is None else {"loss": loss + noise, "test": 0.5} | size
            points[network, method, seed] = done
    axes = {"network": ("shallow", "deep"), "method": ("gradient", "search"), "seed": tuple(range(seeds))}
    grid = Grid(axes, points)
    values = {"settings": settings, "signals": signals, "deep": deep, "remedies": remedied, "usual": networks.USUAL}
    values["gradients"] = {name: vanishing.judge(row) for name, row in signals.items()}
    values["without"] = verdicts.judge_search(grid, np.arange(1000) % 10)
    values |= {"few": 1000, "held": 5000, "test": 10_000, "code": "…", "enough": ENOUGH}
    return rendered(hw.__file__, values)


def test_the_answer_says_what_helps_and_what_vanishes():
    text = answer(judged(dropout=0.90, l2=0.88, l1=0.87, max_norm=0.84), learned=False)
    first = text.splitlines()[0]
    assert (
        "sigmoid 的梯度消失，tanh、ReLU、LeakyReLU 没有" in first
        and "sigmoid 的 20 层网络没有学会（测试准确率不高于总猜一类）" in first
    )
    assert "训练准确率 100.00%，测试 87.03%：过拟合" in first
    assert "dropout（90.02%）、L2（88.02%）提高了测试准确率" in first
    assert "L1（87.02%）与不加分不出高下，max-norm（84.02%）反而更低。**" in first
    assert "dropout 选中的是所试的最大一档，更大的没有试" in text
    assert "随机搜索能学，但慢：各种子的 loss 配对比较，它更高" in text and "得到全部 89,610 个偏导数" in text
    assert "最后一个是 1.0e-07：输出几乎与图片无关" in text and "变为 1.0e-08 倍" in first
    assert "同样次数的梯度下降使它降到 0.102（" in first


def test_the_answer_turns_around_with_the_results():
    text = answer(judged(), sigmoid=0.5, search_loss=2.29, deep_loss=0.4)
    first = text.splitlines()[0]
    assert "没有一种激活函数的梯度消失" in first and "四种激活函数的 20 层网络都高于总猜一类" in first
    assert "提高了" not in first and "反而更低" not in first and "分不出高下" in first
    assert (
        f"随机搜索在这么多次前向之内没有学会（loss 没有比猜测低 {verdicts.MARGIN}）" in text
        and "梯度下降也学会了（loss 0.402）" in text
    )
    assert "随机搜索这次的 loss 比梯度下降还低" in answer(judged(), search_loss=0.05)
    assert "随机搜索能学，但只有一个种子，与梯度下降的差别没有检验" in answer(judged(), seeds=1)
    assert "与梯度下降的 loss 分不出高下" in answer(judged(), search_loss=0.1005)
    diverged = answer(judged(), shallow_loss=None)
    assert "同样次数的梯度下降发散" in diverged.splitlines()[0] and "梯度下降有训练发散，没有比较" in diverged
    assert "它不受梯度消失的限制" in answer(judged(), deep_search=1.5)
    assert "几乎与图片无关" not in answer(judged(), between=0.1)


TINY = ("few=60", "holdout=60", "curve_pictures=40", "test_pictures=60", "depths=2,3", "deep_epochs=1", "passes=9")
TINY += ("num_seeds=1", "width=8", "num_epochs=1", "dropout=0.5", "l2=0.01", "l1=0.001", "max_norm=1.0")


def test_a_tiny_run_keeps_the_contract(tmp_path):
    run = small_run("overfitting", tmp_path, TINY)
    results = contract.check(run, "overfitting", data=True, classifier=True)
    assert set(results["remedies"]["table"]) == {"none", "dropout 0.5", "l2 0.01", "l1 0.001", "max_norm 1"}
    assert len(results["signals"]) == 4 * 4 * 2 and results["remedies"]["best"] in results["remedies"]["table"]


@pytest.mark.slow
def test_quick(tmp_path):
    run, _ = contract.run("overfitting", tmp_path, "--quick", "--data", "synthetic")
    contract.check(run, "overfitting", data=True, classifier=True)


def test_wrong_settings_are_one_line(tmp_path):
    contract.refused("overfitting", tmp_path, "depths=1: give at least 2", "depths=1,3")
    contract.refused("overfitting", tmp_path, "there are 1438 training digits", "few=1400")
    contract.refused("overfitting", tmp_path, "dropout=1.5", "dropout=1.5")
