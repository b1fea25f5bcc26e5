"""The figures of spam: the scores, what the penalty does, and the words that decide."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

import paddle_camp as camp
from paddle_camp.plots.style import INK, colour, new_figure, tidy

words = camp.plots.words
POINTS = np.linspace(0, 1, 201)  # the probabilities at which the shares are drawn


def draw(results: dict[str, Any], by_c: dict[float, np.ndarray], labels: np.ndarray, c: float) -> dict[str, Any]:
    """The figures to post.

    Args:
        results: of the run.
        by_c: C -> probabilities of spam ``[N]``, held out, by the listing's model; ``c`` is the listing's.
        labels: int ``[N]``.
    """
    return {
        "scores": ("三种交叉验证的成绩和 95% 区间", _scores(results)),
        "penalty": ("正则化强度与召回率", _penalty(results["penalties"])),
        "probabilities": ("垃圾短信得到的概率的分布", _probabilities(by_c, labels, c)),
        "words": ("决定结果的词", _words(results["words"])),
    }


def _scores(results: dict[str, Any]) -> Figure:
    rows = {words("listing, copies apart", "原做法，副本分开"): results["leak"]["scores"]["apart"]}
    rows |= {words("listing, copies together", "原做法，副本同折"): results["scores"]["listing"]}
    rows |= {words("better, copies together", "改进，副本同折"): results["scores"]["better"]}
    names = {"accuracy": words("accuracy", "准确率"), "precision": words("precision", "精确率")}
    names |= {"recall": words("recall", "召回率"), "f1": "F1"}
    panels = {name: [row[key] or 0.0 for row in rows.values()] for key, name in names.items()}
    spread = {name: [row[f"{key}_interval"] or (0, 0) for row in rows.values()] for key, name in names.items()}
    title = words("Held-out messages, with 95 % intervals", "折外短信上的成绩与 95% 区间")
    linear = dict.fromkeys(panels, (0.0, 1.0))
    return camp.plots.bar_panels(list(rows), panels, linear=linear, intervals=spread, title=title)


def _penalty(penalties: dict[str, Any]) -> Figure:
    names = {"precision": words("precision", "精确率"), "recall": words("recall", "召回率"), "f1": "F1"}
    cs = [float(c) for c in penalties]
    curves = {
        name: (cs, [row[key] if row[key] is not None else np.nan for row in penalties.values()])
        for key, name in names.items()
    }
    title = words("The penalty and the scores", "正则化强度与成绩")
    labels = words("C (inverse strength of the penalty)", "C（正则化强度的倒数）"), words("held-out score", "折外成绩")
    return camp.plots.line_panels({"": curves}, *labels, log="x", title=title)


def _probabilities(by_c: dict[float, np.ndarray], labels: np.ndarray, c: float) -> Figure:
    """The share of each class whose probability is at most x."""
    panels = {}
    for label, name in ((1, words("spam", "垃圾短信")), (0, words("ham", "正常短信"))):
        below = {
            f"C = {each:g}": (said[labels == label][:, None] <= POINTS).mean(axis=0)
            for each, said in by_c.items()
            if each in (c, max(by_c))
        }
        panels[name] = {text: (POINTS, shares) for text, shares in below.items()}
    title = words("Spam left of 0.5 is missed", "概率不到 0.5 的垃圾短信被漏掉")
    labels_of = (
        words("probability of spam", "是垃圾短信的概率"),
        words("share at most so probable", "概率不超过它的比例"),
    )
    figure = camp.plots.line_panels(panels, *labels_of, markers=False, title=title)
    for axes in figure.axes:
        axes.axvline(0.5, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    return figure


def _words(chosen: dict[str, list]) -> Figure:
    rows = [*chosen["spam"], *chosen["ham"][::-1]]
    title = words("The listing's words with the largest coefficients", "原做法中系数最大和最小的词")
    figure = new_figure(0.9 + 0.24 * len(rows), title, None)
    axes = figure.add_subplot()
    places = range(len(rows))
    axes.barh(places, [value for _, value in rows], color=[colour(int(value > 0)) for _, value in rows], height=0.7)
    axes.set_yticks(places, [word for word, _ in rows], parse_math=False)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.axvline(0, color=INK, linewidth=1)
    tidy(axes, "", words("coefficient: left speaks for ham, right for spam", "系数：负的指向正常，正的指向垃圾"))
    return figure
