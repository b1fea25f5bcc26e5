"""What the trainings of homework 2-2 show about small and large batches, over their seeds."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from paddle_camp.comparisons import EVEN, Verdict, compare_paired, find_best, holm, not_beaten
from paddle_camp.sweeps.grid import Grid

ALIKE = np.log(1.25)  # two numbers of steps are alike where neither is a quarter more than the other


def column(cells: list[dict], key: str) -> np.ndarray | None:
    """A number for each seed; None where a training diverged or did not get there."""
    values = [cell.get(key) for cell in cells]
    return None if None in values else np.array(values, np.float64)


def lower(first: np.ndarray | None, second: np.ndarray | None) -> Verdict:
    """The verdict on numbers of which lower ones are better."""
    return EVEN if first is None or second is None else compare_paired(first, second, lower_is_better=True)["verdict"]


def alike(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    """Whether the interval of their ratio, over the seeds, lies within what counts as alike."""
    if first is None or second is None or len(first) < 2:
        return False
    ratio = compare_paired(np.log(first), np.log(second))
    low, high = ratio["interval"] or 2 * [ratio["difference"]]  # where every seed gives the same ratio
    return bool(low > -ALIKE and high < ALIKE)


def judge(grid: Grid, rows: int, target: float) -> dict[str, Any]:
    """Verdicts on the largest batch against the smallest, at the first and at the last learning rate.

    Args:
        grid: of the trainings, by rate, batch_size (from small to large) and seed.
        rows: of the training data.
        target: the training loss to reach, in least-squares losses.

    Returns:
        ``epochs``, ``steps_alike`` and ``higher_rate`` (its steps with the largest batch) are of the way to the target,
        ``small_hovers`` and ``large_settles`` say whether the loss ends above, or below it, from every seed at the last
        rate; ``low_rate`` is of the end with the smallest batch at the first rate against the last. ``lowest_test`` and
        ``lowest_train`` are places in the grid without the seeds, and ``test_differs`` whether their test errors do.
        Cannot be told apart: also what a training that diverged or did not arrive leaves open.
    """
    kinds, sizes = list(grid.over("seed", list).results.values()), grid.axes["batch_size"]
    small, large, fast, fast_large = (kinds[k] for k in (0, len(sizes) - 1, -len(sizes), -1))
    steps, other = column(large, "steps"), column(small, "steps")
    per_epoch = [-(-rows // size) for size in (sizes[-1], sizes[0])]
    epochs = [None if s is None else s / n for s, n in zip((steps, other), per_epoch, strict=True)]
    found: dict[str, Any] = {"epochs": lower(*epochs), "steps_alike": alike(steps, other)}
    found["higher_rate"] = lower(column(fast_large, "steps"), steps)
    ends = column(fast, "hover"), column(fast_large, "hover")
    found["small_hovers"] = ends[0] is not None and bool((ends[0] > target).all())
    found["large_settles"] = ends[1] is not None and bool((ends[1] < target).all())
    found["low_rate"] = lower(column(small, "hover"), column(fast, "hover"))
    tests = {k: values for k, kind in enumerate(kinds) if (values := column(kind, "test")) is not None}
    if tests:
        best = find_best(tests, lower_is_better=True)
        lowest = min(tests, key=lambda k: column(kinds[k], "hover").sum())
        differs = lowest not in (best["name"], *not_beaten(best["against"]))
        found |= {"lowest_test": best["name"], "lowest_train": lowest, "test_differs": differs}
    return found


def judge_times(grid: Grid, rows: int, target: float, seconds: list[float | None]) -> dict[str, Any]:
    """Verdicts on this machine's times, which another run will not repeat; for the other arguments see :func:`judge`.

    Args:
        seconds: to the target of each kind, None where it was not reached.

    Returns:
        ``epoch``: an epoch of the smallest batch against one of the largest; ``quickest``: the place of the kind that
        reached the target soonest and stayed below it, from every seed, None where none did; ``others``: how many more
        did so; ``near``: those of them not to be told from it by the seconds of every seed's own training, which
        scatter with the steps and with the machine.
    """
    kinds, sizes = list(grid.over("seed", list).results.values()), grid.axes["batch_size"]
    ends = [(column(kinds[k], "per_step"), -(-rows // sizes[k])) for k in (0, len(sizes) - 1)]
    found: dict[str, Any] = {"epoch": lower(*(None if s is None else s * n for s, n in ends))}
    times, settled = {}, {}
    for k, kind in enumerate(kinds):
        hover, steps, per_step = (column(kind, key) for key in ("hover", "steps", "per_step"))
        if hover is not None and steps is not None and per_step is not None and hover.max() < target:
            times[k] = np.log(steps * per_step)  # by ratios: they go from milliseconds to seconds
            settled[k] = seconds[k]
    if not times:
        return found | {"quickest": None, "others": 0, "near": []}
    quickest = min(settled, key=lambda k: settled[k])
    pairs = {k: compare_paired(times[quickest], t, lower_is_better=True) for k, t in times.items() if k != quickest}
    return found | {"quickest": quickest, "others": len(pairs), "near": not_beaten(holm(pairs))}


def linear_scaling(grid: Grid, rows: int) -> dict[str, Any] | None:
    """Whether a batch k times as large, at k times the rate, needs as many epochs (Goyal et al., 2017).

    Returns:
        The first pair of the grid that has such a k, with the median epochs of both, and whether they are ``alike``;
        None where there is no such pair, or one of the two did not arrive from every seed.
    """
    kinds = list(grid.over("seed", list).items())
    for (_, first, cells), (_, second, others) in itertools.combinations(kinds, 2):
        factor = second["batch_size"] / first["batch_size"]
        steps, more = column(cells, "steps"), column(others, "steps")
        if factor > 1 and np.isclose(second["rate"] / first["rate"], factor) and steps is not None and more is not None:
            epochs = [s / -(-rows // at["batch_size"]) for s, at in ((steps, first), (more, second))]
            medians = [float(np.median(each)) for each in epochs]
            return {"factor": factor, "pair": [first, second], "epochs": medians, "alike": alike(*epochs)}
    return None
