"""The linear layer, trained on features that are there, or behind the network that computes them anew in every step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import paddle
from paddle import nn

import paddle_camp as camp
from paddle_camp.data.image_set import rows_of_draw
from paddle_camp.data.pictures.augment import RandomResizedCrop, mirror
from paddle_camp.pretrained.features import FeatureExtractor, Features

AREA = (0.55, 1.0)  # of a picture, that is left in a crop


class OnFrozen(nn.Layer):
    """A head behind a frozen network, which computes the features of every batch, in every epoch."""

    def __init__(self, extractor: FeatureExtractor, head: nn.Layer):
        super().__init__()
        self.network, self.head, self.extractor = extractor.model, head, extractor

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[N, 2]`` of pictures ``[N, 3, H, W]``; the gradient ends at the head."""
        return self.head(self.extractor(images))


def new_head(size: int, seed: int) -> nn.Linear:
    """A linear layer of ``size`` numbers to two classes, the same for the same seed."""
    paddle.seed(seed)
    return nn.Linear(size, 2)


def train_head(model: nn.Layer, batches: Any, rate: float, num_epochs: int, settings: Any, **options: Any):
    """Train what is not frozen, by momentum at a constant rate; the history."""
    optimizer = paddle.optimizer.Momentum(rate, settings.momentum, model.parameters())
    options = settings.fit_options | {"num_epochs": num_epochs, "quiet": True} | options
    return camp.fit(model, optimizer, batches, seed=batches.shuffle_seed, **options)


def train_linear(rate: float, seed: int, features: dict[str, np.ndarray], labels: dict, settings: Any) -> dict:
    """The linear layer on features, and how it does on held-out and validation pictures; JSON values."""
    head = new_head(features["train"].shape[1], seed)
    batches = {name: camp.ArrayBatches(features[name], labels[name], 500) for name in ("holdout", "validation")}
    train = camp.ArrayBatches(features["train"], labels["train"], settings.batch_size, seed)
    held = {"evaluations": {"holdout": batches["holdout"]}}
    history = train_head(head, train, rate, settings.num_epochs, settings, **held)
    found = camp.evaluate(head, batches["validation"]).as_dict()
    return found | {"holdout_loss": history.last("holdout")["loss"], "history": history.as_dict()}


def train_both_ways(
    extractor: FeatureExtractor, parts: dict, features: dict[str, Features], rate: float, settings: Any, seed: int
) -> dict:
    """The same training on features and behind the network: seconds of each epoch, and how far what they say differs.

    Seed, order, rate and the head's first weights are the same. JSON values.
    """
    size, epochs = features["train"].values.shape[1], settings.measured_epochs
    heads = {name: new_head(size, seed) for name in ("features", "network")}
    kept = camp.ArrayBatches(features["train"].values, parts["train"].labels, settings.batch_size, seed)
    shown = {name: replace(parts[name], kind=extractor.kind) for name in ("train", "validation")}
    histories = {"features": train_head(heads["features"], kept, rate, epochs, settings)}
    network = OnFrozen(extractor, heads["network"])
    pictures = camp.Batches(shown["train"], settings.batch_size, seed)
    histories["network"] = train_head(network, pictures, rate, epochs, settings, quiet=False, name="whole network")
    outputs = camp.evaluate(network, camp.Batches(shown["validation"], 32)).outputs
    values = camp.ArrayBatches(features["validation"].values, parts["validation"].labels, 500)
    others = camp.evaluate(heads["features"], values).outputs
    return {
        "difference": float(np.abs(outputs - others).max()),
        "changed": int((outputs.argmax(1) != others.argmax(1)).sum()),
        "largest": float(np.abs(outputs).max()),
        "seconds": {name: [row["seconds"] for row in each.split("train")] for name, each in histories.items()},
    }


def changed(pictures: camp.ImageSet, version: int, seed: int) -> camp.ImageSet:
    """Version 0 of all pictures is mirrored, the others are random resized crops."""
    if version == 0:
        return replace(pictures, images=mirror(pictures.images))
    crop = RandomResizedCrop(pictures.images.shape[-1], scale=AREA)
    return replace(pictures, images=crop(pictures.images, np.random.default_rng([seed, version])))


def extract_versions(
    extractor: FeatureExtractor, pictures: camp.ImageSet, own: Features, crops: int, seed: int
) -> tuple[np.ndarray, float]:
    """Features of the pictures, mirrored, and ``crops`` times cropped, ``[2 + crops, N, D]``; the seconds they took."""
    others = [extractor.extract(changed(pictures, version, seed)) for version in range(1 + crops)]
    return np.stack([own.values, *(each.values for each in others)]), sum(each.seconds for each in others)


def train_on_versions(
    pictures: str, versions: int, seed: int, features: np.ndarray, labels: dict, settings: Any, **rest: Any
) -> dict:
    """The linear layer on the first ``versions`` of each picture, of all of them or of a few drawn by ``seed``.

    However many rows there are, as many steps are taken.
    """
    all_labels, drawn = labels["train"], slice(None)
    if pictures == "few":
        drawn = np.flatnonzero(rows_of_draw(all_labels, settings.few, seed))
    rows = features[:versions, drawn].reshape(-1, features.shape[-1])
    train = camp.ArrayBatches(rows, np.tile(all_labels[drawn], versions), settings.batch_size, seed)
    steps = settings.num_epochs * -(-len(all_labels) // settings.batch_size)
    head = new_head(rows.shape[1], seed)
    train_head(head, train, rest["rate"], max(1, round(steps / len(train))), settings)
    found = camp.evaluate(head, camp.ArrayBatches(rest["validation"], labels["validation"], 500))
    return {"accuracy": found.accuracy, "loss": found.loss, "rows": len(rows)}
