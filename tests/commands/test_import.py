"""``--import FILE``: networks of one's own, named among the settings like those of the zoo."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddle_camp.models import own, registry
from tools import run_homework

NET = """
from paddle import nn
from paddle_camp import register_model


@register_model
def net_of_my_own(num_classes=2, in_channels=3):
    return nn.Sequential(nn.Flatten(), nn.Linear(in_channels * 32 * 32, num_classes))
"""
START = ["9-1", "--data-dir", "/nowhere", "-o", "model=net_of_my_own"]  # what is wrong is found after the settings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a network; what it registers is forgotten after the test."""
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    monkeypatch.setenv(own.VARIABLE, "")
    path = tmp_path / "my_net.py"
    path.write_text(NET, encoding="utf-8")
    return path


def test_a_network_is_imported_before_the_settings_are_checked(file, capsys):
    assert run_homework.main(START) == 2
    assert "there is no model 'net_of_my_own'" in capsys.readouterr().err
    assert run_homework.main([*START, "--import", str(file)]) == 2
    assert "/nowhere: does not exist" in capsys.readouterr().err


def test_the_option_may_be_repeated_and_no_run_remembers_it(file, tmp_path, capsys):
    second = file.with_name("second_net.py")
    second.write_text(NET.replace("net_of_my_own", "second_of_my_own"), encoding="utf-8")
    arguments = ["1-1", "--quick", "--data", "synthetic", "-o", "full_epochs=50", "--out", str(tmp_path / "runs")]
    assert run_homework.main([*arguments, "--import", str(file), "--import", str(second)]) == 0
    assert {"net_of_my_own", "second_of_my_own"} <= set(registry.list_models())
    config = (tmp_path / "runs" / "1-1" / "latest" / "config.json").read_text("utf-8")
    assert "my_net" not in config and "second_net" not in config


def test_a_cluster_does_not_have_the_file(file, capsys):
    assert run_homework.main(["5-3", "--import", str(file), "--cluster", "auto"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--import: the nodes of a cluster do not have these files; leave --cluster out" in line
    assert "net_of_my_own" not in registry.list_models()


@pytest.mark.parametrize("content", [None, "1 / 0", "x = 1"])
def test_a_file_that_gives_no_network_is_one_line(file, content, capsys):
    path = file.with_name("other.py")
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert run_homework.main([*START, "--import", str(path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: --import {path}")
