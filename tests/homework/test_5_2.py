"""Homework 5-2: the layer tables count what papers print and live networks have; the text follows the counts."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

import homework
from homework.hw5_2_famous_networks import comparing
from homework.hw5_2_famous_networks import experiment as hw
from homework.hw5_2_famous_networks import layer_tables as tables
from homework.hw5_2_famous_networks.layers import Layer, chain, linear, totals
from paddle_camp.answers.template import render
from paddle_camp.errors import SettingError
from paddle_camp.running.options import Options

ROWS = {row["name"]: row for row in hw.NETWORKS}


def test_a_layer_worked_by_hand():
    grouped = Layer(inputs=8, outputs=6, kernel=3, side=5, groups=2)
    assert (grouped.weights, grouped.parameters, grouped.multiply_adds) == (
        9 * 4 * 6,
        9 * 4 * 6 + 2 * 6,
        9 * 4 * 6 * 25,
    )
    first, second = chain(3, [(4, 3, 10), (5, 1, 10)])
    assert (first.inputs, second.inputs) == (3, 4)
    assert totals([first, *linear(7, 2)])["connected_parameters"] == pytest.approx(16e-6)


# Parameters to the last one: LeCun 1998 (60,000), torchvision's documentation (SqueezeNet, EfficientNet), Caffe's
# networks (AlexNet, GoogLeNet), imgclsmob's lists (ShuffleNet, MixNet, Darknet-53). Multiply-adds as the papers print
# them: in units of the second number, to the digits of the first.
@pytest.mark.parametrize(
    ("name", "parameters", "printed"),
    [
        ("lenet5", 60_000, None),
        ("alexnet", 60_965_224, (724.4, 1)),
        ("googlenet", 6_998_552, (1582.7, 1)),
        ("resnet50", 25_557_032, (3.86, 1000)),  # arXiv:1709.01507, table 2; ResNet's own table says 3.8
        ("resnet152", 60_192_808, (11.3, 1000)),
        ("squeezenet", 1_248_424, None),
        ("darknet19", 20_842_376, (5.58, 500)),  # both operations are counted: 500 million multiply-adds a billion
        ("darknet53", 41_609_928, (18.57, 500)),
        ("shufflenet_v1", 1_865_728, (137, 1)),
        ("se_resnet50", 28_088_024, (3.86, 1000)),
        ("res2net50", 25_699_120, None),
        ("mixnet_s", 4_134_606, None),
        ("efficientnet_b0", 5_288_548, (0.39, 1000)),
        ("efficientnet_b7", 66_347_960, None),
    ],
)
def test_a_table_counts_what_is_published(name, parameters, printed):
    sums = totals(tables.TABLES[name]())
    assert round(sums["parameters"] * 1e6) == parameters
    if printed:
        value, unit = printed
        digits = len(str(value).partition(".")[2])
        assert round(sums["multiply_adds"] / unit, digits) == value


def test_counts_that_are_printed_otherwise():
    # LeCun 1998, II.B, connections of C1, C3 (three kinds of maps) and C5, biases included.
    first, *third, fifth = [layer.parameters * layer.side**2 for layer in tables.LENET5 if layer.kernel == 5]
    assert (first, sum(third), fifth) == (122_304, 151_600, 48_120)
    # Network in Network: a file of 29 MB. SqueezeNet with torchvision's pools: 818,924,576.
    assert totals(tables.TABLES["nin"]())["parameters"] * 4e6 / 2**20 == pytest.approx(29, abs=0.05)
    assert totals(tables.squeezenet((109, 54, 27, 13)))["multiply_adds"] == pytest.approx(818.924576)
    # GoogLeNet's table 1, millions of multiply-adds; not 5a, whose 54 is not what its channels give.
    printed = {"3a": 128, "3b": 304, "4a": 73, "4b": 88, "4c": 100, "4d": 119, "4e": 170, "5b": 71}
    for name, millions in printed.items():
        side = {"3": 28, "4": 14, "5": 7}[name[0]]
        branches = tables.inception(name, side).values()
        assert sum(totals(branch)["multiply_adds"] for branch in branches) == pytest.approx(millions, abs=1), name


@pytest.mark.parametrize("model", tables.BUILT)
def test_a_table_counts_what_the_live_network_has(model):
    (row,) = (row for row in hw.NETWORKS if row["model"] == model)
    assert comparing.same(hw.count_built(row), totals(tables.BUILT[model]()))


def test_a_wrong_table_is_noticed(monkeypatch):
    assert hw.compare_forms(ROWS["LeNet-5"])["same"]
    monkeypatch.setitem(tables.BUILT, "lenet", tables.alexnet)
    assert not hw.compare_forms(ROWS["LeNet-5"])["same"]


def test_the_5x5_branch_with_and_without_its_reduction():
    worked = comparing.reduction("3a", 28)
    assert worked["direct"] == 25 * 192 * 32 * 28**2 == 120_422_400
    assert worked["reduce"] + worked["filter"] == 192 * 16 * 28**2 + 25 * 16 * 32 * 28**2 == 12_443_648
    assert (worked["weights"], worked["direct_weights"]) == (15_872, 153_600)


def test_the_quick_run_counts_the_papers_networks(tmp_path):
    answer, path = homework.run("5-2", Options(out=str(tmp_path), quick=True))
    millions = answer.results["millions"]
    assert millions["ResNet-50"] == pytest.approx([25.557032, 3858.0], abs=0.1)
    assert millions["AlexNet"] == pytest.approx([60.965224, 724.4], abs=0.1)
    assert "| ResNet-50 | v1.5：步幅在 3×3 | 25.56 → 25.56 | 3857.97 → 4089.18 |" in answer.text
    assert "| AlexNet | 单列，2014 年（arXiv:1404.5997） | 60.97 → 61.10 | 724.41 → 714.19 |" in answer.text
    assert "结果完全相同" in answer.text and "不一致" not in answer.text
    assert "参数最多的是 AlexNet" in answer.text and "乘加最多的是 ResNet-50" in answer.text
    assert "VGG" not in answer.text.partition("检测与分割")[0]  # a family that was not asked for
    assert (path / "figures" / "networks.png").is_file()


def test_the_published_facts():
    assert [row["year"] for row in hw.NETWORKS] == sorted(row["year"] for row in hw.NETWORKS)
    assert hw.NETWORKS[0]["name"] == "LeNet-5" and hw.NETWORKS[-1]["name"].startswith("EfficientNet")
    for row in hw.NETWORKS:
        assert row["idea"] and row["paper"] and row["family"], row["name"]
        assert row["table"] in tables.TABLES or (row["model"] and not row["table"]), row["name"]
        assert bool(row["top5"]) == bool(row["crops"]), row["name"]
        # Both: the live network is another form, which has a name and a table.
        assert bool(row["variant"]) == bool(row["table"] and row["model"]), row["name"]
        assert not row["variant"] or row["model"] in tables.BUILT, row["name"]
    assert {row["table"] for row in hw.NETWORKS} >= set(tables.TABLES)
    assert ROWS["Inception v3"]["depth"] == "42"
    assert {ROWS[name]["crops"] for name in ("VGG-16", "VGG-19")} == {"dense，三个尺度"}


def made_up(counts: dict[str, tuple[float, float]], connected: tuple[float, float] = (0.0, 0.0), same: bool = True):
    """The template's values for networks with these millions of parameters and multiply-adds."""
    keys = ("parameters", "multiply_adds")
    shares = dict(zip(("connected_parameters", "connected_multiply_adds"), connected, strict=True))
    counted = {name: dict(zip(keys, pair, strict=True)) | shares for name, pair in counts.items()}
    chosen = [ROWS[name] for name in counts]
    forms = [row for row in chosen if row["variant"]]
    return {
        "table": comparing.table(chosen, counted),
        "counted": counted,
        "families": [row["family"] for row in chosen],
        "sides": {row["name"]: int(row["side"]) for row in chosen},
        "deviations": comparing.deviations(chosen, counted),
        "forms": [
            {"name": r["name"], "variant": r["variant"], "built": counted[r["name"]], "same": same} for r in forms
        ],
        "extremes": comparing.extremes(counted),
        "b7_at_224": {"parameters": 66.0, "multiply_adds": 5000.0},
        "reduction": comparing.reduction("3a", 28),
    }


