"""fundus-transfer: which way held-out pictures choose, and what tells the ways apart."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from paddle_camp.comparisons import verdict_of
from paddle_camp.ways import compare_ways, describe_way

PUBLISHED_AUC = 0.987  # of the challenge's best, on its own test pictures


def judge(ways: Mapping[str, list[dict]], labels: np.ndarray) -> dict:
    """Each way's numbers, each pair's verdict picture by picture, and the way that held-out pictures choose."""
    rows = {name: describe_way(cells, labels) for name, cells in ways.items()}
    known = [name for name in ways if name != "scratch"]
    chosen = min(known, key=lambda name: rows[name]["holdout_loss"])
    published = verdict_of(rows[chosen]["together"]["auc_interval"], PUBLISHED_AUC)
    return {
        "ways": rows,
        "against": compare_ways(ways, labels),
        "chosen": chosen,
        "beside_published": published,
    }
