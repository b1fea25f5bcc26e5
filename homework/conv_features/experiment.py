"""Cats and dogs from features that a frozen network computes once

Course: pytorch
The question (reconstructed): the source's last case runs VGG-16 over all photographs once, keeps what it gives on
disk, and trains on that. 冻结的网络每轮对同一张图片给出同样的特征：只算一次存盘，头部只在特征上训练，快多少？
结果是否一样？不能每轮重新做图像增强，损失了什么？

EfficientNet-Lite0, trained on ImageNet, is frozen and in evaluation mode. What its last layer is given, 1280 numbers a
picture, is computed once and kept (`paddle_camp/pretrained/features.py`). On it two heads are trained: scikit-learn's
logistic regression, its C chosen by folds of the training pictures, and a linear layer in Paddle, its rate chosen on
held-out training pictures. The same layer is then trained with the frozen network in front of it, which computes the
features of every batch anew, for a few epochs of the same seed and order: what it says must agree to 1e-4, and these
epochs give the time of a whole training. At last features of mirrored and cropped versions are added to the training
set: as much of augmentation as features that are computed once allow. `valid/` only reports.

Expect, with the full settings on the real pictures: see docs/results.md. What takes the time is the network: four
versions of 2,700 pictures, and two epochs of them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

import paddle_camp as camp
from homework.conv_features.figures import draw_all
from homework.conv_features.training import (
    OnFrozen,
    extract_versions,
    train_both_ways,
    train_head,
    train_linear,
    train_on_versions,
)
from homework.conv_features.verdicts import SAME, costs_of, describe, judge_versions
from paddle_camp.pretrained.heads import chosen, fit_head, measure_head, set_head
from paddle_camp.sweeps.choosing import choose_rate
from paddle_camp.sweeps.kept import kept
from paddle_camp.training import checkpoint

IS_SWEEP = True


@dataclass(frozen=True)
class Settings(camp.PretrainedSettings, camp.CatsAndDogsSettings):
    """The network, the two heads, and what is compared; the source's recipe is for captions, so all of it is ours."""

    rates: camp.Several[camp.Rate] = (3e-4, 1e-3, 3e-3, 1e-2)  # linear layer: candidates for the rate, constant
    momentum: camp.Fraction = 0.9
    batch_size: camp.Count = 64  # pictures
    num_epochs: camp.Count = 40  # of the linear layer
    holdout: camp.Share = 0.1  # of the training pictures, to choose the rate by
    measured_epochs: camp.Count = 2  # through the whole network; the time of the others is computed
    few: camp.Count = 100  # training pictures in the smaller comparison of versions
    crops: camp.Count = 2  # cropped versions of each picture, beside the mirrored one
    num_seeds: camp.Count = 3  # trainings of each kind, from --seed on


QUICK = replace(Settings(), image_size=64, costs=(0.001, 0.01, 0.1), rates=(1e-3, 3e-3), num_epochs=10, num_seeds=2)
QUICK = replace(QUICK, folds=3, few=40, measured_epochs=1, train_pictures=300, valid_pictures=100, holdout=0.2)


