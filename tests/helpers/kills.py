"""Runs of homework that are killed, resumed and killed again, and compared with one that never was.

A run is a real process with a folder of its own that holds ``runs/`` and ``cache/``. It is killed (SIGKILL) at a
change in that folder (see killing/sitecustomize.py) or at an instant, looked at, and resumed until it ends.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.helpers.outcomes import compare, look_at, outcome

ROOT = Path(__file__).resolve().parents[2]
HOOK = Path(__file__).parent / "killing"
LIMIT = 600  # seconds after which a process counts as hanging
NO_RUN = ("no run folder", "no run of")  # what --resume says where the kill came before there was anything


@dataclass(frozen=True)
class Task:
    """A homework and how it is started.

    Args:
        arguments: of the command line, without ``--out``.
        script: the tool, or one that does more.
        launch: words before the script's name, such as a launcher's.
        rank: of the launched processes the one that is killed at a change; None: there is one process.
    """

    homework: str
    arguments: tuple[str, ...]
    script: str = "tools/run_homework.py"
    launch: tuple[str, ...] = ()
    rank: int | None = None

    def start(self, place: Path, arguments: tuple[str, ...], more: dict[str, str]) -> subprocess.Popen:
        """The process, in a session of its own, which prints to ``said.txt`` in ``place``."""
        environment = os.environ | {"PYTHONPATH": f"{HOOK}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"}
        environment |= {"PADDLE_CAMP_CACHE": str(place / "cache"), "PADDLE_CAMP_OFFLINE": "1"} | more
        command = [sys.executable, *self.launch, ROOT / self.script, self.homework, "--device", "cpu"]
        command = [str(part) for part in (*command, "--out", place / "runs", *arguments)]
        with (place / "said.txt").open("w") as said:
            return subprocess.Popen(
                command, stdout=said, stderr=said, env=environment, cwd=place, start_new_session=True
            )


@dataclass
class Campaign:
    """Kills of one task: what a run that is never killed leaves, and how much has been killed."""

    task: Task
    folder: Path
    runs: int = 0
    kills: int = 0
    seconds: float = 0.0  # that the run takes which is never killed
    changes: int = 0  # in its folder
    whole: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        place = self.folder / "whole"
        place.mkdir()
        began, count = time.monotonic(), self.folder / "count"
        watched = {"KILL_IN": str(place), "KILL_AT": "0", "KILL_COUNT": str(count)}
        process = self.task.start(place, self.task.arguments, watched | self._rank())
        assert process.wait(LIMIT) == 0, said(place)
        self.seconds, self.changes = time.monotonic() - began, count.stat().st_size
        self.whole = outcome(runs_in(place, self.task)[-1])

    def _rank(self) -> dict[str, str]:
        return {} if self.task.rank is None else {"KILL_RANK": str(self.task.rank)}

    def at_changes(self, *numbers: int) -> None:
        """Kill a run at a change, its resumption at the next number, and so on; then let it end, and compare."""
        before = self.kills
        self._chain([lambda place, n=n: self._killed_at_change(place, n) for n in numbers])
        assert self.kills > before

    def at_instants(self, rng: random.Random, times: int) -> None:
        """The same at random instants of the time that a whole run takes."""
        instants = [rng.uniform(0, self.seconds) for _ in range(times)]
        self._chain([lambda place, t=t: self._killed_at_instant(place, t, rng) for t in instants])

    def _chain(self, kills: list[Callable[[Path], bool]]) -> None:
        """Start, kill, look, resume ... and compare what the last one leaves."""
        self.runs += 1
        place = self.folder / f"cut-{self.runs}"
        place.mkdir()
        for kill in kills:
            if kill(place):
                break  # the run was done before its time came
            self.kills += 1
            for run in runs_in(place, self.task):
                look_at(run, place)
        else:
            self._to_the_end(place)
        runs = [run for run in runs_in(place, self.task) if (run / "config.json").exists()]
        assert len(runs) == 1, runs  # every resumption went on in the folder
        compare(self.whole, outcome(runs[0]))
        assert leftovers(place) == []
        shutil.rmtree(place)
        print(f"{self.task.homework}: {self.runs} runs, {self.kills} kills so far")

    def _arguments(self, place: Path) -> tuple[str, ...]:
        """Of a resumption; of a start, where the kill came before there was a run."""
        latest = place / "runs" / self.task.homework / "latest" / "config.json"
        return ("--resume",) if latest.exists() else self.task.arguments

    def _to_the_end(self, place: Path) -> None:
        process = self.task.start(place, self._arguments(place), {})
        status = process.wait(LIMIT)
        assert status == 0 or ended_before(place), said(place)

    def _killed_at_change(self, place: Path, number: int) -> bool:
        """Whether the process came to its end before."""
        watched = {"KILL_IN": str(place), "KILL_AT": str(number)} | self._rank()
        process = self.task.start(place, self._arguments(place), watched)
        status = process.wait(LIMIT)
        all_gone(process.pid)
        if status == 0 or ended_before(place):
            return True
        assert self.task.rank is not None or status == -signal.SIGKILL, said(place)
        return False

    def _killed_at_instant(self, place: Path, seconds: float, rng: random.Random) -> bool:
        process = self.task.start(place, self._arguments(place), {})
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            workers = children_of(process.pid) if self.task.rank is not None else []
            chosen = [rng.choice(workers)] if workers and rng.random() < 0.7 else [*workers, process.pid]
            for pid in chosen:  # one of several, or all of them, as where the power fails
                os.kill(pid, signal.SIGKILL)
            status = process.wait(LIMIT)
        all_gone(process.pid)
        ended = status == 0 or ended_before(place)
        assert ended or status == -signal.SIGKILL or self.task.rank is not None, said(place)
        return ended


def said(place: Path) -> str:
    """The end of what the last process printed."""
    return (place / "said.txt").read_text(encoding="utf-8", errors="replace")[-3000:]


def ended_before(place: Path) -> bool:
    """The kill came when everything was written: there is nothing to resume."""
    return "is done already" in said(place)


def children_of(process: int) -> list[int]:
    """The processes that this one has started and that are alive."""
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def all_gone(group: int) -> None:
    """Wait until the processes that a killed one has started are gone too."""
    for _ in range(300):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise AssertionError(f"processes of {group} are alive 30 seconds after it was killed")


def runs_in(place: Path, task: Task) -> list[Path]:
    """The folders of the task's runs, the oldest first."""
    return sorted(path for path in (place / "runs" / task.homework).glob("2*") if path.is_dir())


def leftovers(place: Path) -> list[Path]:
    """Files and folders of unfinished writing."""
    hidden = [path for path in place.rglob(".*") if path.name != ".lock"]
    return hidden + [path for path in place.rglob("*") if path.suffix in (".new", ".tmp", ".partial", ".old")]
