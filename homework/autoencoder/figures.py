"""The figures of the autoencoders: errors, restored digits, the plane of codes, noise removed, interpolations."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from sklearn.decomposition import PCA

import paddle_camp as camp
from homework.autoencoder.measuring import arrays, principal, project, restore, with_noise
from homework.autoencoder.networks import Autoencoder
from paddle_camp import plots
from paddle_camp.networks.calling import outputs_of
from paddle_camp.plots.style import new_figure, tidy

SHOWN = 1500  # codes in a plane
SIDE = 15  # pictures in a row of the plane
STEPS = 9  # of an interpolation
NAMES = {"linear": "线性", "dense": "全连接", "convolutional": "卷积"}


def draw_all(
    sets: dict, pca: PCA, models: dict, denoiser: Autoencoder, settings: Any, results: dict, histories: dict
) -> dict:
    """The figures to post: name -> (caption, figure). ``models``: code size -> the network chosen for it."""
    images, labels = arrays(sets["test"])
    ten = np.array([np.flatnonzero(labels == digit)[0] for digit in np.unique(labels)])
    smallest, largest, chosen = min(models), max(models), results["chosen"]
    others = "（其余的数取中位数）" if smallest > 2 else ""
    noise = draw_noise(images[ten], pca, models[largest], denoiser, settings.noise, results["noise"]["components"])
    return {
        "errors": ("还原误差随码长的变化", draw_errors(results["codes"])),
        "restored": ("每个数字的第一张测试图片，以及还原的结果", draw_restored(images[ten], pca, models, chosen)),
        "curves": ("留出图片上的误差（第一个种子）", draw_curves(histories, settings)),
        "plane": ("测试图片的编码", draw_codes(images, labels, pca, models[smallest], name_of(chosen[smallest]))),
        "decoded": (f"从编码平面{others}的各点还原的图片", draw_plane(models[smallest], images)),
        "noise": ("加了噪声的测试图片，以及去噪的结果", noise),
        "between": ("两张图片之间", draw_between(models[largest], images[ten])),
    }


def name_of(network: str) -> str:
    """A network in the words of the figures."""
    return plots.words(network, NAMES[network])


def draw_errors(codes: dict) -> Figure:
    """The error on test digits by code size."""
    lines = {"PCA": (list(codes), [1000 * row["pca"] for row in codes.values()])}
    for network in NAMES:
        lines[name_of(network)] = (list(codes), [1000 * row["networks"][network]["error"] for row in codes.values()])
    words = plots.words
    labels = words("numbers in the code", "码长"), words("mean squared error, 0.001", "均方误差（0.001）")
    title = words("Error of restored test digits", "测试图片的还原误差")
    figure = plots.line_panels({"": lines}, *labels, log="xy", title=title)
    axes = figure.axes[0]
    axes.set_xticks(list(codes), list(map(str, codes)))
    axes.set_xticks([], minor=True)
    return figure


def draw_restored(images: np.ndarray, pca: PCA, models: dict, chosen: dict) -> Figure:
    """A row of digits, and below it what is left of them; ``chosen``: code size -> the kind of its model."""
    rows = {plots.words("test digits", "测试图片"): images}
    for code, model in models.items():
        numbers = plots.words(f"{code} numbers: ", f"{code} 个数：")
        rows[f"{numbers}PCA"] = project(pca, images, code)
        rows[numbers + name_of(chosen[code])] = restore(model, images)
    title = plots.words("Restored from so many numbers", "从几个数还原")
    return plots.mosaic(np.stack(list(rows.values()))[:, :, 0], rows=tuple(rows), title=title)


def draw_curves(histories: dict, settings: Any) -> Figure:
    """The error on held-out digits after each epoch, of each network's first seed."""
    words, panels = plots.words, {}
    for code in settings.codes:
        panel = panels[words(f"{code} numbers", f"码长 {code}")] = {}
        for network in NAMES:
            first = next((h for name, h in histories.items() if name.startswith(f"{network}-{code}-")), camp.History())
            rows = first.split("holdout")
            panel[name_of(network)] = [row["epoch"] for row in rows], [1000 * row["loss"] for row in rows]
    labels = words("epochs finished", "完成的轮数"), words("mean squared error, 0.001", "均方误差（0.001）")
    title = words("Training: error on held-out digits", "训练过程：留出图片上的误差")
    return plots.line_panels(panels, *labels, log="y", title=title)


