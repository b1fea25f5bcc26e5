"""What the trainings on signs come to: both splits, the changes, the pairs, size and light, the mirror, being sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import paddle_camp as camp
from paddle_camp import metrics
from paddle_camp.calibration import (
    above,
    best_temperature,
    calibration_error,
    log_loss,
    reliability,
    temper,
    threshold_for,
)
from paddle_camp.comparisons import compare_paired, compare_shares, holm, share_interval, verdict_of
from paddle_camp.metrics import auc, auc_interval
from paddle_camp.noise import compare_over_seeds

HUMANS, COMMITTEE = 0.9884, 0.9946  # on all 12,630 test pictures: Stallkamp et al., Neural Networks 32 (2012), table 6
QUARTERS = 4


def shares_of(cells: Sequence[dict], key: str, how: str = "plain") -> np.ndarray:
    """Class probabilities ``[S, N, K]`` of S trainings."""
    return np.array([cell[key][how] for cell in cells])


def right_in(shares: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Whether the most probable class is the label: bool ``[..., N]`` of ``[..., N, K]``."""
    return shares.argmax(axis=-1) == labels


def by_track(values: np.ndarray, tracks: Sequence[str]) -> np.ndarray:
    """The mean over each track's pictures, ``[T]`` of ``[N]``."""
    _, place = np.unique(np.array(tracks), return_inverse=True)
    return np.bincount(place, values) / np.bincount(place)


def describe_split(cells: list[dict], held: camp.ImageSet) -> dict:
    """Accuracies on held-out pictures, and the interval of their mean: as many samples as there are tracks."""
    rows = {how: right_in(shares_of(cells, "held", how), held.labels).mean(axis=1) for how in ("plain", "averaged")}
    tracks = len(set(held.groups))
    found: dict[str, Any] = {how: row.tolist() for how, row in rows.items()}
    found |= {f"mean_{how}": float(row.mean()) for how, row in rows.items()}
    found["interval"] = share_interval(round(found["mean_plain"] * tracks), tracks)
    return found | {"tracks": tracks, "pictures": len(held)}


def judge_splits(cells: Mapping[str, list[dict]], helds: Mapping[str, camp.ImageSet], test: camp.ImageSet) -> dict:
    """The same recipe on both splits, each measured on its own held-out pictures and on the test pictures.

    Returns:
        For "track" and "picture" what :func:`describe_split` says, with the ``test`` accuracies and their mean;
        ``leak``: held-out accuracy by picture against by track, tracks as samples; ``test_against``: the two on the
        test pictures; ``seen``: the share of the pictures held out by picture whose track was trained on.
    """
    rows = {}
    for name, row in cells.items():
        accuracies = [float(right_in(np.array(cell["test"]), test.labels).mean()) for cell in row]
        rows[name] = describe_split(row, helds[name]) | {"test": accuracies, "mean_test": float(np.mean(accuracies))}
    counts = {name: (round(row["mean_plain"] * row["tracks"]), row["tracks"]) for name, row in rows.items()}
    leak = compare_shares(*counts["picture"], *counts["track"])
    leak = leak | {"difference": rows["picture"]["mean_plain"] - rows["track"]["mean_plain"]}
    against = compare_over_seeds(rows["picture"]["test"], rows["track"]["test"], len(test))
    return rows | {"leak": leak, "test_against": against}


def judge_changes(recipe: list[dict], changes: Mapping[str, list[dict]], held: camp.ImageSet) -> dict:
    """Each change beside the recipe from the same seeds: its accuracy and a paired test over the tracks (Holm).

    A track counts with the share of its pictures that are right, over all seeds; None: a training diverged.
    """
    table: dict[str, Any] = {}
    pairs = {}
    for name, cells in changes.items():
        if any(map(camp.diverged, cells)):
            table[name] = None
            continue
        own, other = (
            right_in(shares_of(row, "held"), held.labels).mean(axis=0) for row in (cells, recipe[: len(cells)])
        )
        pairs[name] = compare_paired(by_track(own, held.groups), by_track(other, held.groups))
        accuracies = right_in(shares_of(cells, "held"), held.labels).mean(axis=1).tolist()
        table[name] = {"accuracies": accuracies, "accuracy": float(own.mean()), "recipe": float(other.mean())}
        table[name]["minutes"] = float(np.mean([cell["seconds"] for cell in cells])) / 60
    for name, compared in holm(pairs).items():
        table[name] |= {key: compared[key] for key in ("verdict", "p_value")}
    return table


