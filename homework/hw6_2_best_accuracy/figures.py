"""The figures of homework 6-2: the ablation, the warped digits, the trainings, the digits that are still wrong."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

import paddle_camp as camp
from paddle_camp import plots

PER_ROW = 10  # digits side by side
MOST_WRONG = 40  # digits shown at most


def draw_all(rows: dict, results: dict, data, shares: np.ndarray, warp) -> dict:
    """The figures to post: name -> (caption, figure).

    Args:
        rows: name of an ablation's row -> its cell.
        results: of the run.
        data: the :class:`~paddle_camp.data.mnist.MnistData`.
        shares: class probabilities of the test digits by all networks together, ``[N, 10]``.
        warp: the recipe's random warp, or None.
    """
    figures = {
        "ablation": ("逐项改动之后，在留出的训练图片上判错的张数", draw_ablation(results["ablation"])),
        "trainings": ("各种做法训练时在留出的训练图片上判错的百分比", draw_trainings(rows)),
        "wrong": ("所有网络合起来仍然判错的测试图片", draw_wrong(data, shares)),
    }
    if warp is not None:
        caption = "训练图片（每行第一张是原图）及其随机变形"
        figures["warps"] = (caption, draw_warps(data.train.images[:6], warp))
    return figures


def draw_ablation(table: dict) -> Figure:
    """Mistakes on the held-out digits, one bar per row."""
    done = {name: row for name, row in table.items() if row is not None}
    axis = "mistakes on held-out training digits"
    panels = {axis: [row["mistakes"] for row in done.values()]}
    title = "The recipe, and with one part changed"
    return plots.bar_panels(list(done), panels, linear={axis: None}, title=title)


def draw_trainings(rows: dict) -> Figure:
    """Mistakes on the held-out digits after each epoch, in percent: each row of the ablation beside the recipe."""

    def curve(name: str) -> tuple[list, list]:
        held = camp.History.from_dict(rows[name]["history"]).split("holdout")
        return [row["epoch"] for row in held], [100 * (1 - row["accuracy"]) for row in held]

    others = [name for name in rows if name != "recipe" and not camp.diverged(rows[name])]
    panels = {name: {"recipe": curve("recipe"), "with the change": curve(name)} for name in others}
    title = "Mistakes on held-out training digits, in percent"
    return plots.line_panels(panels, "epochs finished", "mistakes (%)", log="y", columns=3, title=title)


def draw_wrong(data, shares: np.ndarray) -> Figure:
    """The test digits that all networks together get wrong."""
    labels, said = data.test.labels, shares.argmax(axis=1)
    wrong = np.flatnonzero(said != labels)
    order = wrong[np.argsort(-shares[wrong, said[wrong]], kind="stable")][:MOST_WRONG]
    captions = [f"{said[i]}: {shares[i, said[i]]:.2f}\n(is {labels[i]})" for i in order]
    count = f"{len(wrong)}" if len(wrong) == len(order) else f"{len(order)} of {len(wrong)}"
    title = f"All networks together: {count} mistakes on {len(labels):,} test digits"
    images = data.test.images[order]
    return plots.picture_grid(images, captions, [True] * len(order), columns=PER_ROW, title=title)


def draw_warps(images: np.ndarray, warp) -> Figure:
    """Some training digits, each beside random warps of it."""
    rng = np.random.default_rng(0)
    versions = np.stack([images] + [warp(images, rng) for _ in range(PER_ROW - 1)], axis=1)
    flat = versions.reshape(-1, *images.shape[1:])
    captions = ["" if i % PER_ROW else "as it is" for i in range(len(flat))]
    marked = [False] * len(flat)
    title = "Training digits and how they are warped"
    return plots.picture_grid(flat, captions, marked, columns=PER_ROW, title=title)
