"""The logits of Paddle Inference: how near to dygraph's they are, and when they are near enough."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import paddle
import pytest
from paddle import nn

from paddle_camp import create_model
from paddle_camp.networks.modes import evaluating
from paddle_camp.speed import inference

# With and without biased convolutions and batch norm, branches that are concatenated, one logit and more.
NETWORKS = {
    "lenet": ((1, 28, 28), {}),
    "lenet_fundus": ((3, 224, 224), {}),
    "alexnet": ((3, 224, 224), {"num_classes": 2}),
    "resnet18": ((3, 64, 64), {"num_classes": 2}),
    "mobilenet_v1": ((3, 64, 64), {"num_classes": 2}),
    "googlenet": ((3, 224, 224), {"num_classes": 2}),
}


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
        "import numpy as np, paddle_camp; from paddle_camp.speed import inference\n"
        "images = np.zeros((2, 3, 32, 32), 'float32')\n"
        "predictor = inference.Predictor(paddle_camp.create_model('resnet18'), images)\n"
        "predictor(images); predictor(images[:1])"
    )
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
