"""What the trainings come to: errors beside the baselines, the leak, the changes, errors by angle, and the road."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import paddle_camp as camp
from homework.steering.closed_loop import OFFSETS
from paddle_camp.comparisons import compare_paired, holm

PIECE = 20  # neighbouring pictures that count as one sample: they are much alike
EDGES = (-1.0, -0.6, -0.2, -0.02, 0.02, 0.2, 0.6, 1.0)  # of the bins of the driver's angle
ANGLES = ("raw", "smooth")  # the columns of the labels


def squared(said: Any, part: camp.ImageSet) -> dict[str, np.ndarray]:
    """Squared errors against the joystick's angle and the smoothed one: each ``[N]``; said ``[N]`` or ``[N, 2]``."""
    said = np.broadcast_to(np.asarray(said, np.float64).reshape(len(part), -1), (len(part), 2))
    return {name: (said[:, k] - part.labels[:, k]) ** 2 for k, name in enumerate(ANGLES)}


def errors(said: Any, part: camp.ImageSet) -> dict[str, float]:
    """Mean squared errors against either angle."""
    return {name: float(values.mean()) for name, values in squared(said, part).items()}


def pieces(values: np.ndarray, blocks: Sequence[str]) -> np.ndarray:
    """The means over pieces of :data:`PIECE` pictures of a block, ``[P]`` of ``[N]``; what is left over is one too."""
    found, names = [], np.array(blocks)
    for name in dict.fromkeys(blocks):
        own = values[names == name]
        found += [own[first : first + PIECE].mean() for first in range(0, len(own), PIECE)]
    return np.array(found)


def compare(first: Any, second: Any, part: camp.ImageSet, angle: str) -> dict:
    """Whether the first angles are nearer to the driver's, a piece of the drive counting as one sample."""
    own, other = (pieces(squared(said, part)[angle], part.groups) for said in (first, second))
    return dict(compare_paired(own, other, lower_is_better=True))


def interval_of(said: Any, part: camp.ImageSet, angle: str) -> list[float] | None:
    """The 95 % interval of the mean squared error, by the scatter over pieces."""
    own = pieces(squared(said, part)[angle], part.groups)
    return compare_paired(own, np.zeros(len(own)))["interval"]


def judge_test(final: list[dict], known: Mapping[str, Any], test: camp.ImageSet) -> dict[str, Any]:
    """The final networks on the test pictures, each and all together, beside the baselines.

    Args:
        known: "constant" and "ridge" -> their angles for the test pictures.
    """
    each = [errors(cell["test"], test) for cell in final]
    together = np.mean([cell["test"] for cell in final], axis=0)
    found: dict[str, Any] = {name: errors(said, test) for name, said in known.items()}
    found |= {"each": {name: [row[name] for row in each] for name in ANGLES}, "together": errors(together, test)}
    found["interval"] = {name: interval_of(together, test, name) for name in ANGLES}
    found["against"] = {name: compare(together, known["ridge"], test, name) for name in ANGLES}
    found["jitter"] = float(((test.labels[:, 0] - test.labels[:, 1]) ** 2).mean())
    found["correlation"] = float(np.corrcoef(together, test.labels[:, 1])[0, 1]) if np.ptp(together) else None
    return found


def judge_leak(cells: Mapping[str, list[dict]], ridge: Mapping[str, Any], parts: Mapping, asked: np.ndarray) -> dict:
    """The same pictures of the held-out blocks, their neighbours trained on or not.

    Args:
        cells: "recipe" and "neighbours seen" -> trainings.
        ridge: the same names -> its angles for the held-out pictures.
        asked: which of them are asked, bool ``[N]``.
    """
    part = parts["valid"].take(np.flatnonzero(asked))
    found: dict[str, Any] = {"pictures": len(part)}
    means = {name: np.mean([np.array(cell["valid"])[asked] for cell in row], axis=0) for name, row in cells.items()}
    for name, key in zip(cells, ("block", "picture"), strict=True):
        tests = [errors(cell["test"], parts["test"])["smooth"] for cell in cells[name]]
        own = [errors(np.array(cell["valid"])[asked], part)["smooth"] for cell in cells[name]]
        found[key] = {"errors": own, "mean": float(np.mean(own)), "test": float(np.mean(tests))}
        found[key]["ridge"] = errors(ridge[name][asked], part)["smooth"]
    recipe, leaky = means.values()
    return found | {"against": compare(leaky, recipe, part, "smooth")}


