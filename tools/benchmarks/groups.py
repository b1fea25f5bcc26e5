"""The register of groups: a function that yields its tables anew after every row; its docstring is its title."""

from __future__ import annotations

from tools.benchmarks.groups_course import lenet_epoch, readers, startup, sweep
from tools.benchmarks.groups_speed import evaluate, optimisations, profile, train
from tools.benchmarks.growth import growth

GROUPS = {
    "train": train,
    "optimisations": optimisations,
    "profile": profile,
    "evaluate": evaluate,
    "readers": readers,
    "lenet-epoch": lenet_epoch,
    "sweep": sweep,
    "growth": growth,
    "startup": startup,
}
GPU_GROUPS = ("train", "evaluate")  # what the others measure is the CPU's work
