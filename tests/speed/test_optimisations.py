"""The CPU settings change how fast a training goes, not what it computes: stock Paddle against all optimisations."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from paddle_camp import machine

# Two processes, since the settings are made before paddle loads. What they print names the optimisations that were set.
SCRIPT = """
import sys
import numpy as np
import paddle_camp, paddle
from paddle_camp.training.losses import classification_loss

name, side, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
paddle.seed(0)
model = paddle_camp.create_model(name, num_classes=2)
optimizer = paddle.optimizer.Momentum(0.01, 0.9, parameters=model.parameters())
began = {key: value.numpy() for key, value in model.state_dict().items()}
rng = np.random.default_rng(0)
channels = 1 if side == 28 else 3
losses = []
for _ in range(2):
    images = paddle.to_tensor(rng.standard_normal((4, channels, side, side), np.float32))
    loss = classification_loss(model(images), paddle.to_tensor(rng.integers(0, 2, 4)))
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()
    losses.append(float(loss))
state = {key: value.numpy() for key, value in model.state_dict().items()}
changes = max(abs(value - began[key]).max() for key, value in state.items())
began = {f"began {key}": value for key, value in began.items()}
np.savez(path, first_loss=losses[0], loss=losses[1], changes=changes, **state, **began)
print(*paddle_camp.TUNED)
"""
CHANGED = ("OMP_NUM_THREADS", "MKL_DEBUG_CPU_TYPE", "PADDLE_CAMP_TUNE")


def trained(optimisations: str, name: str, side: int, path: Path) -> tuple[dict, list[str]]:
    """What two steps make of a network's state, and the optimisations that were set before paddle loaded."""
    environment = {key: value for key, value in os.environ.items() if key not in CHANGED}
    environment |= {"PADDLE_CAMP_TUNE": optimisations, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    command = [sys.executable, "-c", SCRIPT, name, str(side), str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    with np.load(path) as state:
        return dict(state), done.stdout.split()


NETWORKS = [("lenet", 28), ("digit_net", 28), ("resnet18", 64)]


@pytest.mark.parametrize(("name", "side"), NETWORKS)
def test_the_settings_of_the_cpu_train_as_stock_paddle_does(name, side, tmp_path):
    settings = [name for name in machine.OPTIMISATIONS if name != "onednn"]
    stock, none = trained("0", name, side, tmp_path / "stock.npz")
    ours, some = trained(",".join(settings), name, side, tmp_path / "ours.npz")
    assert none == [] and "threads" in some
    assert stock.keys() == ours.keys()
    for key, value in stock.items():
        # Rounding alone, from sums in another order; measured: 2e-6 (ResNet-18, batch norm over four samples).
        np.testing.assert_allclose(ours[key], value, rtol=1e-5, atol=1e-5, err_msg=key)
    assert stock["changes"] > 1e-3  # far more than the rounding: they have trained


@pytest.mark.parametrize(("name", "side"), NETWORKS)
def test_onednn_trains_as_stock_paddle_does(name, side, tmp_path):
    """Each operator rounds its sums in another order, and where a ReLU is at its corner that turns a gradient on."""
    stock, _ = trained("0", name, side, tmp_path / "stock.npz")
    ours, _ = trained(",".join(machine.OPTIMISATIONS), name, side, tmp_path / "ours.npz")
    assert ours["first_loss"] == pytest.approx(stock["first_loss"], rel=1e-5)
    assert ours["loss"] == pytest.approx(stock["loss"], rel=1e-3)
    names = [key for key in stock if f"began {key}" in stock]
    changes = [np.concatenate([(run[key] - run[f"began {key}"]).ravel() for key in names]) for run in (ours, stock)]
    wrong = np.linalg.norm(changes[0] - changes[1]) / np.linalg.norm(changes[1])
    assert wrong < 5e-3  # measured: 5e-4 (ResNet-18), 8e-7 (the others)