def hardest_pairs(shares: np.ndarray, labels: np.ndarray, most: int) -> list[dict]:
    """The pairs of signs that are most often taken for each other: ``[S, N, K]`` probabilities of S networks.

    Returns:
        Rows of the ``labels`` of a pair and how many mistakes a network makes between them, either way, on average.
    """
    return metrics.hardest_pairs(np.mean([metrics.confusion(each, labels) for each in shares], axis=0), most)


def judge_quarters(values: np.ndarray, right: np.ndarray) -> dict:
    """The accuracy in each quarter of a quantity of the pictures, and whether wrong pictures have less of it.

    Returns:
        ``rows``: the quarters, from little to much; ``area``: how often a wrong picture has less of it than a right one
        (one half: no connection), its ``interval`` and ``verdict``; None where all are right or all are wrong.
    """
    edges = np.unique(np.quantile(values, np.linspace(0, 1, QUARTERS + 1)))
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(0, len(edges) - 2))
    rows = []
    for number in np.unique(place):
        inside = place == number
        count, hits = int(inside.sum()), int(right[inside].sum())
        row = {"low": float(values[inside].min()), "high": float(values[inside].max()), "count": count}
        rows.append(row | {"accuracy": hits / count, "interval": share_interval(hits, count)})
    less, wrong = -values.astype(np.float64)[:, None], (~right).astype(np.int64)
    area, interval = auc(less, wrong), auc_interval(less, wrong)
    return {"rows": rows, "area": area, "interval": interval, "verdict": verdict_of(interval, 0.5)}


def judge_mirror(cells: list[dict], labels: np.ndarray) -> dict:
    """What the networks call the mirror image of each sign.

    Returns:
        ``turned``: rows of a ``label``, what its mirror image is called (``into``) and the ``share`` of the answers,
        where that is another sign in at least half of them; ``kept``: signs that stay what they are in at least half;
        ``lost``: the others.
    """
    said = np.array([cell["mirrored"] for cell in cells])
    found: dict[str, list] = {"turned": [], "kept": [], "lost": []}
    for label in np.unique(labels):
        answers, counts = np.unique(said[:, labels == label], return_counts=True)
        into, share = int(answers[counts.argmax()]), float(counts.max() / counts.sum())
        if share < 0.5:
            found["lost"].append(int(label))
        elif into == label:
            found["kept"].append(int(label))
        else:
            found["turned"].append({"label": int(label), "into": into, "share": share})
    return found


def judge_sure(held: np.ndarray, held_labels: np.ndarray, test: np.ndarray, labels: np.ndarray, wanted: float) -> dict:
    """Temperature and threshold, found on held-out pictures, and what they come to on test pictures.

    Args:
        held, test: probabilities ``[N, K]`` of networks that have not seen these pictures.
        wanted: the share of the answers that shall be right.
    """
    warmth, threshold = best_temperature(held, held_labels), threshold_for(held, held_labels, wanted)
    found: dict[str, Any] = {"temperature": warmth, "threshold": threshold, "reliability": reliability(test, labels)}
    for name, shares in (("as_it_is", test), ("tempered", temper(test, warmth))):
        found[name] = {"error": calibration_error(shares, labels), "loss": log_loss(shares, labels)}
    found["confidence"] = float(test.max(axis=1).mean())
    if threshold is not None:
        found["held"], found["test"] = above(held, held_labels, threshold), above(test, labels, threshold)
        found["reached"] = verdict_of(found["test"]["interval"], wanted)
    return found


def judge_final(cells: list[dict], labels: np.ndarray) -> dict:
    """The final networks on the test pictures: each, each averaged over variations, and all together."""
    found: dict[str, Any] = {}
    for how in ("plain", "averaged"):
        shares = np.array([cell[how] for cell in cells])
        together = int(right_in(shares.mean(axis=0), labels).sum())
        row = {"accuracies": right_in(shares, labels).mean(axis=1).tolist(), "together": together / len(labels)}
        found[how] = row | {"mean": float(np.mean(row["accuracies"])), "wrong": len(labels) - together}
    found["interval"] = share_interval(len(labels) - found["averaged"]["wrong"], len(labels))
    for name, value in (("humans", HUMANS), ("committee", COMMITTEE)):
        found[name] = verdict_of(found["interval"], value)
    return found
