"""Which of several values of a setting held-out samples choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from paddle_camp.choosing import edge_of
from paddle_camp.errors import require
from paddle_camp.sweeps.grid import diverged


def choose_rate(rows: Mapping[float, list[dict]], setting: str = "rates") -> dict[str, Any]:
    """The rate with the lowest mean loss on held-out samples; one with a training that diverged is out.

    Args:
        rows: rate -> its trainings, which have a ``holdout_loss``.
        setting: what the rates are called where none is left.

    Returns:
        ``rate``; ``edge``: :func:`~paddle_camp.choosing.edge_of` it among those that were tried; ``losses``: of each
        that is not out, by its name such as "0.001".

    Raises:
        SettingError: every rate has a training that diverged.
    """
    done = {rate: row for rate, row in rows.items() if not any(map(diverged, row))}
    require(bool(done), f"{setting}: a training of every rate diverged; give smaller ones")
    losses = {rate: float(np.mean([cell["holdout_loss"] for cell in row])) for rate, row in done.items()}
    best = min(losses, key=losses.__getitem__)
    return {"rate": best, "edge": edge_of(best, rows), "losses": {f"{rate:g}": loss for rate, loss in losses.items()}}
