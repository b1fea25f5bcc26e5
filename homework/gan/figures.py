"""The figures of the GAN: the numbers' densities and discriminators, gradients, scores, and the pictures themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from homework.gan.one_dimension import EDGES
from paddle_camp import diverged, plots
from paddle_camp.plots.style import MUTED, colour, new_figure, tidy
from paddle_camp.sweeps.grid import Grid

ROWS = 6  # epochs at most whose pictures are shown
NAMES = {"dense": "全连接", "convolutional": "卷积"}
GAMES = {"minimax": "极小极大", "non-saturating": "不饱和", "least squares": "最小二乘", "hinge": "合页"}


def draw_all(
    cells: Grid, table: Grid, numbers: list, starts: dict, grown: dict, floor: dict, settings: Any, seed: int
) -> dict:
    """The figures to post: name -> (caption, figure)."""
    figures = {
        "numbers": ("一维的 GAN：分布、判别器与 p/(p+q)", draw_numbers(numbers)),
        "gradients": ("判别器学习时生成器的梯度范数（生成器不动）", draw_gradients(starts)),
        "scores": ("每种网络、每种损失的得分（一个点是一个种子）", draw_scores(table, floor)),
        "progress": ("Fréchet 距离随训练的变化（第一个种子）", draw_progress(cells, settings, seed)),
        "drawn": ("每种网络、每种损失画的数字（同样的噪声，第一个种子）", draw_pictures(cells, seed)),
    }
    words = plots.words
    for network in NAMES:
        if network in grown:
            shown = np.linspace(0, len(grown[network]) - 1, min(ROWS, len(grown[network]))).round().astype(int)
            rows = [words(f"epoch {epoch + 1}", f"第 {epoch + 1} 轮") for epoch in shown]
            title = words(f"The same noise in the course of training: {network}", f"训练中同样的噪声：{NAMES[network]}")
            figure = plots.mosaic(grown[network][shown], rows=rows, title=title)
            figures[f"by_epoch_{network}"] = (f"同样的噪声在训练中画出的数字：{NAMES[network]}网络", figure)
    if "plane" in grown:
        side = round(len(grown["plane"]) ** 0.5)
        network = next(name for name in reversed(NAMES) if name in grown)
        title = words(f"Between four noises: {network}", f"四个噪声之间：{NAMES[network]}")
        figure = plots.mosaic(grown["plane"].reshape(side, side, 28, 28), width=5.0, title=title)
        figures["plane"] = (f"四个固定噪声（四角）之间的网格画出的数字：{NAMES[network]}网络", figure)
    return figures


def name_of(network: str, game: str) -> str:
    """A training in the words of the figures."""
    return plots.words(f"{network}, {game}", f"{NAMES[network]}，{GAMES[game]}")


def draw_numbers(moments: list[dict]) -> Figure:
    """Densities above, discriminators below; a column for each moment."""
    words = plots.words
    names = [words("p, real", "p，真的"), words("q, drawn", "q，画的"), words("D trained anew", "重新训练的 D")]
    names += [words("the game's own D", "对局中的 D")]
    handles = [Line2D([], [], color=colour(i), label=name) for i, name in enumerate(names)]
    handles.append(Line2D([], [], color=MUTED, linestyle="", marker=".", label="p/(p+q)"))
    title = words("A GAN of numbers: densities, and what the discriminator says", "一维的 GAN：密度与判别器")
    figure = new_figure(4.6, title, None, handles=handles)
    cells = figure.subplots(2, len(moments), sharex=True, sharey="row", squeeze=False)
    for (top, below), moment in zip(cells.T, moments, strict=True):
        each = {name: np.array(values, float) for name, values in moment["curves"].items()}
        for index, name in enumerate(("p", "q")):
            top.fill_between(each["x"], each[name] / np.diff(EDGES), color=colour(index), alpha=0.5, linewidth=0)
        seen = each["p"] + each["q"] > 1e-4  # elsewhere a ratio of hardly any numbers
        below.plot(each["x"], each["best"], color=colour(2))
        below.plot(each["x"], each["own"], color=colour(3), linewidth=1)
        below.plot(each["x"][seen], each["theory"][seen], ".", color=MUTED, markersize=4)
        top.set_title(words(f"step {moment['steps']}", f"第 {moment['steps']} 步"), fontsize=10.5)
        first = top.get_subplotspec().is_first_col()
        tidy(top, words("density", "密度") if first else "")
        tidy(below, words("D(x)", "D(x)") if first else "", "x")
        top.set(xlim=(-3, 5))
        below.set_ylim(-0.03, 1.03)
    return figure


def draw_gradients(starts: dict[str, list[dict]]) -> Figure:
    """The norms of both games' gradients, by the discriminator's steps."""
    words, panels = plots.words, {}
    for network, rows in starts.items():
        panel = panels[words(network, NAMES[network])] = {}
        for game in ("minimax", "non-saturating"):
            panel[words(game, GAMES[game])] = [row["steps"] for row in rows], [row[game] for row in rows]
    labels = words("steps of the discriminator alone", "只训练判别器的步数"), words("norm of the gradient", "梯度范数")
    title = words("The generator's gradient at the start", "开始时生成器的梯度")
    return plots.line_panels(panels, *labels, log="y", title=title)


def draw_scores(table: Grid, floor: dict) -> Figure:
    """Fréchet distance, sure samples and entropy of every kind of training."""
    words = plots.words
    labels = {
        "frechet": words("Fréchet distance", "Fréchet 距离"),
        "sure": words("share sure of", "有把握的比例"),
        "entropy": words("entropy, nats", "十个数字的熵（nat）"),
    }
    rows = list(table.results.values())
    panels = {label: [(row[key] or {"all": []})["all"] for row in rows] for key, label in labels.items()}
    marks = {
        labels["frechet"]: {words("real", "真的"): floor["holdout"]["frechet"]},
        labels["sure"]: {words("real", "真的"): floor["test"]["sure"]},
        labels["entropy"]: {words("even", "均匀"): float(np.log(10))},
    }
    names = [name_of(*values) for values in table.results]
    log = (labels["frechet"],)
    return plots.strip_panels(names, panels, marks=marks, log=log, title=words("Scores", "得分"))


def draw_progress(cells: Grid, settings: Any, seed: int) -> Figure:
    """The Fréchet distance before training and after each epoch, of the first seed."""
    words, histories = plots.words, cells.histories()
    panels: dict = {}
    for network in NAMES:
        panel = panels[words(network, NAMES[network])] = {}
        for game in settings.games:
            name = f"{network}-{game}-{seed}"
            rows = histories[name].split("probe") if name in histories else []
            panel[words(game, GAMES[game])] = [r["epoch"] for r in rows], [r["frechet"] for r in rows]
    labels = words("epochs finished", "完成的轮数"), words("Fréchet distance", "Fréchet 距离")
    return plots.line_panels(panels, *labels, log="y", title=words("Training", "训练过程"))


def draw_pictures(cells: Grid, seed: int) -> Figure:
    """The same noises, drawn by every kind of training; a row each."""
    rows = {}
    for _, point, cell in cells.items():
        if point["seed"] == seed and not diverged(cell):
            rows[name_of(point["network"], point["game"])] = np.array(cell["pictures"]) / 255
    pictures = np.stack(list(rows.values())) if rows else np.zeros((1, 1, 28, 28))
    return plots.mosaic(pictures, rows=list(rows), title=plots.words("Drawn digits", "画的数字"))
