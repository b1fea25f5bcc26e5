"""CSV that a spreadsheet opens: no formula of a stranger's, Chinese that Excel shows."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time

import pytest

from paddle_camp.files import temporary_name, write_csv, write_json, write_text


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1"])
def test_a_text_is_no_formula(tmp_path, name):
    write_csv(tmp_path / "table.csv", [{"sample": name, "share": -0.5, "count": -1}])
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row == {"sample": f"'{name}", "share": "-0.5", "count": "-1"}  # numbers stay numbers


def test_a_carriage_return_in_a_name_ends_no_row(tmp_path):
    write_csv(tmp_path / "table.csv", [{"sample": "a\r=1,2", "share": 0.5}])
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row == {"sample": "a\\r=1,2", "share": "0.5"}


def test_excel_is_told_that_it_is_utf_8(tmp_path):
    write_csv(tmp_path / "table.csv", [{"名称": "一.jpg"}], excel=True)
    write_csv(tmp_path / "plain.csv", [{"名称": "一.jpg"}])
    assert (tmp_path / "table.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert not (tmp_path / "plain.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_name_that_is_no_utf_8_is_written_and_comes_back(tmp_path):
    """As in a folder that a Chinese Windows has packed: its names are GBK."""
    name = os.fsdecode("数字".encode("gbk"))
    write_json(tmp_path / "a.json", {"path": name, "others": "数字"})
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {"path": name, "others": "数字"}
    write_csv(tmp_path / "a.csv", [{"sample": name}])
    assert (tmp_path / "a.csv").read_text("utf-8") == "sample\n\\udcca\\udcfd\\udcd7\\udcd6\n"
    write_json(tmp_path / "b.json", {"path": "数字"})
    assert "数字" in (tmp_path / "b.json").read_text("utf-8")


GONE = 2**22 + 1  # no process has this number: Linux counts to 2^22


def test_what_killed_processes_left_is_removed_by_the_next_that_writes_there(tmp_path):
    """And nothing else: not what a living process, or one of another machine, is writing."""
    ours = temporary_name(tmp_path / "seen" / "last.pdparams", "tmp").name.replace(f"-{os.getpid()}.", "-{}.")
    others = "." + "last.pdparams.another-machine-{}.tmp"
    left = [ours.format(GONE), ours.format(GONE + 1), others.format(1)]
    kept = [ours.format(os.getppid()), others.format(GONE), ".hidden", "last.pdparams.1.tmp", ".latest.5"]
    for name in left + kept:
        (tmp_path / name).write_bytes(b"half")
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(tmp_path / left[2], (long_ago, long_ago))
    folder = tmp_path / f".unpacked.{ours.split('.')[-2].format(GONE)}.partial"
    (folder / "inner").mkdir(parents=True)
    folder.with_suffix(".old").mkdir()  # was being replaced
    write_text(tmp_path / "last.pdparams", "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, "last.pdparams"])


def test_a_killed_write_leaves_nothing_behind_the_next_run(tmp_path):
    code = "import os, signal, sys; from pathlib import Path; from paddle_camp.files import replace_file\n"
    code += "def write(path): path.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    code += "replace_file(Path(sys.argv[1]), write)"
    path = tmp_path / "metrics.json"
    assert subprocess.run([sys.executable, "-c", code, path]).returncode != 0
    assert len(list(tmp_path.iterdir())) == 1 and not path.exists()
    write_text(path, "whole")
    assert [each.name for each in tmp_path.iterdir()] == ["metrics.json"]


def test_a_long_name_has_a_shorter_temporary_one(tmp_path):
    path = tmp_path / ("n" * 250)
    write_text(path, "text")
    assert path.read_text() == "text"