def judge_changes(recipe: list[dict], changes: Mapping[str, list[dict]], valid: camp.ImageSet) -> dict[str, Any]:
    """Each change beside the recipe from the same seeds, on the held-out blocks (Holm); None: it diverged."""
    table: dict[str, Any] = {}
    compared = {}
    for name, cells in changes.items():
        if any(map(camp.diverged, cells)):
            table[name] = None
            continue
        own, other = (np.mean([cell["valid"] for cell in row], axis=0) for row in (cells, recipe[: len(cells)]))
        compared[name] = compare(own, other, valid, "smooth")
        table[name] = {"own": errors(own, valid), "recipe": errors(other, valid)}
    for name, verdict in holm(compared).items():
        table[name] |= {key: verdict[key] for key in ("verdict", "p_value")}
    return table


def judge_by_angle(said: np.ndarray, test: camp.ImageSet) -> list[dict]:
    """In bins of the driver's angle: how many pictures, the driver's mean, the network's, the error; empty ones not."""
    truth, rows = test.labels[:, 0].astype(np.float64), []
    place = np.clip(np.searchsorted(EDGES, truth, side="right") - 1, 0, len(EDGES) - 2)
    for number in np.unique(place):
        inside = place == number
        row = {"low": EDGES[number], "high": EDGES[number + 1], "count": int(inside.sum())}
        row |= {"driver": float(truth[inside].mean()), "network": float(said[inside].mean())}
        rows.append(row | {"error": float(((said - truth)[inside] ** 2).mean())})
    return rows


def judge_road(cells: Mapping[str, list[dict]], driver: Mapping[str, Any], ticks: int) -> dict[str, Any]:
    """The networks on the drawn roads: how far, how near the middle, and how they answer to being aside.

    Args:
        cells: "centre" and "three" -> trainings, without those that diverged.
        driver: the same of the ideal driver.
    """
    found: dict[str, Any] = {"driver": describe_trips([driver])}
    for name, row in cells.items():
        found[name] = describe_trips(row) | {"errors": [cell["error"] for cell in row]}
        found[name]["error"] = float(np.mean(found[name]["errors"]))
    three, centre = ([trip["metres"] for cell in cells[name] for trip in cell["trips"]] for name in ("three", "centre"))
    near, far = (found[name]["by_trip"] for name in ("three", "centre"))
    same = len(three) == len(centre)
    found["metres"] = dict(compare_paired(three, centre)) if same else None
    found["nearer"] = dict(compare_paired(near, far, lower_is_better=True)) if same else None
    leads = [found[name]["slopes"] for name in ("three", "centre")]  # a steeper answer is more negative
    found["answers"] = dict(compare_paired(*leads, lower_is_better=True)) if len(set(map(len, leads))) == 1 else None
    return found | {"ticks": ticks}


def describe_trips(row: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of all trips of some networks: metres, how many left the road, mean deviation, the answer to a metre aside."""
    every = [trip for cell in row for trip in cell["trips"]]
    by_trip = [float(np.abs(trip["deviations"]).mean()) for trip in every]
    left = [trip["metres"] for trip in every if trip["left"]]
    slopes = [float(np.polyfit(OFFSETS, cell["asked"], 1)[0]) for cell in row]
    found = {"trips": len(every), "left": len(left), "metres": float(np.mean([trip["metres"] for trip in every]))}
    found |= {"first": min(left) if left else None, "by_trip": by_trip, "deviation": float(np.mean(by_trip))}
    return found | {"slopes": slopes, "slope": float(np.mean(slopes))}
