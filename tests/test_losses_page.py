"""docs/losses.md: every row is executed, and what it says of labels and of the first loss."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest
from paddle import nn

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "losses.md").read_text(encoding="utf-8")
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")][1:]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_loss_takes_the_last_layer_and_the_labels(row):
    assert len(row) == 5
    hidden = paddle.randn([4, 16])
    hidden.stop_gradient = False
    names = {"paddle": paddle, "nn": nn, "F": F, "hidden": hidden}
    for cell in row[1:]:
        (line,) = re.findall(r"`([^`]+)`", cell)
        exec(line, names)
    loss = names["loss"]
    assert np.isfinite(float(loss)) and loss.numel() == 1
    loss.backward()
    assert float(hidden.grad.abs().sum()) > 0


@pytest.mark.parametrize(("classes", "said"), [(10, 2.30), (2, 0.69)])
def test_the_first_loss_is_the_logarithm_of_the_classes(classes, said):
    assert f"{said:.2f}" in PAGE
    loss = F.cross_entropy(paddle.zeros([4, classes]), paddle.zeros([4], "int64"))
    assert float(loss) == pytest.approx(said, abs=0.01)


def test_a_missing_axis_is_no_error_and_another_loss():
    out, y = paddle.to_tensor([[0.0], [1.0]]), paddle.to_tensor([0.0, 1.0])
    assert float(F.mse_loss(out, y)) == 0.5
    assert float(F.mse_loss(out, y.unsqueeze(1))) == 0
