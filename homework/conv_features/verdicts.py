"""conv-features: how a head does, what the time is made of, what more versions are worth."""

from __future__ import annotations

import numpy as np

import paddle_camp as camp
from paddle_camp.comparisons import ENOUGH, compare_paired, holm, share_interval
from paddle_camp.history import History
from paddle_camp.noise import compare_over_seeds
from paddle_camp.sweeps.grid import Grid

SAME = 1e-4  # logits that differ by no more are the same answer


def describe(cells: list[dict], count: int) -> dict:
    """Accuracies and losses of a head's seeds on ``count`` validation pictures."""
    found = {key: [cell[key] for cell in cells] for key in ("accuracy", "loss", "auc")}
    means = {key: float(np.mean(values)) for key, values in found.items()}
    return means | {
        "accuracies": found["accuracy"],
        "interval": share_interval(round(means["accuracy"] * count), count),
    }


def costs_of(extracting: float, seconds: dict, cells: list[dict], num_epochs: int) -> dict:
    """Seconds of a whole training of ``num_epochs`` both ways; that behind the network is computed.

    Args:
        extracting: of the features of all training pictures.
        seconds: of each measured epoch behind the network.
        cells: trainings on features.
    """
    rows = [row["seconds"] for cell in cells for row in History.from_dict(cell["history"]).split("train")]
    network, head = float(np.median(seconds["network"])), float(np.median(rows))
    found = {"extracting": extracting, "network_epoch": network, "head_epoch": head, "epochs": num_epochs}
    found |= {"network": num_epochs * network, "head": num_epochs * head, "features": extracting + num_epochs * head}
    return found | {"faster": found["network"] / found["features"], "epoch_faster": network / head}


def judge_versions(cells: Grid, count: int) -> dict:
    """Which versions of how many pictures: accuracy and loss of each seed, and the verdict beside the originals alone.

    The loss's verdict is over the seeds, from ENOUGH of them on; the accuracy's is that of ``compare_over_seeds``.
    """
    found: dict[str, dict] = {}
    for pictures in cells.axes["pictures"]:
        rows = {}
        for versions in cells.axes["versions"]:
            row = [cells.at(pictures=pictures, versions=versions, seed=seed) for seed in cells.axes["seed"]]
            camp.require(not any(map(camp.diverged, row)), "a training on versions diverged; give smaller rates")
            both = {key: [cell[key] for cell in row] for key in ("accuracy", "loss")}
            means = {f"mean_{key}": float(np.mean(values)) for key, values in both.items()}
            rows[str(versions)] = both | means | {"rows": row[0]["rows"]}
        first, *others = rows
        accuracy = {n: compare_over_seeds(rows[n]["accuracy"], rows[first]["accuracy"], count) for n in others}
        loss = {n: compare_paired(rows[n]["loss"], rows[first]["loss"], lower_is_better=True) for n in others}
        for key, compared in (("accuracy_verdict", holm(accuracy)), ("loss_verdict", holm(loss))):
            for name in others:
                enough = key == "accuracy_verdict" or len(cells.axes["seed"]) >= ENOUGH
                rows[name][key] = compared[name]["verdict"] if enough else None
        found[pictures] = rows
    return found
