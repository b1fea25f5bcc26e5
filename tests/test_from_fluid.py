"""docs/from-fluid.md: today's calls, executed from top to bottom, and what it says of the traps."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest
from paddle import nn

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "from-fluid.md").read_text(encoding="utf-8")
PRELUDE, TABLES = PAGE.split("\n## ")[0], dict(part.split("\n", 1) for part in PAGE.split("\n## ")[1:])


def right_hand_side(section: str) -> list[str]:
    """The lines of code in the last column of a section's table."""
    rows = [line for line in TABLES[section].splitlines() if line.startswith("| ")][1:]
    return [code for row in rows for code in re.findall(r"`([^`]+)`", row.rstrip("| ").rpartition(" | ")[2])]


@pytest.mark.parametrize(("section", "at_least"), [("paddle.fluid", 35), ("PyTorch", 35), ("Keras", 18)])
def test_todays_calls_run(section, at_least, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (prelude,) = re.findall(r"```python\n(.*?)```", PRELUDE, re.DOTALL)
    names: dict = {}
    exec(prelude, names)
    lines = right_hand_side(section)
    assert len(lines) >= at_least
    for line in lines:
        exec(compile(line, line, "exec"), names)


def test_every_row_has_a_call_of_today():
    rows = [line for table in TABLES.values() for line in table.splitlines() if line.startswith("| ")]
    assert [row for row in rows if row.count(" | ") != 1] == []


def test_a_softmax_too_many_is_no_error_and_another_loss():
    logits, label = paddle.to_tensor([[2.0, 0.0]]), paddle.to_tensor([0])
    once = float(F.cross_entropy(logits, label))
    assert once == pytest.approx(np.log(1 + np.exp(-2)), rel=1e-5)
    assert float(F.cross_entropy(F.softmax(logits), label)) > once


def test_momentum_is_the_share_that_stays():
    norm = nn.BatchNorm2D(1, momentum=0.9)
    norm(paddle.full([2, 1, 2, 2], 10.0))
    assert norm.state_dict()["_mean"].numpy() == pytest.approx([1.0])  # 0.9 * 0 + 0.1 * 10


def test_the_rate_of_a_group_is_a_factor():
    weight = paddle.create_parameter([1], "float32", default_initializer=nn.initializer.Constant(1.0))
    optimizer = paddle.optimizer.SGD(0.1, parameters=[{"params": [weight], "learning_rate": 0.5}])
    weight.sum().backward()
    optimizer.step()
    assert weight.numpy() == pytest.approx([1 - 0.1 * 0.5])


def test_l2_decay_is_half_a_square():
    decay = paddle.ParamAttr(
        regularizer=paddle.regularizer.L2Decay(0.02), initializer=nn.initializer.Constant(3.0)
    )  # Keras' l2(0.01), whose gradient is 0.02 w
    layer = nn.Linear(1, 1, weight_attr=decay)
    optimizer = paddle.optimizer.SGD(1.0, parameters=layer.parameters())
    layer(paddle.zeros([1, 1])).sum().backward()
    optimizer.step()
    assert layer.weight.numpy() == pytest.approx(np.array([[3 - 0.02 * 3]]))
