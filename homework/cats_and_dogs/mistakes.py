"""Three mistakes of the listings, each shown by a small computation: a best that is none, twice, and a skipped rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import paddle
from paddle.optimizer import lr

import paddle_camp as camp

SIDE, WIDTH, MOST = 32, 8, 500  # of the pictures and of the small net that is watched; training pictures at most
STEPS, EVERY, RATE = 40, 5, 0.01  # of its training: steps, how often it is measured, Adam's rate
DECAY, EPOCHS = 7, 25  # StepLR of the listing: epochs before the rate is divided by ten, and all of them


def keep_state(pictures: camp.ImageSet, held: camp.ImageSet, batch_size: int, seed: int) -> dict:
    """Train a small net, keep its ``state_dict()`` where the loss is lowest, with a copy and without one, and go on.

    The lowest held-out loss is that of the first half of the steps, so that there are steps behind it.

    Args:
        pictures, held: uint8 ``[N, 3, SIDE, SIDE]``.

    Returns:
        ``best``, ``last``: step; ``losses``: by step; ``reference``, ``copy``: the
        held-out loss with what was kept, put back; ``moved``: largest change of a number since then, in each of them;
        ``shared``: how many of the ``tensors`` that were kept without a copy are the network's own.
    """
    paddle.seed(seed)
    model = camp.create_for("small_conv_net", pictures, width=WIDTH)
    batches = camp.Batches(pictures, batch_size, seed)
    task = camp.Supervised(model, paddle.optimizer.Adam(RATE, parameters=model.parameters()))
    losses: dict[str, float] = {}
    best, reference, copy, then = 0, {}, {}, {}
    for step in range(1, STEPS + 1):
        epoch, number = divmod(step - 1, len(batches))
        images, labels = next(batches.epoch(epoch, number))
        task.train()
        task.step((paddle.to_tensor(images), paddle.to_tensor(labels)))
        if step % EVERY == 0:
            losses[str(step)] = camp.evaluate(model, camp.Batches(held, batch_size)).loss
            if step <= STEPS // 2 and losses[str(step)] == min(losses.values()):
                best, reference = step, model.state_dict()  # as the listing has it
                copy = {key: value.clone() for key, value in reference.items()}
                then = {key: value.numpy().copy() for key, value in reference.items()}
    own = model.state_dict()
    moved = {}
    for name, kept in (("reference", reference), ("copy", copy)):
        moved[name] = max(float(np.abs(kept[key].numpy() - then[key]).max()) for key in then)
    shared = sum(bool((own[key].numpy() == value.numpy()).all()) for key, value in reference.items())
    found: dict[str, Any] = {"best": best, "last": STEPS, "losses": losses, "moved": moved, "shared": shared}
    for name, kept in (("reference", reference), ("copy", copy)):
        model.set_state_dict(kept)
        found[name] = camp.evaluate(model, camp.Batches(held, batch_size)).loss
    return found | {"tensors": len(reference)}


def keep_best(losses: Sequence[float], reset: bool) -> int:
    """The epoch (from 1 on) whose weights are kept at the end; ``reset``: ``best_loss`` begins anew in every epoch."""
    kept, best_loss = 0, float("inf")
    for epoch, loss in enumerate(losses, 1):
        if reset:
            best_loss = float("inf")  # the listing has this line inside of the loop
        if loss < best_loss:
            kept, best_loss = epoch, loss
    return kept


def compare_resets(histories: dict[str, Sequence[float]]) -> dict[str, dict]:
    """Of each training's held-out losses by epoch: the epoch and the loss that either rule keeps."""
    found = {}
    for name, losses in histories.items():
        right, wrong = (keep_best(losses, reset) for reset in (False, True))
        found[name] = {"epochs": len(losses), "best": right, "kept": wrong}
        found[name] |= {"best_loss": losses[right - 1], "kept_loss": losses[wrong - 1]}
    return found


def scheduler_first(rate: float = 0.001) -> dict[str, list[float]]:
    """The rates of all epochs, with the scheduler's step behind the optimizer's and, as listed, in front of it."""
    found = {}
    for order in ("behind", "in front"):
        schedule = lr.StepDecay(rate, step_size=DECAY, gamma=0.1)
        weight = paddle.create_parameter([1], "float32")
        optimizer = paddle.optimizer.SGD(schedule, parameters=[weight])
        rates = []
        for _ in range(EPOCHS):
            if order == "in front":
                schedule.step()
            weight.sum().backward()
            rates.append(float(optimizer.get_lr()))
            optimizer.step()
            optimizer.clear_grad()
            if order == "behind":
                schedule.step()
        found[order] = rates
    return found


def judge_scheduler(rates: dict[str, list[float]]) -> dict:
    """How many epochs run at the first rate in either order, and the rates of the first epoch after them."""
    count = {order: row.count(row[0]) for order, row in rates.items()}
    return {"epochs": count, "rates": rates, "decay": DECAY, "differ": rates["behind"] != rates["in front"]}
