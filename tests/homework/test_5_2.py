"""Homework 5-2: the table's numbers are those of live networks, and near the papers'."""

from __future__ import annotations

import pytest

import homework
from homework.hw5_2_famous_networks import experiment as hw
from paddle_camp.errors import SettingError
from paddle_camp.running.options import Options


def test_the_quick_run_counts_and_marks(tmp_path):
    answer, path = homework.run("5-2", Options(out=str(tmp_path), quick=True))
    millions = answer.results["millions"]
    assert millions["ResNet-50"] == pytest.approx([25.557032, 4089], abs=1)
    assert millions["AlexNet"] == pytest.approx([61.100840, 714], abs=1)
    assert "| EfficientNet-B0 * | 2019 |" in answer.text and "| AlexNet | 2012 |" in answer.text
    assert "参数最多的是 AlexNet" in answer.text and "乘加次数最多的是 ResNet-50" in answer.text
    assert "参数最多的网络并不是运算最多的" in answer.text
    assert (path / "figures" / "networks.png").is_file()


def test_the_table_has_what_the_question_asks_for():
    assert [row["year"] for row in hw.NETWORKS] == sorted(row["year"] for row in hw.NETWORKS)
    assert hw.NETWORKS[0]["name"] == "LeNet-5" and hw.NETWORKS[-1]["name"].startswith("EfficientNet")
    for row in hw.NETWORKS:
        assert row["idea"] and row["paper"]
        assert row["model"] or (row["millions_of_parameters"] and row["millions_of_multiply_adds"]), row["name"]
        assert bool(row["top5"]) == bool(row["crops"]), row["name"]


def test_an_unknown_network_is_one_line():
    with pytest.raises(SettingError, match="networks=Transformer: there are LeNet-5, AlexNet"):
        hw.Settings(networks=("Transformer",))
