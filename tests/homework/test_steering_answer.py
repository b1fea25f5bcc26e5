"""The answer of steering, out of made-up results: what it concludes, and that it turns around with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homework.steering import experiment as hw
from tests.helpers.markdown import rendered

EVEN = "cannot be told apart"


def pair(raw: float, smooth: float) -> dict:
    return {"raw": raw, "smooth": smooth}


TEST = {
    "constant": pair(0.243, 0.149),
    "ridge": pair(0.172, 0.08),
    "together": pair(0.121, 0.041),
    "each": {"raw": [0.13, 0.131, 0.132], "smooth": [0.045, 0.046, 0.047]},
    "interval": {"raw": [0.09, 0.15], "smooth": [0.03, 0.05]},
    "against": {name: {"verdict": "better"} for name in ("raw", "smooth")},
    "jitter": 0.078,
    "correlation": 0.85,
}
LEAK = {
    "pictures": 117,
    "block": {"errors": [0.04, 0.042], "mean": 0.041, "test": 0.05, "ridge": 0.065},
    "picture": {"errors": [0.02, 0.022], "mean": 0.021, "test": 0.05, "ridge": 0.05},
    "against": {"verdict": "better"},
}
BINS = [
    {"low": -1.0, "high": -0.6, "count": 20, "driver": -0.9, "network": -0.5, "error": 0.3},
    {"low": -0.02, "high": 0.02, "count": 140, "driver": 0.0, "network": 0.05, "error": 0.05},
    {"low": 0.6, "high": 1.0, "count": 40, "driver": 0.95, "network": 0.6, "error": 0.2},
]


def change(verdict: str) -> dict:
    return {"own": pair(0.14, 0.05), "recipe": pair(0.138, 0.039), "verdict": verdict, "p_value": 0.2}


def trips(metres: float, deviation: float, slope: float, left: int, error: float | None = None) -> dict:
    found = {"metres": metres, "deviation": deviation, "slope": slope, "left": left, "trips": 12}
    found["first"] = 24.0 if left else None
    return found if error is None else found | {"error": error}


def road(metres: str = "better", nearer: str = "better", answers: str = "better", **changed: Any) -> dict:
    found = {"driver": trips(320, 0.1, -0.32, 0), "centre": trips(60, 1.2, -0.05, 12, 0.0006)}
    found |= {"three": trips(310, 0.2, -0.28, 1, 0.0008), "ticks": 400}
    found |= {"metres": {"verdict": metres}, "nearer": {"verdict": nearer}, "answers": {"verdict": answers}}
    return found | changed


def answer(settings: hw.Settings | None = None, **changed: Any) -> str:
    values: dict[str, Any] = {"test": TEST, "leak": LEAK, "by_angle": BINS, "road": road(), "seed": 0}
    values["changes"] = {name: change(EVEN) for name in hw.CHANGES}
    values["changes"]["joystick"] = change("worse")
    values["seeing"] = {"own": 0.2, "other": 0.08, "against": {"verdict": "better"}, "pictures": 234}
    values |= {"counts": {"train": 2058, "sides": 0, "valid": 234, "test": 234}, "crop": [0.0, 0.0], "code": "…"}
    values |= {"blocks": {"train": 21, "valid": 3, "test": 3}, "straight": 0.6, "parameters": 252455, "enough": 3}
    values |= {"as_default": True, "source": "donkey", "penalty": 10.0, "settings": settings or hw.Settings()}
    return rendered(hw.__file__, values | changed)


def test_the_conclusion_names_the_errors_the_leak_and_the_road():
    first = answer().splitlines()[0]
    assert "4 个网络合起来预测转角的均方误差是 0.121（对摇杆的原始角度）和 0.041（对平滑后的角度）" in first
    assert "把误差从 0.041 说成 0.021" in first and "平均开出 310 米，只用一个的只有 60 米" in first
    alone = answer(replace(hw.Settings(), final_seeds=1), test=TEST | {"each": {"raw": [0.1], "smooth": [0.04]}})
    assert "一个网络预测转角" in alone and "合起来" not in alone.split("## 测试")[0]


def test_the_leak_can_be_chance_or_the_other_way_round():
    even = answer(leak=LEAK | {"against": {"verdict": EVEN}})
    assert "差别在偶然范围之内" in even.splitlines()[0] and "分不出有没有泄漏" in even and "不是学会" not in even
    back = answer(leak=LEAK | {"against": {"verdict": "worse"}})
    assert "误差反而大（0.021 对 0.041）" in back and "看不出泄漏" in back
    text = answer()
    assert "这是泄漏，不是进步" in text and "误差小了 48.78%，超出偶然" in text
    honest = answer(leak=LEAK | {"picture": LEAK["picture"] | {"test": 0.03}})
    assert "多见了几段路" in honest and "这是泄漏" not in honest


def test_the_changes_read_their_verdicts():
    text = answer()
    assert "| 目标是摇杆的原始角度 | 0.140 | 0.050 | 0.039 | 更差 |" in text
    assert "| 不平移，不改变亮度 | 0.140 | 0.050 | 0.039 | 分不出高下 |" in text and "只训练了一次" in text
    changes = {name: change("better") for name in hw.CHANGES} | {"no norm": None}
    text = answer(replace(hw.Settings(), change_seeds=2), changes=changes)
    assert "| 没有批归一化 | 发散 | — | — | 明显变差 |" in text and "更好 |" in text and "只训练了一次" not in text


@pytest.mark.parametrize(
    ("metres", "nearer", "says", "never"),
    [
        ("better", "better", "开得更远，离路中间更近", "反而"),
        (EVEN, "better", "离路中间更近（平均 0.20 米，只用一个的 1.20 米）", "开得更远"),
        (EVEN, EVEN, "这次看不出三个摄像头的好处", "开得更远"),
        ("worse", EVEN, "这次用三个摄像头训练的网络反而开得差", "开得更远"),
    ],
)
def test_the_road_turns_around(metres, nearer, says, never):
    text = answer(road=road(metres, nearer))
    assert says in text and never not in text


def test_why_it_drifts_is_said_where_it_is_so():
    assert "所以纠正得弱" in answer() and "离线误差看不出谁开得好" in answer()
    assert "最早在 24 米处开出路" in answer()
    strong = answer(road=road(answers="worse"))
    assert "一个摄像头的网络纠正得反而更强" in strong and "所以纠正得弱" not in strong
    few = answer(replace(hw.Settings(), road_seeds=1), road=road(answers=EVEN))
    assert "种子太少，不评判" in few and "种子之间的波动计入得很少" in few
    worse = answer(road=road(centre=trips(60, 1.2, -0.05, 0, 0.01)))
    assert "离线误差看不出" not in worse and "最早在" not in worse


def test_errors_by_angle_say_where_the_network_steers_too_little():
    assert "误差最大的一组是 −1.00 到 −0.60。转角最大的时候，网络打得不够" in answer()
    brave = [BINS[0] | {"network": -0.95}, BINS[1], BINS[2] | {"network": 0.99}]
    assert "网络并不总是打得不够" in answer(by_angle=brave)
    straight = answer(by_angle=[BINS[1]])
    assert "打得不够" not in straight and "误差最大的一组是 −0.02 到 +0.02。" in straight


def test_what_is_looked_at_may_not_count():
    assert "标出的地方确实更要紧" in answer()
    for verdict, says in ((EVEN, "两者分不出大小"), ("worse", "前者反而小")):
        assert says in answer(seeing={"own": 0.1, "other": 0.1, "against": {"verdict": verdict}, "pictures": 3})


def test_cameras_crop_and_baselines():
    sides = answer(counts={"train": 797, "sides": 1594, "valid": 170, "test": 170}, crop=[0.375, 0.15625])
    assert "另有 1,594 张两侧摄像头的训练图片" in sides and "切去上面 37.50%、下面 15.62%，再缩放" in sides
    assert "只有一个前视摄像头" in answer() and "切去" not in answer()
    beaten = answer(test=TEST | {"against": {name: {"verdict": "worse"} for name in ("raw", "smooth")}})
    assert "对摇杆角度更差，对平滑角度更差" in beaten
    alone = answer(test=TEST | {"interval": {"raw": None, "smooth": None}})
    assert "只有一段，没有区间" in alone
    assert "事先在留出的各段上选定" not in answer(as_default=False)
