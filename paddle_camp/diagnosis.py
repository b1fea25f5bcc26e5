"""What the record of a training says about the training: did it learn, was the rate right, what to try next.

Everything is read off the rows of a :class:`~paddle_camp.history.History`; where they do not say it, the state is
"unknown". The rules are the ones of thumb: they point at the usual cause, and the remedy has to be tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from paddle_camp.history import History

BLOCKS = 10  # parts of the training whose mean losses are compared
FEWEST = 2 * BLOCKS, 3  # steps, or else epochs, below which nothing is said
AT_CHANCE = 0.97  # of the loss of guessing: above it nothing has been learned
REBOUND, OVERFIT, FALLING = 0.2, 1.1, 0.9  # see :func:`diagnose`
ANNEALED = 0.3  # of the highest learning rate: one that ends below it has ended the training by itself
DEAD, VANISHED = 0.5, 1e-3  # share of a layer's units; gradient of the first layer / of the last

STATES = ("game", "unknown", "worse", "chance", "rebound", "overfits", "falling", "settled")


def diagnose(history: History, chance: float | None = None) -> dict[str, Any]:
    """The state of a training; JSON values.

    - "game": two networks play against each other, and no loss says how good they are.
    - "unknown": fewer than 20 steps and 3 epochs with a loss.
    - "worse": the loss ends above its beginning: the rate is too high.
    - "chance": it ends at 97 % or more of ``chance``: nothing has been learned.
    - "rebound": it ends above its lowest by a fifth of the whole fall, and more than two standard errors: the rate is
      too high for the end.
    - "overfits": a held-out loss ends 10 % or more above its lowest, while the training loss went on falling.
    - "falling": in the last fifth it fell by 10 % or more, at a rate that was still high.
    - "settled": none of these.

    Args:
        chance: the cross-entropy of guessing (:func:`paddle_camp.metrics.guessing_loss`), for a classifier; a history
            without accuracies is not compared with it.

    Returns:
        ``state``; ``start``, ``end``: mean training losses of the first and the last tenth; ``chance``, or None where
        it does not apply; ``split``, ``epoch``: for "overfits", whose loss, and where it was lowest.
    """
    classifier = any("accuracy" in row for row in history.evaluations)
    found: dict[str, Any] = {"state": "unknown", "start": None, "end": None, "chance": chance if classifier else None}
    if any("generator_loss" in row for row in (*history.steps[:1], *history.evaluations)):
        return found | {"state": "game"}
    blocks, errors = _blocks(history)
    if not len(blocks):
        return found
    found |= {"start": float(blocks[0]), "end": float(blocks[-1])}
    noise = 2 * float(np.hypot(errors[-1], errors[blocks.argmin()]))
    overfit = _overfit(history)
    if blocks[-1] > blocks[0] + 2 * float(np.hypot(errors[0], errors[-1])) and blocks[-1] > 1.05 * blocks[0]:
        return found | {"state": "worse"}
    if found["chance"] is not None and blocks[-1] >= AT_CHANCE * found["chance"]:
        return found | {"state": "chance"}
    if blocks[-1] - blocks.min() > max(noise, REBOUND * (blocks[0] - blocks.min())):
        return found | {"state": "rebound"}
    if overfit is not None:
        return found | {"state": "overfits"} | overfit
    back = -1 - max(1, round(len(blocks) / 5))
    fell = blocks[back] - blocks[-1] > 2 * float(np.hypot(errors[back], errors[-1]))
    if fell and blocks[-1] < FALLING * blocks[back] and not _annealed(history):
        return found | {"state": "falling"}
    return found | {"state": "settled"}


def summarise(histories: Mapping[str, History], chance: float | None = None) -> list[dict[str, Any]]:
    """Several trainings by their state, in the order of :data:`STATES`: ``names``, and the first one's numbers."""
    found = {name: diagnose(history, chance) for name, history in histories.items()}
    rows = []
    for state in STATES:
        names = [name for name, each in found.items() if each["state"] == state]
        rows += [found[names[0]] | {"names": names}] if names else []
    return rows


def probed(histories: Mapping[str, History]) -> dict[str, Any] | None:
    """Of trainings whose page measured ``dead_LAYER`` and ``gradient_LAYER`` in evaluations: where units are dead.

    Returns:
        ``trainings``: how many were measured; ``dead``: the names of those in which half of a layer's units or more
        are dead at the end; ``vanished``: of those whose first layer's gradient is a thousandth of the last layer's
        or less. None: nothing was measured.
    """
    last = {}
    for name, history in histories.items():
        if rows := [row for row in history.evaluations if any(key.startswith("gradient_") for key in row)]:
            last[name] = rows[-1]
    if not last:
        return None
    dead, vanished = [], []
    for name, row in last.items():
        shares = [value for key, value in row.items() if key.startswith("dead_") and value is not None]
        norms = [value for key, value in row.items() if key.startswith("gradient_")]
        dead += [name] if shares and max(shares) >= DEAD else []
        known = len(norms) > 1 and norms[0] is not None and bool(norms[-1])
        vanished += [name] if known and norms[0] <= VANISHED * norms[-1] else []
    return {"trainings": len(last), "dead": dead, "vanished": vanished}


def _blocks(history: History) -> tuple[np.ndarray, np.ndarray]:
    """Mean training losses of the parts of the training, and their standard errors; empty where there are too few."""
    losses = np.array([row["loss"] for row in history.steps if row.get("loss") is not None], np.float64)
    if len(losses) >= FEWEST[0] and np.isfinite(losses).all():
        parts = np.array_split(losses, BLOCKS)
        errors = [part.std(ddof=1) / len(part) ** 0.5 for part in parts]
        return np.array([part.mean() for part in parts]), np.array(errors)
    splits = [name for name in ("train", "training") if history.split(name)]
    rows = history.after_epochs(splits[0], "loss") if splits else []
    epochs = np.array(rows if len(rows) >= FEWEST[1] and None not in rows else [], np.float64)
    return epochs, np.zeros(len(epochs))


def _overfit(history: History) -> dict[str, Any] | None:
    """The first split, not a training one, whose loss ends above its lowest while the training loss fell; or None."""
    names = dict.fromkeys(row["split"] for row in history.evaluations if row["split"] not in ("train", "training"))
    for name in names:
        rows = [row for row in history.split(name) if row.get("loss") is not None]
        if len(rows) < FEWEST[1]:
            continue
        lowest = min(rows, key=lambda row: row["loss"])
        if (
            rows[-1]["loss"] >= OVERFIT * lowest["loss"]
            and rows[-1]["step"] > lowest["step"]
            and _fell(history, lowest)
        ):
            return {"split": name, "epoch": lowest["epoch"]}
    return None


def _fell(history: History, then: Mapping[str, Any]) -> bool:
    """Whether the training loss was lower at the end than where ``then`` was measured."""
    train = history.split("train") or history.split("training")
    before = [row["loss"] for row in train if row["step"] <= then["step"]]
    return bool(before) and train[-1]["loss"] < before[-1]


def _annealed(history: History) -> bool:
    rates = [row["learning_rate"] for row in history.steps if row.get("learning_rate")]
    return bool(rates) and rates[-1] < ANNEALED * max(rates)
