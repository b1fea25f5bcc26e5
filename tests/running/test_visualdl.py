"""VisualDL logs, through a stand-in for the optional package that records what it is given."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from paddle_camp.errors import CampError
from paddle_camp.history import History
from paddle_camp.running import visualdl


class Writer:
    made: dict[str, list] = {}

    def __init__(self, logdir):
        self.rows = Writer.made.setdefault(logdir, [])

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def add_scalar(self, tag, value, step):
        self.rows.append((tag, step, value))


def test_every_row_becomes_a_scalar(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "visualdl", SimpleNamespace(LogWriter=Writer))
    steps = [{"step": 1, "loss": 0.5, "learning_rate": 0.1}]
    epochs = [{"step": 1, "split": "validation", "loss": 0.4, "accuracy": 0.9}]
    visualdl.require_visualdl()
    visualdl.write_visualdl(tmp_path, {"too early": History(steps, epochs)})
    expected = [("step/loss", 1, 0.5), ("step/learning_rate", 1, 0.1)]
    expected += [("validation/loss", 1, 0.4), ("validation/accuracy", 1, 0.9)]
    assert Writer.made == {str(tmp_path / "too-early"): expected}


def test_without_the_package_the_line_to_type_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "visualdl", None)
    with pytest.raises(CampError, match=r"pip install -e \.\[visualdl\]"):
        visualdl.require_visualdl()
