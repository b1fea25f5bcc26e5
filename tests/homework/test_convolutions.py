"""`convolutions`: three ways to one result, sizes, fields, relatives, the dense layer, and the answer's turns."""

from __future__ import annotations

import copy
import json

import numpy as np
import paddle
import pytest

from homework.convolutions import dense_layer, pooling, receptive_field, relatives
from homework.convolutions import experiment as hw
from paddle_camp.answers.template import render
from tests.helpers import contract
from tests.helpers.markdown import form_faults

TINY = ("picture_size=40", "layers=4", "channels=2", "map_side=3", "repeats=1")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder and the results of a run on a small picture."""
    options = [word for each in TINY for word in ("-o", each)]
    folder, said = contract.run("convolutions", tmp_path_factory.mktemp("run"), "--data", "synthetic", *options)
    assert "the picture china.jpg has no stand-in" in said
    return folder, contract.check(folder, "convolutions")


def test_a_convolution_by_hand():
    picture = np.arange(16.0).reshape(1, 4, 4)
    kernel = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    # 0 + 2 + 12 + 20 = 34 at the upper left; every step to the right adds 10, every step down 40.
    expected = [[34.0, 44, 54], [74, 84, 94], [114, 124, 134]]
    for way in (hw.convolve_by_loops, hw.convolve_by_matrix, hw.convolve_by_paddle):
        assert way(picture, kernel, 1, 0, 1)[0].tolist() == expected
        assert way(picture, kernel, 2, 0, 1)[0].tolist() == [[34, 54], [114, 134]]
        assert way(picture, kernel, 3, 1, 1)[0].tolist() == [[0, 18], [64, 134]]  # zeros around it
        assert way(picture, kernel, 1, 0, 3)[0].tolist() == [[0 + 2 * 3 + 3 * 12 + 4 * 15]]


def test_the_three_ways_agree(run):
    for row in run[1]["three_ways"]:
        assert row["matrix"] < 1e-12 and row["paddle"] < 1e-12 and row["float32"] < 1e-4, row
    assert len(run[1]["three_ways"]) == len(hw.CASES)


def test_a_wrong_way_is_noticed(monkeypatch):
    right = hw.convolve_by_matrix
    monkeypatch.setattr(hw, "convolve_by_matrix", lambda p, k, *how: right(p, k[:, :, ::-1, ::-1], *how))
    assert max(row["matrix"] for row in hw.compare_three_ways(0)) > 0.1


def test_a_true_convolution_flips_the_kernel(run):
    found = run[1]["flips"]
    assert found["correlation"] < 1e-9 and found["flipped"] < 1e-9 and found["learned"] < 1e-6
    for name in ("laplace", "blur", "sharpen"):
        assert found["changes"][name] < 1e-12
    assert found["changes"]["sobel x"] == pytest.approx(2)  # the sign turns
    assert 0.01 < found["changes"]["emboss"] < 2


def test_two_hundred_becomes_ninety_seven():
    rows = hw.follow_chain(200)
    assert [row["down"] for row in rows] == [row["paddle"] for row in rows] == [99, 97, 97]
    assert [row["up"] for row in rows] == [100, 98, 98] and rows[0]["exact"] == 99.5
    found = hw.check_sizes()
    assert found["conv_down"] == found["pool_down"] == found["pool_up"] == found["cases"] == 72 > found["broken"] > 20


def test_the_pools(run):
    picture = np.zeros((4, 8))
    picture[0, :3] = [3, 4, 12]
    found = pooling.pools(picture)
    assert found["max"].tolist() == [[12, 0]] and found["average"].tolist() == [[19 / 16, 0]]
    assert found["l2"].tolist() == [[13, 0]] and found["subsample"].tolist() == [[3, 0]]
    assert run[1]["pools"]["gap"] < 1e-9 and run[1]["pools"]["ordered"]
    flat = pooling.compare_pools(np.tile(np.arange(40.0)[:, np.newaxis], (1, 41)))[0]  # nothing changes along x
    assert flat["shift"] == {"max": 0, "average": 0, "l2": 0, "subsample": 0}


@pytest.mark.parametrize(
    ("layers", "field"),
    [
        (((3, 1, 1),), 3),
        (((3, 1, 1),) * 2, 5),
        (((3, 1, 1),) * 3, 7),
        (((3, 2, 1), (3, 1, 1), (3, 1, 1)), 11),  # 1 + 2 + 2 x 2 + 2 x 2
        (((3, 1, 1), (3, 1, 2), (3, 1, 4)), 15),  # 1 + 2 + 4 + 8
        (((5, 3, 1), (2, 1, 1)), 8),  # 1 + 4 + 3
    ],
)
def test_the_receptive_field(layers, field):
    row, slope = receptive_field.describe(layers)
    assert row["formula"] == row["measured"] == field
    assert not slope[:2].any() and not slope[-2:].any() and slope.sum() == pytest.approx(1)


def test_the_effective_field_is_smaller(run):
    rows = run[1]["stacks"]["rows"]
    assert run[1]["stacks"]["agree"] and run[1]["stacks"]["narrow"]
    assert (rows["4 x 3x3"]["effective"], rows["4 x 3x3"]["formula"]) == (7, 9)
    assert (rows["2 x 3x3"]["weights"], rows["one 5x5"]["weights"]) == (18, 25)


def test_the_relatives(run):
    found = run[1]["relatives"]
    gaps = (
        found["one_by_one"]["gap"],
        found["dilated"]["gap"],
        *(found["separable"][k] for k in ("space_gap", "depth_gap")),
    )
    assert max(gaps) < 1e-9
    assert (found["one_by_one"]["bottleneck"], found["one_by_one"]["direct"]) == (69632, 589824)
    assert (found["separable"]["separate"], found["separable"]["plain"], found["separable"]["rank"]) == (200, 1152, 1)


def test_the_transposed_convolution_is_the_transpose_and_no_inverse(run):
    found = run[1]["relatives"]["transposed"]
    assert found["forward"] < 1e-12 and found["backward"] < 1e-12
    rows, columns = found["shape"]
    assert found["rank"] == rows < columns and found["error"] > 0.05
    assert found["uneven"] == {"2": 1, "3": 4, "4": 1, "5": 2.25}  # 4 = (2 x 2) / (1 x 1), 2.25 = (3 x 3) / (2 x 2)
    before, after, side = found["same_size"]
    for size in (before, after):
        x = paddle.zeros([1, 1, size, size])
        assert paddle.nn.functional.conv2d(x, paddle.zeros([1, 1, 3, 3]), stride=2).shape[2] == side
    matrix = relatives.matrix_of(np.array([[1.0, 2.0], [3.0, 4.0]]), 3, 1)
    assert matrix.tolist()[0] == [1, 2, 0, 3, 4, 0, 0, 0, 0] and matrix.tolist()[3] == [0, 0, 0, 0, 1, 2, 0, 3, 4]


def test_a_dense_layer_is_a_convolution(run):
    found = run[1]["dense"]
    assert found["gap"] < 1e-5 and found["padded_gap"] > 0.01
    assert (found["patch"], found["side"], found["answers"]) == (34, 34 + 4 * 2, 9)
    assert 1 < found["saved"] < 9
    patches = dense_layer.patches_of(np.arange(50.0 * 50).reshape(50, 50), 34, 3)
    assert patches.shape == (9, 1, 34, 34) and patches[:, 0, 0, 0].tolist() == [0, 4, 8, 200, 204, 208, 400, 404, 408]
    # 34 pixels, one channel: 9 x 32^2 + 9 x 14^2 + 490
    assert dense_layer.multiplications(34, 1) == 9 * 1024 + 9 * 196 + 490


def answer_of(run, **turned) -> str:
    """The answer of the run with some of its results made up; a dict is merged into the run's."""
    kept = copy.deepcopy(json.loads((run[0] / "answer.json").read_text(encoding="utf-8")))
    values = {"settings": hw.replace(hw.Settings(), layers=4), "seed": 0} | kept["values"] | kept["results"]
    for key, value in turned.items():
        values[key] = values[key] | value if isinstance(value, dict) else value
    return render(hw.__file__, values)


