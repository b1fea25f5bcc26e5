"""What the trainings of homework 2-2 show about small and large batches, over their seeds."""

from __future__ import annotations

from typing import Any

import numpy as np

from paddle_camp.comparisons import EVEN, Verdict, compare_paired, find_best, not_beaten
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


def judge_times(grid: Grid, rows: int, target: float, per_step: list[float | None]) -> dict[str, Any]:
    """Verdicts on this machine's times, which another run will not repeat; for the other arguments see :func:`judge`.

    Args:
        per_step: seconds of a step of each kind, None where all of its size diverged. What else the machine did has
            been taken out of them, so that the seeds' numbers of steps are what scatters.

    Returns:
        ``epoch``: an epoch of the smallest batch against one of the largest; ``quickest``: the place of the kind that
        reached the target soonest and stayed below it, None where none did; ``near``: those not to be told from it.
    """
    kinds, sizes = list(grid.over("seed", list).results.values()), grid.axes["batch_size"]
    ends = [(column(kinds[k], "per_step"), -(-rows // sizes[k])) for k in (0, len(sizes) - 1)]
    found: dict[str, Any] = {"epoch": lower(*(None if s is None else s * n for s, n in ends))}
    times = {}
    for k, (kind, seconds) in enumerate(zip(kinds, per_step, strict=True)):
        hover, steps = column(kind, "hover"), column(kind, "steps")
        if hover is not None and steps is not None and seconds and hover.max() < target:
            times[k] = np.log(steps * seconds)  # by ratios: they go from milliseconds to seconds
    best = find_best(times, lower_is_better=True) if times else {"name": None, "against": {}}
    return found | {"quickest": best["name"], "near": not_beaten(best["against"])}
