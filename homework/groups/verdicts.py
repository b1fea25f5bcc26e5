"""What the trainings and the timings of groups say: more groups, better? shuffled, better? fewer sums, faster?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from paddle_camp.choosing import edge_of
from paddle_camp.comparisons import ENOUGH, EVEN, compare_paired, compare_shares, holm, share_interval
from paddle_camp.noise import compare_over_seeds, falls
from paddle_camp.sweeps.grid import Grid, diverged

KINDS = ("plain", "shuffled", "wide", "wide shuffled")
PAIRS = (("shuffled", "plain"), ("wide shuffled", "wide"))  # the first is the second with a shuffle


def best_rates(grid: Grid) -> dict[str, dict]:
    """Variant -> the ``rate`` with the lowest held-out loss, and whether it is the largest or smallest tried."""
    rates, found = sorted(grid.axes["rate"]), {}
    for name in grid.axes["variant"]:
        losses = {rate: grid.at(variant=name, rate=rate) for rate in rates}
        best = min(rates, key=lambda rate: float("inf") if diverged(losses[rate]) else losses[rate])
        found[name] = {"rate": best, "edge": edge_of(best, rates)}
    return found


def trend_of(rows: list[list[float]]) -> str:
    """ "rises", "falls" or "neither": accuracies, several of each number of groups, as these double."""
    series = np.concatenate(rows)
    return "falls" if falls(series) else "rises" if falls(-series) else "neither"


def by_groups(plans: Mapping[str, dict], kind: str) -> list[str]:
    """The variants of a kind by their number of groups; the first is that of one group."""
    return ["1", *(name for name, row in plans.items() if row["kind"] == kind and name != "1")]


def judge(cells: Mapping[str, list[dict]], plans: Mapping[str, dict], count: int) -> dict:
    """What depends on data, settings and seed alone.

    Args:
        cells: variant -> its trainings, in the order of the seeds.
        plans: of :func:`~homework.groups.measuring.plan`.
        count: pictures that were reported on.

    Returns:
        ``table``: variant -> accuracies, their mean and its interval on so many pictures; ``against``: each one's
        comparison with one group; ``trends``: kind -> :func:`trend_of`; ``shuffle``: the accuracies with a shuffle
        against those without, all numbers of groups and seeds together; ``best``: by the first seed's held-out loss.
    """
    table: dict[str, dict] = {}
    for name, row in cells.items():
        accuracies = [cell["accuracy"] for cell in row]
        table[name] = {"accuracies": accuracies, "accuracy": float(np.mean(accuracies))}
        table[name] |= {"interval": share_interval(round(table[name]["accuracy"] * count), count)}
        table[name] |= {"train_loss": float(np.mean([cell["train_loss"] for cell in row]))}
    pairs = {n: compare_over_seeds(r["accuracies"], table["1"]["accuracies"], count) for n, r in table.items()}
    del pairs["1"]
    results: dict[str, Any] = {"table": table, "against": holm(pairs)}
    results["trends"] = {}
    for kind in KINDS:
        results["trends"][kind] = trend_of([table[name]["accuracies"] for name in by_groups(plans, kind)])
    results["shuffle"] = {}
    for first, second in PAIRS:
        rows = [[table[n]["accuracies"] for n in by_groups(plans, kind)[1:]] for kind in (first, second)]
        one, other = (np.concatenate(row) for row in rows)
        enough = len(table["1"]["accuracies"]) >= ENOUGH
        right, without = (round(float(each.mean()) * count) for each in (one, other))
        results["shuffle"][first] = (
            compare_paired(one, other) if enough else compare_shares(right, count, without, count)
        )
    results["best"] = min(cells, key=lambda name: cells[name][0]["holdout_loss"])
    return results


def judge_times(seconds: Mapping[str, Mapping[str, list[float]]], plans: Mapping[str, dict]) -> dict:
    """Medians, and which variants are faster than one group; they belong to the machine.

    Returns:
        What was timed -> variant -> ``milliseconds`` (the median), ``speedup`` over one group (the median of the
        rounds' ratios), ``promised``: how many times fewer multiply-adds, and ``verdict`` on whether it is faster.
    """
    found: dict[str, dict] = {}
    for what, rows in seconds.items():
        compared = {}
        for name, each in rows.items():
            ratios = np.asarray(rows["1"]) / np.asarray(each)
            compared[name] = {"milliseconds": 1000 * float(np.median(each)), "speedup": float(np.median(ratios))}
            compared[name]["promised"] = plans["1"]["multiply_adds"] / plans[name]["multiply_adds"]
        tests = {n: compare_paired(np.log(each), np.log(rows["1"]), lower_is_better=True) for n, each in rows.items()}
        tests = holm({n: test for n, test in tests.items() if n != "1"})
        found[what] = {n: row | {"verdict": tests[n]["verdict"] if n != "1" else EVEN} for n, row in compared.items()}
    return found
