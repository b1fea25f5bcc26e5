"""The options of a run, the same for every homework."""

from __future__ import annotations

from dataclasses import dataclass

from paddle_camp.errors import CampError


@dataclass(frozen=True)
class Options:
    """The command line of a run, as :mod:`paddle_camp.commands.run` or a notebook gives it; see the README."""

    data: str = "auto"
    data_dir: str | None = None
    device: str = "auto"
    amp: bool = False
    quick: bool = False
    seed: int = 0
    overrides: tuple[str, ...] = ()
    out: str | None = None
    resume: str | None = None  # None: a new run; "": the latest one; else its folder
    jobs: int | None = None  # None: one; on a cluster as many as it has room for
    cluster: str | None = None
    visualdl: bool = False
    debug: bool = False

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise CampError(f"--seed {self.seed}: give 0 or a positive number")
        if self.jobs is not None and self.jobs < 1:
            raise CampError(f"--jobs {self.jobs}: give 1 or more")
