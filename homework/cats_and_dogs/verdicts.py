"""What the trainings of the page come to: accuracies, goals, shortcuts, groups, crops and schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import paddle_camp as camp
from homework.cats_and_dogs.recipes import Recipe
from paddle_camp.calibration import log_loss
from paddle_camp.comparisons import compare_paired, holm, share_interval
from paddle_camp.metrics import accuracy, correct, logits_of_mean, probabilities
from paddle_camp.noise import compare_over_seeds
from paddle_camp.sweeps.grid import Grid

# Network, accuracy to reach, within so many minutes of two cores (None: any).
GOALS = (("lenet", 0.70, None), ("resnet18", 0.90, 60), ("resnet18", 0.93, 180))


def logits_of(cell: dict, part: str, mirror: bool) -> np.ndarray:
    """Logits ``[N, K]`` of a training; ``mirror``: of the mean probabilities of a picture and its mirror image."""
    shown = [part, f"{part} mirrored"] if mirror else [part]
    return logits_of_mean([cell[name] for name in shown])


def together(cells: list[dict], part: str, mirror: bool) -> np.ndarray:
    """Logits ``[N, K]`` of the mean probabilities of several trainings, as ``predict`` averages them."""
    return logits_of_mean([logits_of(cell, part, mirror) for cell in cells])


def describe(cells: list[dict], labels: Mapping[str, np.ndarray], plan: Recipe) -> dict[str, Any]:
    """One recipe over its seeds: held-out pictures choose whether mirror images are averaged, the others report.

    Args:
        labels: of "holdout" and "validation".
    """
    held, count = {}, len(labels["validation"])
    for mirror in (False, True):
        rows = [logits_of(cell, "holdout", mirror) for cell in cells]
        held[mirror] = {"loss": float(np.mean([log_loss(probabilities(row), labels["holdout"]) for row in rows]))}
        held[mirror]["accuracy"] = float(np.mean([accuracy(row, labels["holdout"]) for row in rows]))
    mirror = held[True]["loss"] < held[False]["loss"]
    both = {each: [accuracy(logits_of(c, "validation", each), labels["validation"]) for c in cells] for each in held}
    mean = float(np.mean(both[mirror]))
    row: dict[str, Any] = {"mirror": mirror, "accuracies": both[mirror], "accuracy": mean, "plain": both[False]}
    row |= {"interval": share_interval(round(mean * count), count), "holdout_loss": held[mirror]["loss"]}
    row |= {"holdout_accuracy": held[mirror]["accuracy"], "seeds": len(cells), "epochs": plan.num_epochs}
    row["together"] = accuracy(together(cells, "validation", mirror), labels["validation"])
    crops = [cell["crops"] for cell in cells]
    row["crops"] = judge_crops(crops, [cell["validation"] for cell in cells], labels["validation"])
    return row


def judge_crops(crops: list[dict], outputs: list, labels: np.ndarray) -> dict[str, Any]:
    """Random crops of the reported pictures against the whole ones, picture by picture.

    A picture counts with the share of draws, or of trainings, in which it is told right.

    Returns:
        ``whole`` and ``cropped`` accuracy, ``against``: the second compared with the first; ``deviation``: of the
        accuracy between draws, the mean over the trainings; ``changing``: see ``crop_draws``.
    """
    whole = np.mean([correct(np.asarray(each), labels) for each in outputs], axis=0)
    draws = [each["accuracies"] for each in crops]
    right = np.mean([np.asarray(each["right"]) / len(each["accuracies"]) for each in crops], axis=0)
    found = {"whole": float(whole.mean()), "cropped": float(np.mean(draws)), "draws": draws}
    found["against"] = compare_paired(right, whole)
    found["deviation"] = float(np.mean([np.std(row, ddof=1) for row in draws])) if len(draws[0]) > 1 else 0.0
    return found | {"changing": float(np.mean([each["changing"] for each in crops]))}


def judge_recipes(
    cells: Mapping[str, list[dict]], labels: Mapping[str, np.ndarray], plans: Mapping[str, Recipe]
) -> dict[str, Any]:
    """``table``: recipe -> :func:`describe`; ``mended``: network -> the mended recipe against the course's;
    ``chosen``: the recipe with the lowest held-out loss.

    Raises:
        SettingError: every recipe has a training that diverged.
    """
    done = {name: row for name, row in cells.items() if not any(map(camp.diverged, row))}
    camp.require(bool(done), "a training of every recipe diverged: give smaller rates")
    table = {name: describe(row, labels, plans[name]) for name, row in done.items()}
    for name, found in holm({name: row["crops"]["against"] for name, row in table.items()}).items():
        table[name]["crops"]["against"] = found
    pairs, count = {}, len(labels["validation"])
    for network in {plan.model: None for plan in plans.values()}:
        ours, theirs = (table.get(f"{network}-{kind}") for kind in ("mended", "course"))
        if ours and theirs:
            pairs[network] = compare_over_seeds(ours["accuracies"], theirs["accuracies"], count)
    chosen = min(table, key=lambda name: table[name]["holdout_loss"])
    blown = [name for name in cells if name not in done]
    return {"table": table, "mended": holm(pairs), "chosen": chosen, "diverged": blown}


def judge_goals(table: Mapping[str, dict], minutes: Mapping[str, float]) -> list[dict[str, Any]]:
    """Of each goal: the recipe of that network that held-out pictures choose, its mean accuracy, and what is reached.

    Args:
        minutes: recipe -> of all its trainings.
    """
    found = []
    for network, accuracy_to_reach, limit in GOALS:
        known = [name for name in table if name.rpartition("-")[0] == network]
        if not known:
            continue
        best = min(known, key=lambda name: table[name]["holdout_loss"])
        row = table[best]
        goal: dict[str, Any] = {"recipe": best, "goal": accuracy_to_reach, "limit": limit}
        goal |= {"accuracy": row["accuracy"], "interval": row["interval"], "seeds": row["seeds"]}
        # An hour is for one training, three for all of its seeds.
        goal["minutes"] = minutes[best] / (row["seeds"] if limit == 60 else 1)
        goal["reached"] = row["accuracy"] >= accuracy_to_reach
        goal["in_time"] = limit is None or goal["minutes"] <= limit
        found.append(goal)
    return found


def judge_compared(grid: Grid, count: int) -> dict[str, Any]:
    """``table``: network -> means over the seeds and the curve of its training loss; ``shortcut``: depth -> the
    residual net's training loss against the plain one's; ``deeper``: 34 layers against 18, plain and residual;
    ``groups``: the ResNeXt's accuracy against ResNet-18's.
    """
    cells = grid.over("seed", list).named()
    blown = [name for name, row in cells.items() if any(map(camp.diverged, row))]
    camp.require(not blown, f"{', '.join(blown)} diverged: give a smaller rate")
    table: dict[str, dict] = {}
    for name, row in cells.items():
        table[name] = {"accuracies": [cell["accuracy"] for cell in row]}
        keys = ("train_loss", "accuracy", "holdout_accuracy", "holdout_loss")
        table[name] |= {key: float(np.mean([cell[key] for cell in row])) for key in keys}
        table[name]["losses"] = np.mean([cell["losses"] for cell in row], axis=0).tolist()
        table[name]["interval"] = share_interval(round(table[name]["accuracy"] * count), count)

    def by_loss(one: str, other: str) -> Any:
        losses = ([cell["train_loss"] for cell in cells[name]] for name in (one, other))
        return compare_paired(*losses, lower_is_better=True)

    found: dict[str, Any] = {"table": table}
    found["shortcut"] = holm({depth: by_loss(f"residual {depth}", f"plain {depth}") for depth in ("18", "34")})
    found["deeper"] = holm({kind: by_loss(f"{kind} 34", f"{kind} 18") for kind in ("residual", "plain")})
    rows = (table[name]["accuracies"] for name in ("resnext", "residual 18"))
    return found | {"groups": compare_over_seeds(*rows, count)}


def judge_schedules(grid: Grid, count: int) -> dict[str, Any]:
    """``table``: schedule -> means over the seeds, rates and held-out losses by epoch of the first one; ``against``:
    each one's accuracy against the constant rate's; ``best``: the lowest held-out loss; ``diverged``: their names.
    """
    cells = grid.over("seed", list).named()
    done = {name: row for name, row in cells.items() if not any(map(camp.diverged, row))}
    camp.require("constant" in done, "the training at a constant rate diverged: give a smaller schedule_rate")
    table: dict[str, dict] = {}
    for name, row in done.items():
        table[name] = {"accuracies": [cell["accuracy"] for cell in row], "rates": row[0]["rates"]}
        keys = ("accuracy", "holdout_accuracy", "holdout_loss")
        table[name] |= {key: float(np.mean([cell[key] for cell in row])) for key in keys}
        table[name]["losses"] = np.mean([cell["losses"] for cell in row], axis=0).tolist()
    first = table["constant"]["accuracies"]
    pairs = {n: compare_over_seeds(row["accuracies"], first, count) for n, row in table.items() if n != "constant"}
    best = min(table, key=lambda name: table[name]["holdout_loss"])
    return {"table": table, "against": holm(pairs), "best": best, "diverged": [n for n in cells if n not in done]}
