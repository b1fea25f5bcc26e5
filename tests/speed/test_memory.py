"""Peak memory: what a system tells, and a system that does not."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from paddle_camp.speed import memory
from tests.helpers import contract


def test_it_never_falls_and_counts_what_was_given_back():
    before = memory.resident_peak()
    np.ones(100 * 2**20, np.uint8).sum()
    assert memory.resident_peak() >= before > 2**20


@pytest.fixture
def windows(monkeypatch):
    """No /proc, and no module ``resource``."""
    original = Path.read_text

    def read_text(self, *arguments, **options):
        if str(self) == "/proc/self/status":
            raise FileNotFoundError(self)
        return original(self, *arguments, **options)

    monkeypatch.setattr(Path, "read_text", read_text)
    monkeypatch.setitem(sys.modules, "resource", None)


def test_a_system_that_does_not_tell_runs_homework_all_the_same(windows, tmp_path):
    assert memory.resident_peak() is None
    path, _ = contract.run("7-1", tmp_path)
    assert "没有测量：这个系统不提供" in (path / "report.html").read_text(encoding="utf-8")