def run(settings: Settings, context: camp.Context) -> camp.Answer:
    sizes = settings.train_pictures, settings.valid_pictures
    data = context.load(camp.load_cats_and_dogs, counts=sizes, image_size=settings.image_size)
    weights = camp.find_weights(settings.model, settings.weights)
    context.announce_weights(weights.info)
    rest, held = camp.split_off(data.train, settings.holdout, context.seed)
    parts = {"train": rest, "holdout": held, "validation": data.valid}
    camp.require(settings.few < len(rest), f"few={settings.few}: give fewer than the {len(rest)} training pictures")
    extractor = camp.FeatureExtractor.of(weights)
    camp.check_input(settings.model, data.train, extractor.model)
    features = {name: extractor.extract(pictures) for name, pictures in parts.items()}

    logistic, head = fit_logistic(settings, context, features, parts)
    cells, rate = train_layers(settings, context, features, parts)
    train_twice = partial(train_both_ways, extractor, parts, features, rate["rate"], settings, context.seed)
    both = kept(context.path / "cells" / "both-ways.json", train_twice)
    versions, extracting = compare_versions(settings, context, extractor, parts, features, rate["rate"])

    outputs = publish(context, weights, head, features["validation"].values, data)
    same = {key: both[key] for key in ("difference", "changed", "largest")} | {"same": both["difference"] <= SAME}
    results = {"logistic": logistic, "linear": describe(cells, len(data.valid)), "rate": rate, "same": same}
    results |= {"versions": versions, "numbers": features["train"].values.shape[1]}
    results["bytes"] = {name: each.bytes for name, each in features.items()}
    cost = costs_of(features["train"].seconds, both["seconds"], cells, settings.num_epochs)
    cost |= {"logistic": logistic.pop("seconds"), "versions": extracting}
    values = {"counts": {name: len(part) for name, part in parts.items()}, "enough": camp.comparisons.ENOUGH}
    return camp.Answer(
        title="作业conv-features:卷积特征只算一次",
        results=results | {"cost": cost},
        values=values | {"code": camp.code_of(OnFrozen, train_head), "tolerance": SAME, "pixels": rest.images.nbytes},
        figures=draw_all(cost, both["seconds"]["network"], cells, versions, rest, settings, context.seed),
        histories={f"linear-{seed}": camp.History.from_dict(cell["history"]) for seed, cell in enumerate(cells)},
        predictions=camp.Predictions.of(data.valid, outputs, "validation"),
    )


def fit_logistic(settings: Settings, context: camp.Context, features: dict, parts: dict) -> tuple[dict, tuple]:
    """Logistic regression on all training pictures: how it does on validation pictures; its weight and bias."""
    values = np.concatenate([features[name].values for name in ("train", "holdout")])
    labels = np.concatenate([parts[name].labels for name in ("train", "holdout")])
    began = time.perf_counter()
    search, head = fit_head(values, labels, settings, context.seed)
    seconds, reported = time.perf_counter() - began, parts["validation"]
    found = measure_head(head, features["validation"].values, reported.labels).as_dict()
    choice = chosen(search)
    context.say(f"logistic regression, C = {choice['C']:g}: validation accuracy {found['accuracy']:.4f}")
    return choice | describe([found], len(reported)) | {"seconds": seconds}, head


def train_layers(settings: Settings, context: camp.Context, features: dict, parts: dict) -> tuple[list[dict], dict]:
    """The linear layer at every rate from every seed: those at the best rate, and what chose it."""
    common: dict[str, Any] = {"settings": settings, "features": {name: each.values for name, each in features.items()}}
    common["labels"] = {name: part.labels for name, part in parts.items()}
    axes = {"rate": settings.rates, "seed": context.seeds(settings.num_seeds)}
    said = "held-out loss {0[holdout_loss]:.4f}".format
    grid = context.grid(train_linear, axes, common=common, describe=said, prefix="linear-")
    rate = choose_rate({rate: cells for (rate,), cells in grid.over("seed", list).results.items()})
    return [grid.at(rate=rate["rate"], seed=seed) for seed in grid.axes["seed"]], rate


def compare_versions(
    settings: Settings,
    context: camp.Context,
    extractor: camp.FeatureExtractor,
    parts: dict,
    features: dict,
    rate: float,
) -> tuple[dict, float]:
    """The linear layer with and without mirrored and cropped versions; the seconds that their features took."""
    crops = settings.crops
    values, seconds = extract_versions(extractor, parts["train"], features["train"], crops, context.seed)
    labels = {name: part.labels for name, part in parts.items()}
    common = {"features": values, "validation": features["validation"].values, "labels": labels, "rate": rate}
    axes = {"pictures": ("few", "all"), "versions": (1, 2, 2 + crops)}
    axes |= {"seed": context.seeds(settings.num_seeds)}
    grid = context.grid(train_on_versions, axes, common=common | {"settings": settings}, prefix="versions-")
    return judge_versions(grid, len(parts["validation"])), seconds


def publish(context: camp.Context, weights: Any, head: tuple, values: np.ndarray, data: Any) -> np.ndarray:
    """Keep the network with the logistic regression as its last layer; its logits ``[N, 2]`` of the validation part."""
    folder = context.checkpoints / "logistic"
    checkpoint.save_network(folder, set_head(weights.create(num_classes=2), *head))
    context.publish(folder, camp.SavedModel.transferred(weights, data.train))
    return values @ head[0] + head[1]
