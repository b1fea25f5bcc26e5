"""Where the time of a step goes: operators of Paddle and PyTorch sorted into the same few kinds. Loads neither."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

# Kind -> what the names of its operators contain; the first that fits counts.
KINDS = {
    "convolution": "conv",
    "pool": "pool",
    "norm": "batch_?norm",
    "dense": "matmul|addmm|linear|::mm",
    "optimizer": "optimi[sz]|momentum|sgd|foreach",
    "elementwise": "relu|sigmoid|add|mul|cat|dropout|threshold|clamp|bernoulli|div|fill|copy|zero|sum|softmax",
}
OTHER = "other"
ALL = {*KINDS, OTHER}


def kind_of(operator: str) -> str:
    """The kind of an operator, by its name."""
    return next((kind for kind, pattern in KINDS.items() if re.search(pattern, operator, re.IGNORECASE)), OTHER)


def by_kind(times: Iterable[tuple[str, float]], steps: int) -> dict[str, float]:
    """Seconds a step of each kind, from (name of the operator, seconds) of ``steps`` steps."""
    found = dict.fromkeys([*KINDS, OTHER], 0.0)
    for operator, seconds in times:
        found[kind_of(operator)] += seconds / steps
    return found


def paddle_times(trace: Path) -> list[tuple[str, float]]:
    """(name, seconds) of the operators in a trace of ``paddle.profiler.export_chrome_tracing``.

    A forward call is "conv2d dygraph", a backward one "Local_Conv2dGradNode..."; both have their time behind them in
    brackets, and what stands below or above them in the call tree would count it twice.
    """
    events = json.loads(trace.read_text())["traceEvents"]
    named = [(event["name"].partition("[")[0], event["dur"] / 1e6) for event in events if event.get("ph") == "X"]
    return [(name, seconds) for name, seconds in named if name.endswith(" dygraph") or name.startswith("Local_")]
