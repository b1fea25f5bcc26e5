"""The answer of captions, out of made-up results: what it concludes, and that it turns around with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from homework.captions import experiment as hw
from homework.captions.questions import answer_all
from homework.captions.verdicts import GOALS, QUOTED
from homework.captions.vgg import count_all
from tests.helpers.markdown import rendered

EVEN = "cannot be told apart"
VGG = count_all()


def row(group: str = "both", width: int = 5, score: float = 0.2, votes: float = 30.0) -> dict:
    found = {"group": group, "width": width, "exponent": 0.5, "neighbours": votes, "words": 9.1}
    return found | {"bleu": [0.6, 0.4, 0.27, score]}


def trained(*losses: float) -> dict:
    found = {"loss": list(losses), "perplexity": [22.0] * len(losses), "epoch": [8] * len(losses)}
    return found | {"epochs": [8] * len(losses), "parameters": 1_300_000, "mean_loss": sum(losses) / len(losses)}


def against(verdict: str, difference: float) -> dict:
    return {"verdict": verdict, "difference": difference, "interval": [difference - 0.01, difference + 0.01]}


SCORES = {
    "chosen": [0.61, 0.43, 0.28, 0.185],
    "plain": [0.6, 0.42, 0.27, 0.175],
    "nearest": [0.44, 0.25, 0.14, 0.08],
    "human": [0.626, 0.444, 0.306, 0.207],
}
DEV = {
    "chosen": row(),
    "plain": row(votes=0.0, score=0.18),
    "groups": {name: row(name) for name in ("pooled", "attention", "both")},
    "greedy": {name: row(name, 1) for name in ("pooled", "attention", "both")},
    "widths": {"1": row(width=1, score=0.15), "5": row()},
    "edges": {},
}
PART = {"pictures": 1500, "captions": 7500, "words": 80_000, "mean": 10.7, "longest": 33, "unknown": 0.04, "cut": 0.02}
DATA = {"parts": {"train": PART, "valid": PART, "test": PART}, "different": 3808, "once": 1500, "kept": 1370}
DATA |= {"frequent": [["a", 9000], ["dog", 1800]]}
SHOWN = {"name": "1.jpg", "caption": "a dog runs", "score": 0.5, "index": 0}


def answer(settings: hw.Settings | None = None, test: dict | None = None, **changed: Any) -> str:
    tested = {"bleu": SCORES, "reached": [True, True], "human": ["worse", EVEN, EVEN, EVEN]}
    tested |= {"intervals": {name: [[0.1, 0.2]] * 4 for name in SCORES}, "words": {"chosen": 9.0, "people": 10.7}}
    tested |= {"against": {"plain": against(EVEN, 0.01), "nearest": against("better", 0.1)}} | (test or {})
    values: dict[str, Any] = {"vgg": VGG, "questions": answer_all(VGG), "data": DATA, "dev": DEV, "test": tested}
    values |= {"trained": {"pooled": trained(3.2, 3.3, 3.25), "attention": trained(3.1, 3.15, 3.12)}}
    values |= {"compared": {"loss": -0.13, "every_seed": "better", "bleu": 0.01}, "real": True, "enough": 5}
    words = {"used": 200, "different": 190, "captions": 250, "most": [["a", 400]], "copied": 0.2, "vocabulary": 1373}
    values |= {"words": words, "shown": {name: [SHOWN] for name in ("best", "median", "worst")}}
    values |= {"cost": {"seconds": 200.0, "pictures": 7000, "bytes": 10**8, "minutes": 20.0}, "seed": 0}
    values |= {"counts": {"train": 1500, "valid": 250, "test": 250}, "goals": GOALS, "quoted": QUOTED}
    values |= {"pooled": 1280, "places": 49, "channels": 320, "code": "pass", "summaries": {"vgg16": "a", "vgg19": "b"}}
    values["example"] = {"text": "A dog .", "words": "a dog", "numbers": [1, 3, 4, 0]}
    return rendered(hw.__file__, {"settings": settings or hw.Settings()} | values | changed)


def test_the_goals_are_reached_or_not():
    assert "BLEU-1 ≥ 0.6、BLEU-4 ≥ 0.18：都达到了。" in answer()
    assert "只达到前一个" in answer(test={"reached": [True, False]})
    assert "只达到后一个" in answer(test={"reached": [False, True]})
    assert "都没有达到（目标是为真实照片定的" in answer(test={"reached": [False, False]}, real=False)


def test_it_is_better_than_the_nearest_picture_or_not():
    for verdict, said in (("better", "；高于最相似的"), ("worse", "；低于最相似的"), (EVEN, "；BLEU-4 与最相似的")):
        found = answer(test={"against": {"plain": against(EVEN, 0.0), "nearest": against(verdict, 0.0)}})
        assert said in found.replace("\n", "")


def test_the_votes_help_or_not():
    def said(verdict: str, difference: float) -> str:
        return answer(test={"against": {"plain": against(verdict, difference), "nearest": against("better", 0.1)}})

    assert "相似图片的投票使 BLEU-4 提高 0.020，区间不含 0。" in said("better", 0.02)
    assert "反而使 BLEU-4 降低 0.020，区间不含 0。" in said("worse", -0.02)
    assert "使 BLEU-4 降低 0.004，区间包含 0" in said(EVEN, -0.004)
    none = answer(dev=DEV | {"chosen": row(votes=0.0)})
    assert "投票与不投票是同一种做法" in none and "区间包含 0" not in none


def test_attention_helps_or_not_and_one_seed_says_nothing():
    assert "平均低 0.1300" in answer() and "每个种子都低于整图特征的每个种子（种子少，只能算迹象）" in answer()
    worse = answer(compared={"loss": 0.02, "every_seed": "worse"})
    assert "平均高 0.0200" in worse and "1,500 张图片教不会它看哪里" in worse
    assert "分不出高下" in answer(compared={"loss": 0.0, "every_seed": "mixed"})
    one = answer(replace(hw.Settings(), num_seeds=1), trained={"pooled": trained(3.2), "attention": trained(3.1)})
    assert "只有一个种子，说明不了什么" in one and "每个种子都低于" not in one


def test_beside_people_only_where_there_are_several_captions():
    assert "BLEU-1 低于人，BLEU-2 人在区间之内" in answer() and "这不说明写得与人一样好" in answer()
    worse = answer(test={"human": ["worse"] * 4})
    assert "这不说明写得与人一样好" not in worse
    alone = {name: scores for name, scores in SCORES.items() if name != "human"}
    assert "与人相比" not in answer(test={"human": None, "bleu": alone})


def test_what_is_quoted_stands_beside_real_pictures_only():
    assert "公布的数，引用" in answer() and "公布的数，引用" not in answer(real=False)


def test_values_on_the_edge_are_said():
    assert "更远的值没有试" not in answer()
    found = answer(dev=DEV | {"edges": {"width": "largest", "neighbours": "smallest"}})
    assert "宽度（最大）、投票权重（最小）；更远的值没有试" in found


def test_a_network_that_differs_from_the_count_is_told():
    assert "不符" not in answer()
    assert "**1，不符**" in answer(vgg=VGG | {"D": VGG["D"] | {"zoo": 1}})
