"""The figures of captions: the five tasks, the pictures with their captions, and where the attention looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from matplotlib.figure import Figure

from homework.captions.training import ATTENTION, POOLED
from paddle_camp import plots
from paddle_camp.data.captions.captioned import CaptionedPictures
from paddle_camp.history import History
from paddle_camp.plots.language import words, wrapped

COLUMNS = 4  # pictures side by side
MOST_WORDS = 11  # of a caption whose attention is drawn
NAMES = {POOLED: ("pooled features", "整图特征"), ATTENTION: ("attention", "注意力"), "both": ("both", "两种一起")}
ROWS = {
    "chosen": ("chosen on dev pictures", "开发集选出的做法"),
    "plain": ("without neighbours' votes", "相似图片不投票"),
    "greedy": ("one network, greedy", "单个网络，贪心"),
    "consensus": ("consensus of neighbours", "相似图片描述的共识"),
    "nearest": ("nearest picture's caption", "最相似图片的描述"),
    "random": ("a random caption", "随机的描述"),
    "human": ("people", "人"),
}


def draw_all(
    results: dict, cells: Mapping[str, list[dict]], rows: list[dict], test: CaptionedPictures, looked: list[dict]
) -> dict[str, tuple[str, Figure]]:
    """The figures to post: name -> (caption, figure).

    Args:
        results: of the run; ``rows``: what was tried on dev pictures; ``looked``: words and maps of the attention.
    """
    figures = {
        "vgg": ("任务一：VGG 各种配置的参数和乘加次数", draw_vgg(results["vgg"])),
        "lengths": ("任务三：训练描述的长度", draw_lengths(results["data"])),
        "words": ("任务三：词的频次（对数坐标）和留下的词", draw_words(results["data"])),
        "training": ("任务四：每一轮之后的 loss", draw_training(cells)),
        "search": ("任务五：集束宽度与开发集 BLEU-4", draw_search(rows)),
        "test": ("任务五：测试图片上的 BLEU，以及各种参照", draw_test(results["test"])),
    }
    for name, title in {"best": "最好", "median": "居中", "worst": "最差"}.items():
        shown = results["shown"][name]
        caption = f"任务五：测试图片中{title}的（括号内是单张图片平滑的 BLEU-4），下面一行是人写的一句"
        figures[name] = (caption, draw_examples(shown, test, name))
    for number, each in enumerate(looked, start=1):
        caption = "任务四：写每个词的时候注意力看哪里（亮处是看得多的地方）"
        figures[f"attention-{number}"] = (caption, draw_attention(each, test))
    return figures


def draw_vgg(counts: Mapping[str, Any]) -> Figure:
    """Parameters and multiply-adds of each configuration."""
    panels = {
        words("parameters (million)", "参数（百万）"): [row["parameters"] / 1e6 for row in counts.values()],
        words("of them fully connected (million)", "其中全连接层（百万）"): [
            row["dense"] / 1e6 for row in counts.values()
        ],
        words("multiply-adds (billion)", "乘加（十亿次）"): [row["multiply_adds"] / 1e9 for row in counts.values()],
    }
    title = words("VGG's configurations", "VGG 的配置")
    return plots.bar_panels(list(counts), panels, linear=dict.fromkeys(panels), title=title)


def draw_lengths(data: Mapping[str, Any]) -> Figure:
    """How long the training captions are."""
    lengths, counts = zip(*data["lengths"], strict=True)
    places = np.arange(1, max(lengths) + 1)
    shares = np.zeros(len(places))
    shares[np.array(lengths) - 1] = np.array(counts) / sum(counts)
    title = words("Words in a training caption", "一句训练描述有多少词")
    figure = plots.histogram_figure(places, shares, words("words", "词数"), title=title)
    figure.axes[0].set_ylabel(words("share of the captions", "占描述的比例"))
    return figure


def draw_words(data: Mapping[str, Any]) -> Figure:
    """How often each word stands in the training captions, the most frequent first."""
    counts = np.array(data["counts"])
    places, kept = np.arange(1, len(counts) + 1), data["kept"]
    curves = {words("known", "留下的词"): (places[:kept], counts[:kept])}
    if kept < len(counts):
        curves[words("too rare: unknown", "太少，算作未知词")] = (places[kept:], counts[kept:])
    labels = words("rank", "名次"), words("times in the training captions", "在训练描述中的次数")
    title = words("Few words are frequent, most are rare", "常用词很少，多数词很少见")
    return plots.line_panels({"": curves}, *labels, log="xy", markers=False, title=title)


def draw_training(cells: Mapping[str, list[dict]]) -> Figure:
    """The loss after each epoch: of training (smoothed labels, dropout) and of the dev pictures."""
    panels = {}
    for split, title in (("train", words("training", "训练")), ("dev", words("dev pictures", "开发集"))):
        curves = {}
        for network, row in cells.items():
            several = [History.from_dict(cell["history"]).after_epochs(split, "loss") for cell in row]
            for seed, losses in enumerate(several):
                name = words(*NAMES[network]) + (f" {seed + 1}" if len(several) > 1 else "")
                curves[name] = (np.arange(1, len(losses) + 1), losses)
        panels[title] = curves
    labels = words("epochs finished", "完成的轮数"), words("loss of a word", "每个词的 loss")
    title = words("The training loss has smoothed labels and dropout in it", "训练 loss 含标签平滑和 dropout")
    return plots.line_panels(panels, *labels, markers=False, title=title)


def draw_search(rows: Sequence[Mapping]) -> Figure:
    """The best dev BLEU-4 with each width, with and without the votes of similar pictures."""
    panels: dict[str, dict] = {}
    several = {
        words("no votes", "相似图片不投票"): lambda row: row["neighbours"] == 0,
        words("similar pictures vote", "相似图片投票"): lambda row: row["neighbours"] > 0 or row["width"] == 1,
    }
    for title, fits in several.items():
        panels[title] = {}
        for group, names in NAMES.items():
            best: dict[int, float] = {}
            for row in rows:
                if row["group"] == group and fits(row):
                    best[row["width"]] = max(best.get(row["width"], 0.0), row["bleu"][-1])
            panels[title][words(*names)] = (sorted(best), [best[width] for width in sorted(best)])
    labels = words("width of the beam", "集束宽度"), words("dev BLEU-4", "开发集 BLEU-4")
    return plots.line_panels(panels, *labels, title=words("Wider beams", "更宽的集束"))


def draw_test(test: Mapping[str, Any]) -> Figure:
    """BLEU-1 to BLEU-4 of everything that was measured on test pictures."""
    scores = {words(*ROWS[name]): score for name, score in test["bleu"].items()}
    panels = {f"BLEU-{order + 1}": [score[order] for score in scores.values()] for order in range(4)}
    spread = {f"BLEU-{order + 1}": [each[order] for each in test["intervals"].values()] for order in range(4)}
    title = words("Test pictures, with 95 % intervals", "测试图片，95% 区间")
    linear = dict.fromkeys(panels)
    return plots.bar_panels(list(scores), panels, linear=linear, intervals=spread, title=title)


def draw_examples(shown: Sequence[Mapping], test: CaptionedPictures, name: str) -> Figure:
    """Pictures with the caption that was written and the first one of people."""
    captions = []
    for each in shown:
        said = wrapped(f"{each['caption']} ({each['score']:.2f})", 29)
        captions.append(f"{said}\n{wrapped('— ' + test.captions[each['index']][0], 29)}")
    lines = max(caption.count("\n") for caption in captions)
    captions = [caption + "\n" * (lines - caption.count("\n")) for caption in captions]
    titles = {"best": ("The best captions", "最好的描述"), "median": ("Captions in the middle", "居中的描述")}
    title = words(*titles.get(name, ("The worst captions", "最差的描述")))
    images = test.pictures.images[[each["index"] for each in shown]]
    return plots.picture_grid(images, captions, [False] * len(shown), columns=COLUMNS, title=title)


def draw_attention(looked: Mapping[str, Any], test: CaptionedPictures) -> Figure:
    """A picture, and the same lit where the attention looks, for each word."""
    image = test.pictures.images[looked["index"]]
    shown, said = [image], [words("the picture", "图片")]
    for word, shares in list(zip(looked["words"], looked["maps"], strict=True))[:MOST_WORDS]:
        shown.append(lit(image, shares))
        said.append(word)
    title = words("Where it looks for each word", "写每个词时看哪里")
    return plots.picture_grid(np.stack(shown), said, [False] * len(shown), columns=6, title=title)


def lit(image: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """A picture, uint8 ``[3, H, W]``, dark but where the shares of its places ``[P]`` (a square of them) are large."""
    side = round(len(shares) ** 0.5)
    light = cv2.resize((shares / shares.max()).reshape(side, side), image.shape[:0:-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(image * (0.3 + 0.7 * np.clip(light, 0, 1)), 0, 255).astype(np.uint8)
