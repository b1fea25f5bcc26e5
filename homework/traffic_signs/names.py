"""The signs in the words of the answer and the figures."""

from __future__ import annotations

from paddle_camp import plots
from paddle_camp.preprocessing import SIGN_NAMES

CHINESE = (
    *("限速20", "限速30", "限速50", "限速60", "限速70", "限速80", "解除限速80", "限速100", "限速120"),
    *("禁止超车", "货车禁止超车", "路口优先", "优先道路", "让行", "停车", "禁止一切车辆", "禁止货车", "禁止驶入"),
    *("危险", "左弯", "右弯", "连续弯路", "路面不平", "路滑", "右侧变窄", "施工", "信号灯", "行人", "儿童", "自行车"),
    *("冰雪", "野生动物", "解除所有限制", "右转", "左转", "直行", "直行或右转", "直行或左转", "靠右行驶", "靠左行驶"),
    *("环岛", "解除禁止超车", "解除货车禁止超车"),
)


def name_of(label: int) -> str:
    """A sign in the language of the figures."""
    return plots.words(SIGN_NAMES[label], CHINESE[label])
