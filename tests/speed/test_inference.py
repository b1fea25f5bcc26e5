"""Evaluation through Paddle Inference: when, the same as by dygraph, and that whatever fails leaves no trace."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_camp.errors import PeerError
from paddle_camp.speed import inference
from paddle_camp.training.measuring import evaluate
from tests.helpers.toys import ToyNet, build, same_bits, toy_batches, weights

BATCHES = toy_batches(23, 5, shuffle=False)


@pytest.fixture
def forced(monkeypatch):
    """An export is worth any work; the list gets the size of every batch that an export is asked for."""
    sizes = []

    def noted(self, images, original=inference.Predictor.__call__):
        sizes.append(len(images))
        return original(self, images)

    monkeypatch.setattr(inference, "WORTHWHILE_SECONDS", 0.0)
    monkeypatch.setattr(inference.Predictor, "__call__", noted)
    monkeypatch.delenv("PADDLE_CAMP_TUNE", raising=False)
    return sizes


def toy(seed: int = 0) -> nn.Layer:
    model, _, _ = build(seed=seed)
    return model


def by_dygraph(model, batches=BATCHES):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PADDLE_CAMP_TUNE", "0")
        return evaluate(model, batches)


def test_evaluation_reports_the_same(forced):
    model = toy()
    fast, slow = evaluate(model, BATCHES), by_dygraph(model)
    assert forced == [1, 5, 5, 5, 5, 3]  # the first run, the check, the four batches behind the first
    assert fast.accuracy == slow.accuracy
    assert fast.loss == pytest.approx(slow.loss, abs=1e-5)
    np.testing.assert_allclose(fast.outputs, slow.outputs, atol=1e-5)
    assert np.array_equal(fast.outputs[:5], slow.outputs[:5])
    assert np.array_equal(fast.labels, slow.labels)
    assert np.array_equal(evaluate(model, BATCHES).outputs, fast.outputs)


def test_the_launchers_signal_ends_an_evaluation(forced, monkeypatch):
    def ended(self, images):
        raise PeerError("the launcher ends this process")

    monkeypatch.setattr(inference.Predictor, "__call__", ended)
    with pytest.raises(PeerError):
        evaluate(toy(), BATCHES)


def test_every_evaluation_sees_the_weights_of_its_moment(forced):
    model = toy()
    evaluate(model, BATCHES)
    model.fc.weight.set_value(model.fc.weight * -1)
    np.testing.assert_allclose(evaluate(model, BATCHES).outputs, by_dygraph(model).outputs, atol=1e-5)
    assert forced == [1, 5, 5, 5, 5, 3] * 2


def test_the_model_and_the_random_numbers_are_left_as_they_were(forced):
    model = toy()
    model.train()
    model.norm.eval()  # a layer frozen by hand stays frozen
    before, attributes = weights(model), [set(vars(layer)) for layer in model.sublayers(include_self=True)]
    paddle.seed(7)
    drawn = paddle.rand([4]).numpy()
    first = nn.Linear(2, 2).weight.name
    paddle.seed(7)
    evaluate(model, BATCHES)
    assert forced
    assert np.array_equal(paddle.rand([4]).numpy(), drawn)
    assert same_bits(before, weights(model))
    assert [set(vars(layer)) for layer in model.sublayers(include_self=True)] == attributes
    assert (model.training, model.dropout.training, model.norm.training) == (True, True, False)
    # A checkpoint knows the optimizer's state by the names of the parameters: an export must not use names up.
    assert int(nn.Linear(2, 2).weight.name.split("_")[1][:-2]) == int(first.split("_")[1][:-2]) + 1
    images, _ = next(BATCHES.epoch())
    model(paddle.to_tensor(images)).sum().backward()
    assert model.conv.weight.grad is not None


def test_no_file_stays(forced, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    evaluate(toy(), BATCHES)
    assert forced and not any(tmp_path.iterdir())


def test_the_lever_turns_it_off(forced, monkeypatch):
    monkeypatch.setenv("PADDLE_CAMP_TUNE", "threads,bias")
    evaluate(toy(), BATCHES)
    assert forced == []


@pytest.mark.parametrize("amp", [False, True])
def test_mixed_precision_is_dygraphs(forced, amp):
    evaluate(toy(), BATCHES, amp=amp)
    assert bool(forced) is not amp


@pytest.mark.parametrize(
    ("count", "threads", "expected"), [(201, "2", True), (200, "2", False), (201, "4", False), (0, "1", False)]
)
def test_it_is_the_work_that_decides(monkeypatch, count, threads, expected):
    """18 seconds at 35e9 multiply-adds a second and thread, 6.3e9 a picture: 200 on two threads."""
    monkeypatch.delenv("PADDLE_CAMP_TUNE", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    monkeypatch.setattr(inference, "sample_multiply_adds", lambda model, shape: 6_300_000_000)
    assert inference.worthwhile(toy(), np.zeros((10, 3, 8, 8), "float32"), count) is expected


class Tuples(ToyNet):
    def forward(self, x):
        logits = super().forward(x)
        return logits if paddle.in_dynamic_mode() else (logits, logits + 1)


class Unlike(ToyNet):
    """An export that computes something else than dygraph."""

    def forward(self, x):
        logits = super().forward(x)
        return logits if paddle.in_dynamic_mode() else logits * 1.001


class Untraceable(ToyNet):
    def forward(self, x):
        if not paddle.in_dynamic_mode():
            raise TypeError("this works on numbers")
        return super().forward(x)


@pytest.mark.parametrize("kind", [Tuples, Unlike, Untraceable])
def test_an_export_that_fails_or_differs_is_not_used(forced, kind, capfd):
    paddle.seed(0)
    model = kind()
    assert np.array_equal(evaluate(model, BATCHES).outputs, by_dygraph(model).outputs)
    assert capfd.readouterr() == ("", "")


def test_a_predictor_that_fails_on_the_way_is_replaced(forced, monkeypatch):
    calls = []

    def third_fails(self, images, original=inference.Predictor.__call__):
        calls.append(1)
        if len(calls) == 4:
            raise RuntimeError("out of memory")
        return original(self, images)

    monkeypatch.setattr(inference.Predictor, "__call__", third_fails)
    model = toy()
    fast, slow = evaluate(model, BATCHES), by_dygraph(model)
    assert len(calls) == 4
    assert np.array_equal(fast.outputs[10:], slow.outputs[10:]) and fast.accuracy == slow.accuracy
