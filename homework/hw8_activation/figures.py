"""The figures of homework 8: losses, gradients, flat activations, and the experiments side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paddle_camp import plots
from paddle_camp.history import History

# How the figure's rows are called where the homework's own name says too little.
READABLE = {"unit_sigmoid": "4 sigmoid(x) - 2", "sigmoid-init": "sigmoid, Xavier x 4", "relu-init": "relu, Xavier"}
READABLE |= {f"{kind}-rate{factor}": f"{kind}, rate x {factor}" for kind in ("sigmoid", "relu") for factor in (10, 100)}
READABLE |= {f"{kind}-standardised": f"{kind}, inputs standardised" for kind in ("sigmoid", "relu")}
READABLE |= {f"{kind}-batch_norm": f"{kind}, batch norm" for kind in ("sigmoid", "relu")}


def draw_all(
    histories: dict[str, History],
    variants: dict,
    layers: Sequence[str],
    seed: int,
    chance: float,
) -> dict:
    """The figures to post: name -> (caption, figure)."""
    pair = {name: histories[f"{name}-{seed}"] for name in ("sigmoid", "relu") if f"{name}-{seed}" in histories}
    curves = plots.loss_curves({name: history.steps for name, history in pair.items()})
    epochs = {name: history.split("probe") for name, history in pair.items()}

    def panels(kind: str, chosen: Sequence[str]) -> dict:
        return {
            name: {
                layer: (
                    [r["epoch"] for r in rows],
                    [np.nan if r[f"{kind}_{layer}"] is None else r[f"{kind}_{layer}"] for r in rows],
                )
                for layer in chosen
            }
            for name, rows in epochs.items()
        }

    norms = plots.line_panels(
        panels("gradient", layers),
        "epochs finished",
        "norm over the weights",
        log="y",
        title="Gradient norm of each layer",
    )
    flat = plots.line_panels(
        panels("flat", layers[:4]),
        "epochs finished",
        "share of responses",
        limits=(0, 1),
        title="Where the activation is flat (saturated, or off)",
    )
    loss = "training loss, last epoch"
    points = {
        loss: [(v["train_loss"] or {"all": []})["all"] for v in variants.values()],
        "validation accuracy": [(v["accuracy"] or {"all": []})["all"] for v in variants.values()],
    }
    strips = plots.strip_panels(
        [READABLE.get(name, name) for name in variants],
        points,
        marks={loss: {"chance": chance}},
        log=(loss,),
        title="One change at a time (a dot is a seed)",
    )
    return {
        "loss": ("Sigmoid 与 ReLU 的训练 loss", curves),
        "gradients": ("各层权重的梯度范数", norms),
        "flat": ("各层激活函数处于平坦区的比例", flat),
        "experiments": ("每次只改变一个因素的对照实验（每个点是一个种子）", strips),
    }
