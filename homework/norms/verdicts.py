"""What the trainings of norms say: which batches a norm can bear, and what its two modes do."""

from __future__ import annotations

from typing import Any

import numpy as np

from paddle_camp.choosing import edge_of
from paddle_camp.comparisons import holm, share_interval
from paddle_camp.errors import require
from paddle_camp.noise import compare_over_seeds
from paddle_camp.sweeps.grid import Grid, diverged, finished

MODES = ("accuracy", "gap", "changed", "company", "recast")
SAME = 1e-3  # of the outputs' deviation, within which two ways of computing them differ by rounding


def best_rates(grid: Grid) -> dict[str, dict]:
    """ "batch-64" and so on -> the ``rate`` with the lowest held-out loss; ``edge``: the largest or smallest tried."""
    rates, found = sorted(grid.axes["rate"]), {}
    for norm in grid.axes["norm"]:
        for size in grid.axes["batch_size"]:
            losses = {rate: grid.at(norm=norm, batch_size=size, rate=rate) for rate in rates}
            best = min(rates, key=lambda rate: float("inf") if diverged(losses[rate]) else losses[rate])
            found[f"{norm}-{size}"] = {"rate": best, "edge": edge_of(best, rates)}
    return found


def summarise(cells: list[dict], count: int) -> dict[str, Any]:
    """One norm at one batch size over its seeds."""
    accuracies = [cell["accuracy"] for cell in cells]
    row: dict[str, Any] = {"accuracies": accuracies, "accuracy": float(np.mean(accuracies))}
    row["interval"] = share_interval(round(row["accuracy"] * count), count)
    row["train_loss"] = float(np.mean([cell["train_loss"] for cell in cells]))
    row["modes"] = {key: float(np.mean([cell["modes"][key] for cell in cells])) for key in MODES}
    # Of the worst seed: whether what is averaged over depends on the mode, or on who else is in the batch.
    row["one_mode"] = max(cell["modes"]["gap"] for cell in cells) < SAME
    row["alone"] = max(cell["modes"]["company"] for cell in cells) < SAME
    training = [cell["modes"]["accuracy"] for cell in cells]
    return row | {"in_training": compare_over_seeds(training, accuracies, count)}


def judge(grid: Grid, count: int) -> dict:
    """What depends on data, settings and seed alone.

    Args:
        grid: of ``train_cell``, over norm, batch_size and seed.
        count: pictures that were reported on.

    Returns:
        ``table``: norm -> batch size -> :func:`summarise`; ``small``: norm -> its smallest batch against its largest;
        ``against``: batch size -> norm -> it against batch norm; ``best``: norm and batch size of the lowest held-out
        loss of the first seed.

    Raises:
        SettingError: a training diverged.
    """
    blown = [name for name, _, cell in grid.items() if diverged(cell)]
    require(not blown, f"{', '.join(blown)} diverged: give smaller rates")
    norms, sizes, seeds = (grid.axes[name] for name in ("norm", "batch_size", "seed"))
    table: dict[str, dict] = {}
    for norm in norms:
        rows = {size: [grid.at(norm=norm, batch_size=size, seed=seed) for seed in seeds] for size in sizes}
        table[norm] = {str(size): summarise(finished(row), count) for size, row in rows.items()}
    least, most = str(sizes[0]), str(sizes[-1])

    def compare(one: dict, other: dict) -> Any:
        return compare_over_seeds(one["accuracies"], other["accuracies"], count)

    small = {norm: compare(row[least], row[most]) for norm, row in table.items()} if least != most else {}
    against = {}
    for size in map(str, sizes):
        pairs = {norm: compare(table[norm][size], table["batch"][size]) for norm in norms if norm != "batch"}
        against[size] = holm(pairs)
    first = {(norm, size): grid.at(norm=norm, batch_size=size, seed=seeds[0]) for norm in norms for size in sizes}
    norm, size = min(first, key=lambda point: first[point]["holdout_loss"])
    best = {"norm": norm, "batch_size": size}
    return {"table": table, "small": holm(small), "against": against, "best": best}
