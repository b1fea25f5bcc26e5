"""What a group is given to measure with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.benchmarks.contest import Contender, Measurement, Results, contest
from tools.benchmarks.timing import SHORT


@dataclass(frozen=True)
class Bench:
    """The settings of a benchmark, and the log of everything it measures.

    Attributes:
        group: the name under which measurements are logged.
        rounds: turns of each contender.
        quick: tiny settings.
        device: "cpu" or "gpu".
        torch_python: the interpreter for PyTorch.
        cores: physical ones.
        models, optimisations: the names there are; step_optimisations: those of a training step on the CPU.
        out: where figures go; the report's folder.
        scratch: an empty folder, removed after the group.
        measure: runs a contender once; see :func:`tools.benchmarks.contest.measure`.
        log: gets every measurement.
    """

    group: str
    rounds: int
    quick: bool
    device: str
    torch_python: str
    cores: int
    models: Sequence[str]
    optimisations: Sequence[str]
    step_optimisations: Sequence[str]
    out: Path
    scratch: Path
    measure: Callable[[Contender], Measurement]
    log: list[dict[str, Any]]

    @property
    def timing(self) -> dict[str, float]:
        """How long steps are timed; see :func:`tools.benchmarks.timing.timed_steps`."""
        return SHORT if self.quick else {}

    def contest(self, row: str, contenders: Sequence[Contender]) -> Results:
        """Let contenders take turns, log every measurement under ``row`` and say on stderr how it goes."""

        def note(name: str, number: int, found: Measurement) -> None:
            self.log.append({"group": self.group, "row": row, "contender": name, "round": number} | found)
            said = f"not measured: {found['error']}" if "error" in found else f"{found['wall_seconds']:.1f} s in all"
            line = f"[{self.group}] {row}, {name}, round {number} of {self.rounds}: {said}"
            print(line, file=sys.stderr, flush=True)

        return contest(contenders, self.rounds, self.measure, note)
