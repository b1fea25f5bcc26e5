"""What lifts an accuracy to what the AUC promises: changes to the course's recipe, one at a time, and those that pay.

A network can put the pictures into the right order (the AUC) and still place many of them on the wrong side of one
half (the accuracy). What may be to blame is the threshold itself, the running statistics of batch norm, or the last
weights, which a constant rate keeps moving. Each has its remedy here:

- ``threshold``: instead of one half, the threshold that suits the held-out training pictures best;
- ``mirrored``: the mean of what the network says of a picture and of its mirror image;
- ``statistics``: batch norm's running statistics taken anew with the last weights, over all training pictures;
- ``averaged``: the exponential moving average of the weights over the last epoch;
- ``decayed``: the last epoch at a tenth of the rate;
- ``mended``: goes on behind the course's last epoch, with flips, rotations and crops, smoothed labels and a rate that
  falls twice, for more epochs; and says the mean of a picture and its mirror image.

All share the course's training up to where they differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn

import paddle_camp as camp
from paddle_camp.data.pictures.augment import Compose, RandomResizedCrop, flip_and_rotate, mirror
from paddle_camp.metrics import correct, log_odds, logits_of_mean

AREA = (0.7, 1.0)  # of a picture, that is left in a crop
AVERAGE = 0.9  # of the moving average: over about the last ten steps
SINGLE = ("threshold", "mirrored", "statistics", "averaged", "decayed")  # one change at a time


@dataclass(frozen=True)
class Plan:
    """A training: how many epochs it shares with the course's, and what it does from there.

    Attributes:
        recipe: whether its weights may become the run's, and not only tell what one change does.
        boundaries: epochs after which the rate is divided by ten.
        average: of the weights, instead of the weights themselves.
        augment: flips, rotations and crops of the pictures, see :func:`changes`.
        label_smoothing: share of a label that is spread over the classes (Szegedy et al., arXiv:1512.00567).
        mirrored: what it says is the mean of a picture and its mirror image.
    """

    shared: int
    num_epochs: int
    recipe: bool = False
    boundaries: tuple[int, ...] = ()
    average: bool = False
    augment: bool = False
    label_smoothing: float = 0.0
    mirrored: bool = False


def plan_trainings(num_epochs: int, more_epochs: int) -> dict[str, Plan]:
    """The course's training, and those that fork from it."""
    last = num_epochs - 1
    plans = {"course": Plan(0, num_epochs, recipe=True), "averaged": Plan(last, num_epochs, average=True)}
    plans["decayed"] = Plan(last, num_epochs, boundaries=(last,))
    if more_epochs:
        total = num_epochs + more_epochs
        falls = sorted({min(total - 1, num_epochs + round(more_epochs * share)) for share in (0.6, 0.9)})
        options = {"boundaries": tuple(falls), "augment": True, "label_smoothing": 0.1, "mirrored": True}
        plans["mended"] = Plan(num_epochs, total, recipe=True, **options)
    return plans


def changes(image_size: int) -> Compose:
    """What is done to the pictures at random: mirrored, turned by up to 15 degrees, a part of them enlarged."""
    return Compose([flip_and_rotate, RandomResizedCrop(image_size, scale=AREA)])


def choose_threshold(outputs: np.ndarray, labels: np.ndarray) -> float:
    """The log-odds above which a picture is best called class 1: fewest mistakes, then nearest to 0 (one half).

    Args:
        outputs: logits ``[N, 2]`` of pictures that no result is reported on.
        labels: ``[N]``.
    """
    odds = np.unique(log_odds(outputs))
    candidates = np.concatenate([[0.0], (odds[1:] + odds[:-1]) / 2])
    right = [correct(shift(outputs, candidate), labels).sum() for candidate in candidates]
    return float(min(candidates[np.equal(right, max(right))], key=abs))


def shift(outputs: np.ndarray, threshold: float) -> np.ndarray:
    """Logits ``[N, 2]`` whose class is 1 where the log-odds are above ``threshold``."""
    return outputs - np.array([0.0, threshold], outputs.dtype)


def renew_statistics(model: nn.Layer, pictures: camp.Batches) -> bool:
    """Send all pictures through the network in training mode, its weights as they are; False if it has no batch norm.

    Each batch moves a running statistic by a tenth towards its own; behind 36 of them a fiftieth is left of the old.
    """
    if not any(isinstance(layer, nn.BatchNorm2D) for layer in model.sublayers()):
        return False
    model.train()
    with paddle.no_grad():
        for images, _ in pictures.epoch():
            model(paddle.to_tensor(images))
    model.eval()
    return True


def say_of(model: nn.Layer, pictures: camp.Batches, amp: bool, mirrored: bool) -> np.ndarray:
    """Logits ``[N, 2]``; ``mirrored``: the logarithms of the mean probabilities of a picture and its mirror image."""
    outputs = camp.evaluate(model, pictures, amp=amp).outputs
    if not mirrored:
        return outputs
    other = replace(pictures, data=replace(pictures.data, images=mirror(pictures.data.images)))
    return logits_of_mean([outputs, camp.evaluate(model, other, amp=amp).outputs]).astype(outputs.dtype)


def measure(model: nn.Layer, sets: dict[str, camp.Batches], amp: bool, mirrored: bool = False) -> dict[str, Any]:
    """The network's outputs and losses on the held-out and on the validation pictures, as JSON values."""
    found: dict[str, Any] = {}
    for split in ("holdout", "validation"):
        outputs, labels = say_of(model, sets[split], amp, mirrored), sets[split].data.labels
        loss = F.cross_entropy(paddle.to_tensor(outputs), paddle.to_tensor(labels))
        found[split] = {"loss": float(loss), "outputs": outputs.tolist()}
    return found


def best_recipe(result: dict) -> tuple[str, float]:
    """Of the course's and the mended recipe the one with the lower loss on held-out pictures, and that loss."""
    losses = {k: result["measured"][k]["holdout"]["loss"] for k in ("course", "mended") if k in result["measured"]}
    return min(losses.items(), key=lambda pair: pair[1])


def logits_of(measured: dict[str, dict], held: np.ndarray) -> dict[str, np.ndarray]:
    """The logits of the validation pictures, by training and by change.

    Args:
        measured: a :func:`measure` of each training.
        held: labels of the held-out pictures, which choose the threshold.
    """
    logits = {kind: np.asarray(each["validation"]["outputs"], np.float32) for kind, each in measured.items()}
    threshold = choose_threshold(np.asarray(measured["course"]["holdout"]["outputs"], np.float32), held)
    return logits | {"threshold": shift(logits["course"], threshold)}
