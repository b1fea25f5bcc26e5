"""Rows held out of the training part of homework 4-1: in blocks of neighbours, or at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from paddle_camp.comparisons import compare_paired
from paddle_camp.data.housing import COLUMNS, HousingData, Table


def hold_out(table: Table, rows: np.ndarray) -> tuple[Table, Table]:
    """(The other rows, these rows)."""
    kept = np.setdiff1d(np.arange(len(table)), rows)
    return Table(table.inputs[kept], table.prices[kept]), Table(table.inputs[rows], table.prices[rows])


def block_of(table: Table, block: int, blocks: int) -> tuple[Table, Table]:
    """(The other rows, this block of neighbouring rows)."""
    return hold_out(table, np.array_split(np.arange(len(table)), blocks)[block])


def held_out_errors(table: Table, order: np.ndarray, blocks: int, predict_after: Callable) -> np.ndarray:
    """Squared error ``[N]`` of every row while its part is held out.

    Args:
        order: of the rows, which is cut into ``blocks`` parts.
        predict_after: (rows to train on, inputs, seed) -> predictions for the inputs.
    """
    squares = np.empty(len(table))
    for seed, rows in enumerate(np.array_split(order, blocks)):
        rest, held = hold_out(table, rows)
        squares[rows] = (predict_after(rest, held.inputs, seed) - held.prices) ** 2
    return squares


def measure_split(data: HousingData, blocks: int, seed: int, predict_after: Callable) -> dict[str, Any]:
    """How unlike the test rows are to the training rows, and what that does to a held-out error.

    Returns:
        ``shift``: the largest shift of a feature's mean from the training to the test rows, in standard deviations of
        the training rows, and ``feature``, whose it is; ``mean_price`` of both parts, in thousands of dollars;
        ``block_mse``, ``random_mse`` with rows held out in blocks of neighbours or at random, ``worst_block`` that of
        the block that is hardest, and ``random``: the verdict on the random ones, row by row.
    """
    rows, count = data.train.inputs, len(data.train)
    shifts = np.abs(data.test.inputs.mean(axis=0) - rows.mean(axis=0)) / rows.std(axis=0)
    orders = np.arange(count), np.random.default_rng([seed, 99]).permutation(count)
    by_block, by_chance = (held_out_errors(data.train, order, blocks, predict_after) for order in orders)
    return {
        "shift": float(shifts.max()),
        "feature": COLUMNS[int(shifts.argmax())],
        "mean_price": [float(data.to_dollars(part.prices).mean()) for part in (data.train, data.test)],
        "block_mse": float(by_block.mean()),
        "worst_block": max(float(part.mean()) for part in np.array_split(by_block, blocks)),
        "random_mse": float(by_chance.mean()),
        "random": compare_paired(by_chance, by_block, lower_is_better=True)["verdict"],
    }
