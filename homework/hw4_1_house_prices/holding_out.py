"""Rows held out of the training part of homework 4-1: in blocks of neighbours, or at random."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from paddle_camp.data.housing import Table


def hold_out(table: Table, rows: np.ndarray) -> tuple[Table, Table]:
    """(The other rows, these rows)."""
    kept = np.setdiff1d(np.arange(len(table)), rows)
    return Table(table.inputs[kept], table.prices[kept]), Table(table.inputs[rows], table.prices[rows])


def block_of(table: Table, block: int, blocks: int) -> tuple[Table, Table]:
    """(The other rows, this block of neighbouring rows)."""
    return hold_out(table, np.array_split(np.arange(len(table)), blocks)[block])


def random_error(table: Table, parts: int, seed: int, predict_after: Callable) -> float:
    """Mean squared error of rows held out at random: the mean over the parts of a single random cut.

    Args:
        predict_after: (rows to train on, inputs, seed) -> predictions for the inputs.
    """
    losses = []
    for part, rows in enumerate(np.array_split(np.random.default_rng([seed, 99]).permutation(len(table)), parts)):
        rest, held = hold_out(table, rows)
        losses.append(np.mean((predict_after(rest, held.inputs, part) - held.prices) ** 2))
    return float(np.mean(losses))
