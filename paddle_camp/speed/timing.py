"""Several computations timed in turns, so that whatever else the machine does slows all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping


def time_in_turns(functions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Call each of ``functions`` once a round, after a first round that does not count.

    Args:
        functions: name -> what is timed; on a GPU it must wait for its result.

    Returns:
        Name -> ``rounds`` durations, seconds; those of one round belong together.
    """
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(rounds + 1):
        for name, function in functions.items():
            began = time.perf_counter()
            function()
            if turn:
                seconds[name].append(time.perf_counter() - began)
    return seconds
