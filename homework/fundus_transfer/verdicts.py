"""fundus-transfer: which rate and which way held-out pictures choose, and what tells the ways apart."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

import paddle_camp as camp
from paddle_camp.comparisons import compare_paired, holm, share_interval, verdict_of
from paddle_camp.metrics import auc, auc_interval, correct, probabilities

PUBLISHED_AUC = 0.987  # of the challenge's best, on its own test pictures


def log_odds_of(cells: list[dict]) -> np.ndarray:
    """Logits ``[N, 2]`` of the mean of the cells' probabilities, as ``predict`` averages those of several networks."""
    mean = np.mean([probabilities(np.asarray(cell["outputs"])) for cell in cells], axis=0)
    return np.log(np.clip(mean, 1e-12, 1))


def choose_rate(rows: Mapping[float, list[dict]]) -> dict:
    """The rate with the lowest mean loss on held-out pictures, and the losses of those that did not diverge.

    Raises:
        SettingError: every rate has a training that diverged.
    """
    done = {rate: row for rate, row in rows.items() if not any(map(camp.diverged, row))}
    camp.require(bool(done), "rates: a training of every rate diverged; give smaller ones")
    losses = {rate: float(np.mean([cell["holdout_loss"] for cell in row])) for rate, row in done.items()}
    return {"rate": min(losses, key=losses.__getitem__), "losses": {f"{r:g}": loss for r, loss in losses.items()}}


def describe(cells: list[dict], labels: np.ndarray) -> dict:
    """Accuracy, AUC and loss of the trainings of one way, their means, and those of their mean probabilities."""
    found = {key: [cell[key] for cell in cells] for key in ("accuracy", "auc", "loss")}
    together, count = log_odds_of(cells), len(labels)
    right = int(correct(together, labels).sum())
    found |= {f"mean_{key}": float(np.mean(values)) for key, values in list(found.items())}
    found["holdout_loss"] = float(np.mean([cell["holdout_loss"] for cell in cells]))
    found["interval"] = share_interval(round(found["mean_accuracy"] * count), count)
    area, low_high = auc(together, labels), auc_interval(together, labels)
    return found | {
        "together": {"accuracy": right / count, "auc": area, "auc_interval": low_high, "wrong": count - right}
    }


def judge(ways: Mapping[str, list[dict]], labels: np.ndarray) -> dict:
    """Each way's numbers, each pair's verdict picture by picture, and the way that held-out pictures choose.

    A picture counts with the share of a way's trainings that get it right.
    """
    rows = {name: describe(cells, labels) for name, cells in ways.items()}
    right = {
        name: np.mean([correct(np.asarray(cell["outputs"]), labels) for cell in cells], axis=0)
        for name, cells in ways.items()
    }
    names = list(ways)
    pairs = [(one, other) for place, one in enumerate(names) for other in names[:place]]
    against = holm({f"{one} against {other}": compare_paired(right[one], right[other]) for one, other in pairs})
    known = [name for name in names if name != "scratch"]
    chosen = min(known, key=lambda name: rows[name]["holdout_loss"])
    published = verdict_of(rows[chosen]["together"]["auc_interval"], PUBLISHED_AUC)
    return {"ways": rows, "against": against, "chosen": chosen, "beside_published": published}