def test_the_answer_of_the_run(run):
    times = {"one pass": 0.001, "one batch": 0.004, "one by one": 0.02}
    text = answer_of(run, chain=hw.follow_chain(200), times=times)
    first = text.splitlines()[0]
    assert "边长是 97：除不尽时卷积向下取整才对（向上取整会得到 98）" in first and "结果相同，最大差" in first
    assert "逐块（合成一批）的用时是它的 4.0 倍" in first and "公式与梯度测得的一致" in first and "它不是逆" in text
    assert "卷积矩阵的转置，不是逆" in first and "拉普拉斯、模糊、锐化的核中心对称" in text and "这就是棋盘纹" in text
    assert "向上取整会得到" not in answer_of(run, chain=hw.follow_chain(201), times=times)
    assert form_faults(text) == [] and "def convolve_by_loops" in text


def test_the_answer_turns_around(run):
    rows = [row | {"paddle": 0.5} for row in run[1]["three_ways"]]
    slow = {"one pass": 0.004, "one batch": 0.001, "one by one": 0.02}
    text = answer_of(run, three_ways=rows, dense={"gap": 0.3}, times=slow, stacks={"agree": False})
    first = text.splitlines()[0]
    assert (
        "没有一致到 1.0e-06" in first
        and "个答案与逐块计算不同；" in first
        and "不一致；" in first
        and "用时是它的" not in first
    )
    text = answer_of(run, sizes={"conv_down": 3}, dense={"padded_gap": 0.0}, times=slow)
    assert "才对" not in text.splitlines()[0] and "3 种向下取整：与“向下取整”不完全相符" in text
    assert "的条件是没有填充" not in text
    transposed = run[1]["relatives"]["transposed"]
    changed = {"transposed": transposed | {"error": 0.0, "uneven": transposed["uneven"] | {"3": 1}}}
    text = answer_of(run, relatives=changed)
    assert "不是逆" not in text.splitlines()[0] and "没有看到它与逆的差别" in text and "棋盘纹" not in text
    shift = {"max": 0.3, "average": 0.1, "l2": 0.1, "subsample": 0.2}
    pools = run[1]["pools"] | {"shift": shift, "ordered": False}
    text = answer_of(run, pools=pools)
    assert "不是每一种池化都比直接取一个像素稳" in text and "不都成立" in text


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("picture_size=8", "picture_size=8: give at least 32 pixels"),
        ("layers=1", "layers=1: give at least 2"),
        ("map_side=1", "map_side=1"),
        ("repeats=0", "must be positive"),
    ],
)
def test_a_wrong_setting_is_one_line(override, says, tmp_path):
    contract.refused("convolutions", tmp_path, says, override)


@pytest.mark.slow
def test_the_quick_run(tmp_path):
    results = contract.check(contract.run("convolutions", tmp_path, "--quick")[0], "convolutions")
    assert results["chain"][-1]["paddle"] == 97
