"""A benchmark whose measurements are faked, and what each of the real workers finds out."""

from __future__ import annotations

import sys
from pathlib import Path

from paddle_camp import list_models, machine
from tools.benchmarks import op_times
from tools.benchmarks.bench import Bench

PYTHON = sys.executable
STEP = {"seconds", "each", "images_per_second", "parameters", "peak_memory"}
# Worker -> what it finds out; the workers' own tests hold them to it.
KEYS = dict.fromkeys(("paddle_steps", "torch_steps"), STEP | op_times.ALL)
KEYS |= {"reading": {"opening", "processor", "first", "again", "peak_memory"}}
KEYS |= {"lenet_epoch": {"seconds", "training", "accuracy", "peak_memory"}}


def fake_bench(tmp_path: Path, measure, group: str = "train", **changes) -> Bench:
    values = {"rounds": 2, "quick": True, "device": "cpu", "torch_python": PYTHON, "cores": 4}
    values |= {"models": list_models(), "out": tmp_path, "scratch": tmp_path / "scratch"}
    values |= {"optimisations": machine.OPTIMISATIONS, "step_optimisations": machine.STEP_OPTIMISATIONS}
    return Bench(group=group, measure=measure, log=[], **values | changes)
