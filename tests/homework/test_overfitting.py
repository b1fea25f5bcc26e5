"""overfitting: the probe, the search and the remedies against worked cases, a tiny run."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

import paddle_camp as camp
from homework.overfitting import figures, networks, remedies, search, vanishing
from paddle_camp.networks.signals import judge_arriving
from tests.helpers import contract
from tests.helpers.figures import legend_of, texts
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
    judged = {name: judge_arriving(row["arriving"]) for name, row in found.items()}
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
    for remedy, count in (("dropout", 2), ("l2", 0)):
        layers = [type(layer).__name__ for layer in remedies.build(remedy, 0.5).layers]
        assert layers.count("Dropout") == count


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
