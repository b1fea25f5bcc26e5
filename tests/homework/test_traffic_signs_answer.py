"""The answer of traffic-signs, out of made-up results: what it concludes, and that it turns around with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from homework.traffic_signs import experiment as hw
from homework.traffic_signs import training
from homework.traffic_signs.names import CHINESE
from tests.helpers.markdown import rendered


def split(accuracy: float, test: float, averaged: float = 0.99, tracks: int = 261) -> dict:
    found = {"plain": [accuracy] * 3, "averaged": [averaged] * 3, "test": [test] * 3, "mean_test": test}
    return found | {"mean_plain": accuracy, "mean_averaged": averaged, "tracks": tracks, "pictures": 875}


def change(accuracy: float, verdict: str) -> dict:
    return {"accuracy": accuracy, "recipe": 0.985, "verdict": verdict, "accuracies": [accuracy]}


def quarters(verdict: str, area: float | None = 0.7) -> dict:
    row = {"low": 20.0, "high": 30.0, "count": 320, "accuracy": 0.98, "interval": [0.96, 0.99]}
    return {"rows": [row] * 4, "area": area, "interval": area and [area - 0.1, area + 0.1], "verdict": verdict}


EVEN = "cannot be told apart"
SURE = {
    "temperature": 1.2,
    "threshold": 0.83,
    "confidence": 0.97,
    "as_it_is": {"error": 0.012, "loss": 0.05},
    "tempered": {"error": 0.008, "loss": 0.04},
    "held": {"share": 0.97, "accuracy": 0.9953},
    "test": {"share": 0.96, "count": 1238, "accuracy": 0.9943, "interval": [0.988, 0.997]},
    "reached": EVEN,
}
FINAL = {
    "plain": {"accuracies": [0.98, 0.981, 0.982], "mean": 0.981, "together": 0.985, "wrong": 19},
    "averaged": {"accuracies": [0.983] * 3, "mean": 0.983, "together": 0.9884, "wrong": 15},
    "interval": [0.981, 0.993],
    "humans": EVEN,
    "committee": "worse",
}
MIRROR = {
    "turned": [{"label": 33, "into": 34, "share": 0.98}, {"label": 34, "into": 33, "share": 0.95}],
    "kept": [12, 13, 17],
    "lost": [0, 1],
}


def answer(settings: hw.Settings | None = None, **changed: Any) -> str:
    splits = {"track": split(0.985, 0.978), "picture": split(0.998, 0.979, tracks=600)}
    splits |= {
        "leak": {"verdict": "better", "difference": 0.013},
        "test_against": {"verdict": EVEN, "difference": 0.001},
    }
    values: dict[str, Any] = {"splits": splits, "final": FINAL, "mirror": MIRROR, "sure": SURE, "seed": 0}
    verdicts = {
        "transformer": EVEN,
        "no shortcuts": EVEN,
        "no warps": "worse",
        "no light": EVEN,
        "no erasing": "better",
        "no contrast": "better",
        "mirrored": "worse",
    }
    values["changes"] = {name: change(0.97, verdict) for name, verdict in verdicts.items()}
    values["pairs"] = [{"labels": [1, 2], "mistakes": 2.3}]
    values["quarters"] = {"size": quarters("better"), "brightness": quarters(EVEN, 0.55)}
    values["baseline"] = {"track": 0.888, "picture": 0.907, "test": 0.848}
    values |= {"counts": {"train": 4300, "test": 1290}, "tracks": 1307, "per_class": [100, 100], "even_test": True}
    values |= {
        "names": CHINESE,
        "enough": 3,
        "own_split": True,
        "seen_share": 0.97,
        "hidden": training.HIDDEN,
        "human": 0.9884,
        "committee": 0.9946,
    }
    values |= {"code": "…", "parameters": 688387, "as_default": True, "settings": settings or hw.Settings()}
    return rendered(hw.__file__, values | changed)


def with_splits(leak: str, difference: float, against: str = EVEN) -> dict:
    track = split(0.985, 0.978)
    found = {"track": track, "picture": split(0.985 + difference, 0.979)}
    found["leak"] = {"verdict": leak, "difference": difference}
    return found | {"test_against": {"verdict": against, "difference": 0.01}}


def test_the_conclusion_names_both_splits_and_the_test_pictures():
    text = answer()
    first = text.splitlines()[0]
    assert "按轨迹留出，验证准确率为 98.50%（3 个种子的平均）" in first
    assert "按图片留出，得到 99.80%，高出 1.30 个百分点：高出的部分是泄漏。" in first
    assert "单个网络为 98.10%（3 个种子的平均），3 个网络合起来、每张图片取五个版本的平均，为 98.84%" in first
    assert "这部分是泄漏。" in text and "让它看起来好" in text and "岭回归的差别是 +1.90 个百分点，比网络的更大" in text


def test_the_leak_can_be_chance_or_the_other_way_round():
    even = answer(splits=with_splits(EVEN, 0.002))
    assert (
        "高出 0.20 个百分点（差别在偶然范围之内）" in even
        and "泄漏。" not in even.split("## 每次改动")[0].split("##")[-1]
    )
    back = answer(splits=with_splits("worse", -0.02, "better"))
    assert "反而低 2.00 个百分点。" in back and "这里看不出泄漏" in back and "来自更多的牌子" in back
    assert "高出 0.00" not in answer(splits=with_splits(EVEN, 0.0))


def test_the_changes_read_their_verdicts():
    text = answer()
    assert "| 不改变光线 | 97.00% | 98.50% | 分不出高下 |" in text and "| 不遮挡 | 97.00% | 98.50% | 更好 |" in text
    hidden = "一半的图片随机遮住一块（面积的 2.00%～14.00%）"
    assert hidden in text and hidden not in answer(replace(hw.Settings(), erasing=False))
    assert "| 不做变形 | 97.00% | 98.50% | 更差 |" in text and "| 像素只缩放到 −1～1 | 97.00% | 98.50% | 更好 |" in text
    assert "| 加上空间变换网络 | 97.00% | 98.50% | 分不出高下 |" in text and "每种改动只训练了一次" in text
    assert "从 98.50% 变为 97.00%：变差了" in text
    changes = {name: change(0.97, "better") for name in training.CHANGES}
    turned = answer(replace(hw.Settings(), transformer=True, change_seeds=2), changes=changes | {"mirrored": None})
    assert "| 去掉空间变换网络 |" in turned and "| 加上左右翻转 | 发散 | — | 明显变差 |" in turned
    assert "变为" not in turned.split("## 最难分")[0].split("## 哪些标志")[1] and "训练了 2 次" in turned


def test_humans_and_the_committee_lie_where_the_interval_says():
    assert "人的准确率（98.84%）在区间之内，委员会的（99.46%）在区间之上" in answer()
    text = answer(final=FINAL | {"humans": "better", "committee": "better"}, even_test=False)
    assert "人的准确率（98.84%）在区间之下" in text and "只能大致地比" not in text


def test_the_mirror():
    text = answer()
    assert "| 右转 | 左转 | 98.00% |" in text and "互为镜像的有：右转和左转。" in text
    assert "多数回答不变的有 3 种。" in text and "没有一种回答过半的有 2 种：限速20、限速30。" in text
    none = answer(mirror={"turned": [], "kept": [], "lost": []})
    assert "没有一种标志翻转之后被多数网络当作另一种" in none and "互为镜像" not in none


def test_size_and_brightness():
    text = answer()
    assert "判错的图片更小：" in text and "看不出判错的图片更暗" in text
    turned = answer(quarters={"size": quarters("worse", 0.3), "brightness": quarters(EVEN, None)})
    assert "判错的图片并不更小，反而相反" in turned and "没有判错的（或没有判对的）图片，无从比较" in turned


def test_being_sure():
    text = answer()
    assert "T = 1.20，大于 1" in text and "从 0.0500 变为 0.0400：有改善" in text
    assert "阈值是 0.830" in text and "略低于要求，在偶然范围之内；其余的 52 张应当交给人看" in text
    assert "概率偏低，网络比它自己以为的更准（相差 1.84 个百分点）" in text
    bad = SURE | {"temperature": 0.7, "tempered": SURE["as_it_is"], "reached": "worse", "confidence": 0.999}
    turned = answer(sure=bad)
    assert "小于 1" in turned and "没有改善" in turned and "低于要求，超出偶然" in turned and "概率偏高" in turned
    never = answer(
        sure={key: value for key, value in SURE.items() if key not in ("test", "held")} | {"threshold": None}
    )
    assert "没有一个阈值能让回答的图片有 99.50% 判对" in never
    nothing = {"share": 0.0, "count": 0, "accuracy": None, "interval": None}
    assert "测试图片没有一张达到它" in answer(sure=SURE | {"test": nothing})


def test_one_seed_and_another_recipe_are_said():
    one = {"accuracies": [0.98], "mean": 0.98, "together": 0.98, "wrong": 26}
    final = FINAL | {"plain": one, "averaged": one}
    settings = replace(hw.Settings(), num_seeds=1, warps=False, light=False, mirror=True, class_weights=None)
    text = answer(settings, final=final, as_default=False, own_split=False, pairs=[])
    assert "个网络合起来" not in text and "种子少于 3 个" in text and "不做变形；一半" in text and "曝光" not in text
    assert "**左右翻转**（会把" in text and "测试图片全部判对，没有弄混的" in text and "损失没有按类别加权" in text
    assert "从每类中随机抽取，占 20.00%" in text and "选定的" not in text
