"""The ways to teach a network cats and dogs: a head on frozen features, all of it trained further, and from scratch."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from paddle import nn

import paddle_camp as camp
from homework.transfer.layers import initialise
from paddle_camp.data.image_set import rows_of_draw
from paddle_camp.data.pictures.augment import RandomHorizontalFlip
from paddle_camp.networks.freezing import BATCH_NORMS
from paddle_camp.pretrained.heads import Head, chosen, create_tunable, fit_head, head_of, measure_head

FROZEN, TUNED, SCRATCH = "frozen", "fine-tuned", "scratch"


def drawn(pictures: camp.ImageSet, size: int, seed: int) -> np.ndarray:
    """Which pictures a training of this size and seed has, bool ``[N]``; a smaller size has some of a larger one's."""
    return rows_of_draw(pictures.labels, size, seed)


def num_epochs_of(steps: int, epochs: int, least: int) -> int:
    """So many epochs of ``steps`` steps, or as many more as give the ``least`` number of steps."""
    return max(epochs, -(-least // steps))


def fit_frozen(size: int, seed: int, features: dict[str, np.ndarray], parts: dict, settings: Any) -> dict:
    """Logistic regression on the features of some pictures, and how it does; JSON values."""
    rows = drawn(parts["train"], size, seed)
    search, head = fit_head(features["train"][rows], parts["train"].labels[rows], settings, seed)
    found = {name: measure_head(head, features[name], parts[name].labels) for name in ("holdout", "validation")}
    numbers = {"head": [each.tolist() for each in head], "holdout_loss": found["holdout"].loss}
    return found["validation"].as_dict() | numbers | {"logistic": chosen(search)}


def kept_head(frozen: dict) -> Head:
    """The head that :func:`fit_frozen` has found."""
    weight, bias = (np.array(each, np.float32) for each in frozen["head"])
    return weight, bias


def two_groups(model: nn.Layer, factor: float) -> list[dict[str, Any]]:
    """The parameters for an optimizer: the last layer learns ``factor`` times as fast as the pretrained ones."""
    head = head_of(model).parameters()
    own = {id(each) for each in head}
    body = [each for each in model.parameters() if id(each) not in own and not each.stop_gradient]
    return [{"params": body}, {"params": head, "learning_rate": factor}]


def statistics_of(model: nn.Layer) -> dict[str, np.ndarray]:
    """What the batch norms know: running means and variances, scales and shifts, by name."""
    norms = [name for name, layer in model.named_sublayers() if isinstance(layer, BATCH_NORMS)]
    state = model.state_dict()
    return {key: state[key].numpy() for key in state if key.rpartition(".")[0] in norms}


def train_tuned(size: int, rate: float, seed: int, heads: dict[tuple[int, int], Head], **common: Any) -> dict:
    """Train all layers further, the pretrained ones at ``rate``, beginning with the head of the frozen way."""
    settings = common["settings"]
    paddle.seed(seed)
    model = create_tunable(common["weights"], heads[size, seed])
    before = statistics_of(model)
    groups = two_groups(model, settings.head_rate / rate)
    epochs = settings.num_epochs, settings.min_steps
    found = train(model, groups, rate, epochs, f"{TUNED}-{size}-{rate:g}-{seed}", size, seed, **common)
    moved = max((float(np.abs(value - before[key]).max()) for key, value in statistics_of(model).items()), default=0.0)
    return found | {"norms_moved": moved}


def train_scratch(size: int, rate: float, seed: int, **common: Any) -> dict:
    """Train the same network from random weights, its batch norms too."""
    settings, weights = common["settings"], common["weights"]
    paddle.seed(seed)
    model = initialise(camp.create_model(weights.model, **weights.arguments | {"num_classes": 2}))
    epochs = settings.scratch_epochs, settings.scratch_steps
    return train(model, model.parameters(), rate, epochs, f"{SCRATCH}-{size}-{rate:g}-{seed}", size, seed, **common)


def train(
    model: nn.Layer,
    parameters: list,
    rate: float,
    epochs: tuple[int, int],
    name: str,
    size: int,
    seed: int,
    *,
    weights: camp.PretrainedWeights,
    parts: dict[str, camp.ImageSet],
    folder: Path,
    settings: Any,
    amp: bool,
) -> dict:
    """AdamW, its rate rising and then falling; JSON values, measured in float32 on validation pictures.

    The weights of a training of all pictures stay; the others are only measured, and would fill the disk.

    Args:
        epochs: how many, and the least number of steps.
    """
    pictures, augment = parts["train"], RandomHorizontalFlip() if settings.augment else None
    pictures = pictures.take(np.flatnonzero(drawn(pictures, size, seed)))
    batches = camp.Batches(pictures, settings.batch_size, seed, augment)
    num_epochs = num_epochs_of(len(batches), *epochs)
    schedule = camp.schedules.warmup_cosine(rate, max(2, num_epochs * len(batches)))
    optimizer = paddle.optimizer.AdamW(schedule, parameters=parameters, weight_decay=settings.weight_decay)
    holdout = camp.Batches(parts["holdout"], settings.batch_size)
    watched = {"evaluations": {"holdout": holdout}} if settings.patience else {}  # patience needs it in every epoch
    options = settings.fit_options | {"num_epochs": num_epochs, "seed": seed, "amp": amp, "name": name} | watched
    history = camp.fit(model, optimizer, batches, keep=camp.CheckpointPolicy(folder / name), **options)
    found = camp.evaluate(model, camp.Batches(parts["validation"], settings.batch_size)).as_dict()
    found["holdout_loss"] = camp.evaluate(model, holdout, amp=amp).loss
    if size < len(parts["train"]):
        shutil.rmtree(folder / name)
    return found | {"history": history.as_dict()}
