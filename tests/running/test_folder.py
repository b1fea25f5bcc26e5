"""A run's folder: the newest is the latest, with symbolic links or without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from paddle_camp.errors import CampError
from paddle_camp.running.folder import new_folder
from paddle_camp.running.options import Options
from paddle_camp.running.resuming import find_resumable


def test_latest_points_at_the_newest_run(tmp_path):
    options = Options(out=str(tmp_path))
    first, second = new_folder("9-1", options), new_folder("9-1", options)
    assert first != second
    assert (tmp_path / "9-1" / "latest").resolve() == second.resolve()


def test_without_symbolic_links_latest_is_a_file_with_the_name(tmp_path, monkeypatch):
    def refuse(self, target, **options):
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    options = Options(out=str(tmp_path), resume="")
    path = new_folder("9-1", options)
    (path / "config.json").write_text('{"homework": "9-1"}', encoding="utf-8")
    assert find_resumable("9-1", options) == path.resolve()
    with pytest.raises(CampError, match="is a run of homework 9-1, not of 8"):
        find_resumable("8", Options(resume=str(path)))


def test_a_kill_before_latest_has_its_name_leaves_nothing_behind_the_next_run(tmp_path):
    start = "import os, signal, sys; from paddle_camp.running import folder, options\n"
    start += "asked = options.Options(out=sys.argv[1])\n"
    killed = start + "os.replace = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)\nfolder.new_folder('1-1', asked)"
    assert subprocess.run([sys.executable, "-c", killed, str(tmp_path)]).returncode < 0
    assert len([name for name in os.listdir(tmp_path / "1-1") if name.startswith(".latest")]) == 1
    newest = new_folder("1-1", Options(out=str(tmp_path)))
    assert sorted(os.listdir(tmp_path / "1-1"))[1:] == [newest.name, "latest"]
    assert (tmp_path / "1-1" / "latest").resolve() == newest