def text_of(*arguments, **named) -> str:
    text = render(hw.__file__, made_up(*arguments, **named))
    assert "**" not in MarkdownIt().render(text)  # every bold text is closed
    return text


def test_the_heaviest_network_is_explained_by_what_it_is():
    fully = text_of({"VGG-19": (140, 20000), "ResNet-50": (30, 30000)}, connected=(126, 100))
    assert (
        "参数最多的不是运算最多的" in fully and "VGG-19 有 90.00% 的参数在全连接层，这些层只占它乘加的 0.50%" in fully
    )
    assert "解释不了它" not in fully

    large = text_of({"VGG-16": (138, 15000), "EfficientNet-B7": (66, 37000)}, connected=(3, 3))
    assert "EfficientNet-B7 的参数主要在卷积层（全连接层占 4.55%）" in large and "解释不了它" in large
    assert "约 7.2 倍" in large and "只要 5000 百万次" in large
    assert "的参数在全连接层，这些层" not in large

    both = text_of({"VGG-19": (144, 20000), "ResNet-50": (26, 4000)}, connected=(124, 124))
    assert "参数最多的不是" not in both and "参数与运算" in both and "VGG-19 是 139 次" in both


def test_one_network_has_no_extremes():
    for names in ({"LeNet-5": (0.06, 0.3)}, {"LeNet-5": (0.06, 0.3), "DenseNet-121": (8, 2800)}):
        text = text_of(names)
        assert "最少的是" not in text and "1.2⁷" not in text and "手机" not in text
    assert "正是论文说的 60,000 个" in text and "正是论文说的" not in text_of({"LeNet-5": (0.061, 0.3)})


