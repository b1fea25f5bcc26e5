"""CSV that a spreadsheet opens: no formula of a stranger's, Chinese that Excel shows."""

from __future__ import annotations

import csv
import json
import os

import pytest

from paddle_camp.files import write_csv, write_json


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