def draw_codes(images: np.ndarray, labels: np.ndarray, pca: PCA, model: Autoencoder, chosen: str) -> Figure:
    """The first two numbers of PCA's codes and of the network's, a colour for each digit."""
    few, digits = images[:SHOWN], labels[:SHOWN]
    both = {"PCA": principal(pca, few, 2)}
    codes = outputs_of(model, few, model.encoder)
    if codes.shape[1] >= 2:
        both[plots.words(f"{chosen} autoencoder", f"{chosen}自编码器")] = codes[:, :2]
    colours = matplotlib.colormaps["tab10"].colors
    dots = [Line2D([], [], marker="o", linestyle="", color=colours[digit], label=str(digit)) for digit in range(10)]
    title = plots.words("Where the test digits lie, by digit", "测试图片的编码，颜色是真实的数字")
    figure = new_figure(3.9, title, None, handles=dots)
    for axes, (name, points) in zip(figure.subplots(1, len(both), squeeze=False)[0], both.items(), strict=True):
        axes.scatter(*points.T, c=[colours[digit] for digit in digits], s=7, alpha=0.7, linewidths=0)
        axes.set_title(name, fontsize=10.5)
        tidy(axes, plots.words("second number", "第二个数"), plots.words("first number", "第一个数"))
    return figure


def draw_plane(model: Autoencoder, images: np.ndarray) -> Figure:
    """Pictures restored from a grid of codes over the middle 96 % of the test digits' codes."""
    codes = outputs_of(model, images, model.encoder)
    low, high = np.percentile(codes, (2, 98), axis=0)
    grid = np.tile(np.median(codes, axis=0), (SIDE, SIDE, 1)).astype("float32")
    grid[..., 0] = np.linspace(low[0], high[0], SIDE)[None]
    if codes.shape[1] > 1:
        grid[..., 1] = np.linspace(high[1], low[1], SIDE)[:, None]  # upwards, as in the plane of dots
    pictures = outputs_of(model, grid.reshape(SIDE * SIDE, -1), model.restore)
    title = plots.words("The plane of codes, decoded", "编码平面上各点还原的图片")
    return plots.mosaic(pictures.reshape(SIDE, SIDE, 28, 28), width=6.0, title=title)


def draw_noise(
    images: np.ndarray, pca: PCA, plain: Autoencoder, denoiser: Autoencoder, deviation: float, count: int
) -> Figure:
    """Digits, the same with noise, and what PCA and the networks make of them."""
    noisy, words = with_noise(images, deviation), plots.words
    rows = {words("test digits", "测试图片"): images, words("with noise", "加噪声"): noisy}
    rows[words(f"PCA, {count}", f"PCA，{count} 个成分")] = project(pca, noisy, count)
    rows[words("trained on clean ones", "用干净图片训练的")] = restore(plain, noisy)
    rows[words("trained on noisy ones", "用带噪声图片训练的")] = restore(denoiser, noisy)
    title = words("Noise removed", "去噪")
    return plots.mosaic(np.stack(list(rows.values()))[:, :, 0], rows=tuple(rows), title=title)


def draw_between(model: Autoencoder, images: np.ndarray) -> Figure:
    """From one digit to another, mixed as pixels and as codes."""
    words, names, rows = plots.words, [], []
    share = np.linspace(0, 1, STEPS, dtype="float32")[:, None]
    for first in range(0, len(images) - 1, 3):
        pair = images[first : first + 2]
        one, other = outputs_of(model, pair, model.encoder)
        pixels = (1 - share) * pair[0].reshape(1, -1) + share * pair[1].reshape(1, -1)
        codes = (1 - share) * one + share * other
        rows += [pixels.reshape(-1, 28, 28), outputs_of(model, codes, model.restore)[:, 0]]
        names += [words("pixels", "像素"), words("codes", "编码")]
    title = words("From one digit to another, mixed as pixels and as codes", "从一个数字到另一个：平均像素，或平均编码")
    return plots.mosaic(np.stack(rows), rows=names, title=title)
