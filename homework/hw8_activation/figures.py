"""The figures of homework 8: losses, gradients, flat activations, and the experiments side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from paddle_camp import plots
from paddle_camp.history import History, Row

# How a variant is called in the figures, in English and in Chinese, where its own name says too little.
CHANGES = {f"rate{factor}": (f"rate x {factor}", f"学习率×{factor}") for factor in (10, 100)}
CHANGES |= {"standardised": ("inputs standardised", "输入标准化"), "batch_norm": ("batch norm", "批归一化")}
READABLE = {
    f"{kind}-{change}": (f"{kind}, {english}", f"{kind}，{chinese}")
    for kind in ("sigmoid", "relu")
    for change, (english, chinese) in CHANGES.items()
}
READABLE |= {
    "unit_sigmoid": ("4 sigmoid(x) - 2", "拉伸的 sigmoid：4σ(x)−2"),
    "sigmoid-init": ("sigmoid, Xavier x 4", "sigmoid，Xavier×4 初始化"),
    "relu-init": ("relu, Xavier", "relu，Xavier 初始化"),
}


def draw_all(
    histories: dict[str, History],
    variants: dict,
    layers: Sequence[str],
    seed: int,
    chance: float,
) -> dict:
    """The figures to post: name -> (caption, figure)."""
    words = plots.words
    pair = {name: histories[f"{name}-{seed}"] for name in ("sigmoid", "relu") if f"{name}-{seed}" in histories}
    curves = plots.loss_curves({name: history.steps for name, history in pair.items()})
    probes = {name: history.split("probe") for name, history in pair.items()}
    epochs = words("epochs finished", "完成的轮数")
    norms = plots.line_panels(
        panels_of(probes, "gradient", layers),
        epochs,
        words("norm over the weights", "权重的梯度范数"),
        log="y",
        title=words("Gradient norm of each layer", "各层权重的梯度范数"),
    )
    flat = plots.line_panels(
        panels_of(probes, "flat", layers[:4]),
        epochs,
        words("share of responses", "占输出的比例"),
        limits=(0, 1),
        title=words("Where the activation is flat (saturated, or off)", "激活函数处于平坦区的比例（饱和，或处于零侧）"),
    )
    return {
        "loss": ("Sigmoid 与 ReLU 的训练 loss", curves),
        "gradients": ("各层权重的梯度范数", norms),
        "flat": ("各层激活函数处于平坦区的比例", flat),
        "experiments": ("每次只改变一个因素的对照实验（每个点是一个种子）", draw_experiments(variants, chance)),
    }


def panels_of(probes: Mapping[str, Sequence[Row]], kind: str, layers: Sequence[str]) -> dict:
    """The panels of one of the probe's numbers: variant -> layer -> (epochs, values)."""
    return {
        name: {
            layer: (
                [r["epoch"] for r in rows],
                [np.nan if r[f"{kind}_{layer}"] is None else r[f"{kind}_{layer}"] for r in rows],
            )
            for layer in layers
        }
        for name, rows in probes.items()
    }


def draw_experiments(variants: dict, chance: float) -> Figure:
    """The last training loss and the validation accuracy of every variant."""
    words = plots.words
    loss = words("training loss, last epoch", "末轮训练 loss")
    points = {
        loss: [(v["train_loss"] or {"all": []})["all"] for v in variants.values()],
        words("validation accuracy", "验证准确率"): [(v["accuracy"] or {"all": []})["all"] for v in variants.values()],
    }
    return plots.strip_panels(
        [words(*READABLE.get(name, (name, name))) for name in variants],
        points,
        marks={loss: {words("chance", "按比例猜测"): chance}},
        log=(loss,),
        title=words("One change at a time (a dot is a seed)", "每次只改一处（一个点是一次训练）"),
    )
