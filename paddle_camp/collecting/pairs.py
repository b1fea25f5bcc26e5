"""Paired tests: of the runs that predicted the same pictures, the best one against each other one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from paddle_camp.collecting.predictions import read_predictions
from paddle_camp.comparisons import holm, mcnemar


@dataclass(frozen=True)
class Marks:
    """Which samples a run gets right.

    Attributes:
        samples: a hash of the samples' names and labels, and whether they are a stand-in's: the same one, the same
            pictures.
        right: bool ``[N]``, in the order of the names.
    """

    samples: str
    right: np.ndarray


def read_marks(folder: Path, origin: str = "real") -> Marks | None:
    """The marks of the run in ``folder``; None where a sample stands in its table twice, which pairs with none.

    Args:
        origin: of its data; a stand-in's pictures may be called as the real ones are, and pair with stand-ins only.

    Raises:
        DataError: its ``predictions.csv`` is missing or damaged.
    """
    table = read_predictions(folder)
    if len(set(table.names)) < len(table.names):
        return None
    order = sorted(range(len(table.names)), key=table.names.__getitem__)
    digest = hashlib.sha256(f"{origin}\n".encode())
    for place in order:
        digest.update(f"{len(table.names[place])} {table.names[place]} {table.labels[place]}\n".encode())
    return Marks(digest.hexdigest(), table.right[order])


def paired_tests(marks: Sequence[Marks | None]) -> list[dict[str, Any]]:
    """A test for every set of pictures that at least two runs predicted.

    Returns:
        For each: ``count`` pictures, ``best`` (the index of the run with the most right, of several the first),
        ``right`` of it, ``rows`` with ``run``, ``right`` and McNemar's ``only_first``, ``only_second``, ``p_value``
        (after Holm, for the number of runs) and ``verdict`` of the best one against it.
    """
    groups: dict[str, list[int]] = {}
    for index, each in enumerate(marks):
        if each is not None:
            groups.setdefault(each.samples, []).append(index)
    return [_against_best(marks, runs) for runs in groups.values() if len(runs) > 1]


def _against_best(marks: Sequence[Marks | None], runs: list[int]) -> dict[str, Any]:
    right = {run: each.right for run in runs if (each := marks[run]) is not None}
    order = sorted(runs, key=lambda run: -int(right[run].sum()))
    best, *others = order
    tests = {
        str(run): mcnemar(int((right[best] & ~right[run]).sum()), int((right[run] & ~right[best]).sum()))
        for run in others
    }
    adjusted = holm(tests)
    rows = [{"run": run, "right": int(right[run].sum()), **adjusted[str(run)]} for run in others]
    return {"count": len(right[best]), "best": best, "right": int(right[best].sum()), "rows": rows}
