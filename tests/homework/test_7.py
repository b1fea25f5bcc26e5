"""Homework 7-1 and 7-2: the formulas against counting, against Paddle, and against literal answers."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import homework
from homework.hw7_1_count_operations import experiment as hw71
from homework.hw7_2_layer_shapes import experiment as hw72
from paddle_camp.answers.template import render
from paddle_camp.running.options import Options
from tests.helpers.figures import texts


def test_the_answer_of_the_camps_convolution():
    question = hw71.Settings()
    assert hw71.count_operations(question, 224, bias=True, padding_counts=True) == (867_041_280, 867_041_280)
    assert hw71.count_operations(question, 224, bias=False, padding_counts=True) == (867_041_280, 834_928_640)
    # Without the padding: of the 3 x 224 rows that the kernel visits two lie outside, and so for the columns.
    inside = 10 * 64 * 3 * (3 * 224 - 2) ** 2
    assert hw71.count_operations(question, 224, bias=True, padding_counts=False) == (inside, inside)


@settings(max_examples=40, deadline=None)
@given(
    size=st.integers(3, 6),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 3),
    padding=st.integers(0, 3),  # also so wide that some outputs see nothing else
    channels=st.integers(1, 2),
)
def test_the_formulas_equal_what_the_loops_count(size, kernel, stride, padding, channels):
    case = replace(hw71.Settings(), in_channels=channels, kernel_size=kernel, stride=stride, padding=padding)
    for row in hw71.check_by_counting(replace(case, counted_size=size), seed=0):
        assert row["counted"] == row["formula"]
        assert row["difference_from_paddle"] < 1e-10


def test_7_1_runs_and_its_probe_agrees(tmp_path):
    answer, path = homework.run("7-1", Options(out=str(tmp_path), quick=True))
    assert answer.results["probe"] == 867_041_280
    assert all(row["same"] for row in answer.results["checks"])
    assert "乘法 867,041,280 次，加法 867,041,280 次" in answer.text
    assert "不一致" not in answer.text
    assert (path / "figures" / "positions.png").is_file() and (path / "report.html").is_file()


def test_7_1_with_other_parameters(tmp_path):
    options = Options(out=str(tmp_path), quick=True, overrides=("kernel_size=5", "padding=2", "stride=2"))
    answer, _ = homework.run("7-1", options)
    assert answer.results["output_shape"] == [10, 64, 112, 112]
    assert answer.results["totals"][0]["operations"][0] == answer.results["probe"] == 10 * 64 * 112 * 112 * 75


def answer_of_7_1(same=True, probe_off=0, **changes) -> str:
    """The answer for other settings, as if the checks had gone like this."""
    case = replace(hw71.Settings(), **changes)
    side = hw71.output_side(case.image_size, case)
    totals = [
        {"padding_counts": zeros, "bias": bias, "operations": hw71.count_operations(case, case.image_size, bias, zeros)}
        for zeros in (True, False)
        for bias in (True, False)
    ]
    values = {"settings": case, "side": side, "totals": totals, "probe": totals[0]["operations"][0] + probe_off}
    values |= {"output_shape": [case.batch_size, case.out_channels, side, side]}
    return render(hw71.__file__, values | {"checks": [{"same": same, "difference_from_paddle": 1e-15}]})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "⌊(224 + 2×1 − 3) / 1⌋ + 1 = 224（⌊ ⌋ 表示向下取整），"),
        (
            {"stride": 2},
            "⌊(224 + 2×1 − 3) / 2⌋ + 1 = 112（⌊ ⌋ 表示向下取整，余下的 1 行、1 列不够再走一步），",
        ),  # 112.5
        ({"stride": 3, "padding": 0}, "⌊(224 + 2×0 − 3) / 3⌋ + 1 = 74（⌊ ⌋ 表示向下取整，余下的 2 行"),
    ],
)
def test_the_size_of_the_output_is_rounded_down_in_sight(changes, says):
    text = answer_of_7_1(**changes)
    assert says in text and not re.search(r"\d\.5\b|\) / \d+ \+", text)


def test_without_padding_nothing_is_said_to_be_saved():
    assert "这里没有填充，所以两种数法的次数相同" in (bare := answer_of_7_1(padding=0)) and "少 0 次" not in bare
    assert "乘法少 5,153,280 次（0.59%）" in answer_of_7_1()
    assert "乘法少" not in bare and "没有填充" not in answer_of_7_1(padding=2)


def test_a_formula_that_the_loops_or_the_probe_contradict_is_said_to_be_wrong():
    assert "与公式不一致，公式有误" in answer_of_7_1(same=False)
    assert answer_of_7_1(probe_off=1).endswith("次乘法，与公式不一致。")
    assert answer_of_7_1().endswith("次乘法，与公式一致。") and "全部一致" in answer_of_7_1()


@pytest.mark.parametrize("text", [answer_of_7_1(), answer_of_7_1(stride=2, padding=0)])
def test_numbers_have_their_digits_in_groups_of_three(text):
    assert not re.search(r"(?<![\d.,])\d{4,}", text)


SIMPLENET = [  # name, weight, bias, output, worked out by hand
    ["conv1", [6, 3, 5, 5], [6], [10, 6, 224, 224]],
    ["pool1", None, None, [10, 6, 112, 112]],
    ["conv2", [16, 6, 5, 5], [16], [10, 16, 112, 112]],
    ["pool2", None, None, [10, 16, 56, 56]],
    ["fc1", [50176, 64], [64], [10, 64]],
    ["fc2", [64, 1], [1], [10, 1]],
]


def test_simplenets_table():
    rows = hw72.derive(hw72.Settings())
    assert [list(row.values()) for row in rows] == SIMPLENET


def test_7_2_runs_and_the_live_network_agrees(tmp_path):
    answer, _ = homework.run("7-2", Options(out=str(tmp_path)))
    assert answer.results["same_as_live"] and "形状全部一致" in answer.text
    assert answer.results["parameters"] == 456 + 2416 + 50176 * 64 + 64 + 65
    assert answer.results["exercise"] == [200, 99, 97, 97]
    conv1 = "| conv1 | [6, 3, 5, 5] | 6×3×5×5 = 450 | [6] | 6 | [10, 6, 224, 224] | 6×224×224 = 301,056 |"
    assert conv1 in answer.text
    assert "| pool2 | 无 | 无 | 无 | 无 | [10, 16, 56, 56] | 16×56×56 = 50,176 |" in answer.text
    assert "|---|---|---:|---|---:|---|---:|" in answer.text  # counts to the right
    assert "⌊(200 + 2×1 − 5) / 2⌋ + 1 = 99" in answer.text and "**97×97**" in answer.text
    _, figure = answer.figures["layers"]
    drawn = texts(figure)
    assert {"6 x 224 x 224", "16 x 56 x 56", "3,211,328", "fc2"} <= set(drawn)
    assert drawn.count("none") == 2  # the pools have no parameters
    heights = [[bar.get_height() for bar in axes.patches] for axes in figure.axes]
    assert heights == [[301056, 75264, 200704, 50176, 64, 1], [456, 0, 2416, 0, 3211328, 65]]


def test_a_product_is_written_out():
    assert [hw72.product(shape) for shape in ([6, 3, 5, 5], [50176, 64], [1000], None)] == [
        "6×3×5×5 = 450",
        "50,176×64 = 3,211,264",
        "1,000",
        "无",
    ]


@pytest.mark.parametrize(
    ("changes", "same", "says", "not_said"),
    [
        ({}, True, "fc1 占全部参数的 99.91%", "公式有误"),
        ({"image_size": 32}, True, "fc1 的输入是 pool2 的 16×8×8 = 1,024 个数", "公式有误"),
        ({}, False, "有的层不一致，公式有误", "形状全部一致"),
        (
            {"image_size": 8, "in_channels": 40},
            True,
            "形状全部一致",
            "参数集中在全连接层",
        ),  # the larger part is conv1's
    ],
)
def test_the_answer_of_7_2_says_what_the_table_says(changes, same, says, not_said):
    case = replace(hw72.Settings(), **changes)
    rows = hw72.derive(case)
    total = sum(math.prod(row[key]) for row in rows for key in ("weight", "bias") if row[key])
    values = {
        "settings": case,
        "layers": rows,
        "parameters": total,
        "same_as_live": same,
        "exercise": [200, 99, 97, 97],
    }
    values |= {"products": [hw72.products(row) for row in rows], "exercise_layers": hw72.EXERCISE}
    text = render(hw72.__file__, values)
    assert says in text and not_said not in text


def test_7_2_for_a_network_of_the_zoo(tmp_path, capsys):
    options = Options(out=str(tmp_path), overrides=("model=resnet18", "image_size=64", "batch_size=1"))
    answer, _ = homework.run("7-2", options)
    assert answer.results["parameters"] == 11_689_512
    assert "layer4.1.conv2" in answer.text and "11,689,512" in capsys.readouterr().out
    assert answer.results["layers"][-1]["output"] == [1, 1000]
    _, figure = answer.figures["layers"]  # too many layers for their names
    assert sum(bar.get_height() for bar in figure.axes[1].patches) == 11_689_512
    assert "layer, in the order they run" in texts(figure) and "conv1" not in texts(figure)


@pytest.mark.parametrize(
    ("homework_id", "override", "says"),
    [
        ("7-1", "stride=0", "stride=0: must be positive"),
        ("7-1", "padding=-1", "padding=-1: must not be negative"),
        ("7-1", "kernel_size=300", "kernel_size=300: larger than a padded picture of 9 pixels"),
        ("7-2", "image_size=7", "image_size=7: two pools need at least 8 pixels"),
        ("7-2", "model=resnet5", "there is no model 'resnet5'"),
    ],
)
def test_what_is_no_convolution_or_no_network_is_refused(homework_id, override, says, capsys, tmp_path):
    from tools import run_homework

    assert run_homework.main([homework_id, "-o", override, "--out", str(tmp_path)]) == 2
    assert says in capsys.readouterr().err