def test_counts_far_from_the_papers_and_wrong_tables_are_said():
    fine = text_of({"ResNet-50": (25.6, 3858), "GoogLeNet": (7, 1500)})
    assert "相差超过" not in fine and "结果完全相同" in fine
    off = text_of({"ResNet-50": (25.6, 4300), "GoogLeNet": (7, 1583)}, same=False)
    assert "ResNet-50 的乘加与论文所印相差超过 5%：数出 4300.0，所印 3800" in off
    assert "GoogLeNet 的乘加与论文所印相差超过 5%：数出 1583.0" in off
    assert "ResNet-50、GoogLeNet 与真正搭建的网络**不一致**" in off


def test_what_is_often_told_wrong_is_right():
    text = text_of({"VGG-16": (138, 15000), "VGG-19": (144, 20000), "Darknet-19": (20.8, 2791), "NiN": (7.6, 1100)})
    assert "2014 年的 VGG **没有批归一化**" in text and "VGG-16 是 8.1%，VGG-19 是 8.0%" in text
    assert "两倍是 5.58 G" in text and "7.60 百万个 float32 参数是 29.0 MiB" in text
    for name in ("R-CNN", "Mask R-CNN", "Detectron", "YOLO", "SSD", "FCN", "DeepLab", "U-Net", "ERFNet"):
        assert name in text


def test_the_families_of_small_and_of_scaled_networks():
    text = text_of({"AlexNet": (61, 700), "SqueezeNet 1.0": (1.22, 800), "EfficientNet-B7": (66, 37000)})
    assert "目标是手机和嵌入式设备" in text and "参数是 AlexNet 的 1/50" in text
    assert "深度是 3.1 倍（公布的系数与公式不完全一致：1.2⁷ ≈ 3.6）" in text and "≈ 1.92）" in text
    assert "参数是 AlexNet" not in text_of({"SqueezeNet 1.0": (1.22, 800), "EfficientNet-B7": (66, 37000)})


def test_an_unknown_network_is_one_line():
    with pytest.raises(SettingError, match="networks=Transformer: there are LeNet-5, AlexNet"):
        hw.Settings(networks=("Transformer",))
