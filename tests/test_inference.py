"""Evaluation through Paddle Inference: when, how near to dygraph, and that whatever fails leaves no trace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_camp import create_model, inference
from paddle_camp.probes import evaluating
from paddle_camp.training import evaluate
from tests.toys import ToyNet, build, same_bits, toy_batches, weights

BATCHES = toy_batches(23, 5, shuffle=False)
# With and without biased convolutions and batch norm, branches that are concatenated, one logit and more.
NETWORKS = {
    "lenet": ((1, 28, 28), {}),
    "lenet_fundus": ((3, 224, 224), {}),
    "alexnet": ((3, 224, 224), {"num_classes": 2}),
    "resnet18": ((3, 64, 64), {"num_classes": 2}),
    "mobilenet_v1": ((3, 64, 64), {"num_classes": 2}),
    "googlenet": ((3, 224, 224), {"num_classes": 2}),
}


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


@pytest.mark.parametrize("name", NETWORKS)
def test_the_logits_agree_and_have_the_same_bits_twice(name):
    shape, arguments = NETWORKS[name]
    paddle.seed(0)
    model = create_model(name, **arguments)
    images = np.random.default_rng(0).uniform(-1, 1, (3, *shape)).astype("float32")
    with evaluating(model):
        expected = model(paddle.to_tensor(images)).numpy()
    predictor = inference.Predictor(model, images)
    logits = predictor(images)
    assert logits.dtype == np.float32
    assert inference.agree(logits, expected)
    assert np.abs(logits - expected).max() < 0.2 * inference.tolerance(expected)  # the bound has room to spare
    assert np.array_equal(predictor(images), logits)
    np.testing.assert_allclose(predictor(images[:1]), logits[:1], atol=inference.tolerance(logits))


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
    """12 seconds at 20e9 multiply-adds a second and thread, 2.4e9 a picture: 200 on two threads."""
    monkeypatch.delenv("PADDLE_CAMP_TUNE", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    monkeypatch.setattr(inference, "sample_multiply_adds", lambda model, shape: 2_400_000_000)
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


class Fixed:
    """Stands for a predictor: dygraph's logits, each moved by ``error`` towards a tie."""

    def __init__(self, dygraph, error: float):
        self.dygraph, self.error = dygraph, error

    def __call__(self, images):
        logits = self.dygraph(images).numpy()
        signs = np.sign(logits - logits.mean(axis=1, keepdims=True))
        return (logits - self.error * signs).astype("float32")


@pytest.mark.parametrize("error", [0.0, 0.9e-4])
def test_close_calls_are_dygraphs(monkeypatch, error):
    """The second sample's logits are 1.5e-4 apart: an error of 0.9e-4 in each, within the bound, swaps them."""
    logits = np.array([[1.0, -0.5], [0.2, 0.2 + 1.5e-4], [0.1, 0.9]], "float32")
    far = np.array([[1.0, -0.5], [0.2, 0.3], [0.1, 0.9]], "float32")
    asked = []

    def dygraph(images):
        asked.append(len(images))
        return paddle.to_tensor(images)

    monkeypatch.setattr(inference, "worthwhile", lambda *_: True)
    monkeypatch.setattr(inference, "Predictor", lambda model, images: Fixed(paddle.to_tensor, error))
    forward = inference.FastForward(nn.Identity(), dygraph, 9)
    results = [forward(batch).numpy() for batch in (far, far, logits)]
    assert len(asked) == 2  # the first batch, and the one with the close call
    assert np.array_equal(results[2], logits)
    assert np.abs(results[1] - far).max() == pytest.approx(error, abs=1e-6)


@pytest.mark.parametrize(
    ("logits", "expected"),
    [
        ([[0.5], [-0.5]], True),
        ([[0.5], [1e-5]], False),
        ([[0.0, 1.0, 0.5]], True),
        ([[1.0, 0.0, 1.00005]], False),
        ([[float("nan"), 1.0]], False),
    ],
)
def test_decided(logits, expected):
    assert inference.decided(np.array(logits, "float32")) is expected


@pytest.mark.parametrize(
    ("logits", "expected"),
    [
        ([[10.0, 0.0]], True),
        ([[10.0009, 0.0]], True),
        ([[10.0011, 0.0]], False),
        ([[float("nan"), 0.0]], False),
        ([[10.0]], False),
    ],
)
def test_agree(logits, expected):
    assert inference.agree(np.array(logits, "float32"), np.array([[10.0, 0.0]], "float32")) is expected


def test_the_same_class_is_part_of_agreeing():
    tie = np.array([[1.0, 1.00002]], "float32")
    assert inference.agree(tie, tie)
    assert not inference.agree(tie[:, ::-1], tie)


def test_an_export_prints_nothing():
    code = (
        "import numpy as np, paddle_camp; from paddle_camp import inference\n"
        "images = np.zeros((2, 3, 32, 32), 'float32')\n"
        "predictor = inference.Predictor(paddle_camp.create_model('resnet18'), images)\n"
        "predictor(images); predictor(images[:1])"
    )
    root = Path(__file__).resolve().parents[1]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
