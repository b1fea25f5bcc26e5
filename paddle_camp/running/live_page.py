"""``live.html``: how far a run is and its curves so far, for a browser; written anew while it goes on (``--live``)."""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Template
from markupsafe import Markup

from paddle_camp import live
from paddle_camp.answers.page import html_templates
from paddle_camp.errors import one_line
from paddle_camp.files import read_json, write_text
from paddle_camp.running.context import Context
from paddle_camp.running.folder import resume_command
from paddle_camp.running.printing import printable
from paddle_camp.svg import EPOCHS, STEPS, Points, chart, colour, smoothed

FILE = "live.html"
REFRESH = 3  # seconds, in the browser
MOST = 24  # trainings that are shown; the last ones
MOST_POINTS = 2400  # of all trainings in a chart
STATES = {"running": "进行中", "done": "已完成", "interrupted": "已中断", "failed": "出错，没有完成"}
KEYS = {"name", "cell", "num_epochs", "num_steps", "first", "step", "ended", "broken_off", "began", "written"}
KEYS |= {"losses", "splits"}


class Training(NamedTuple):
    """A training on the page: its record, whether it goes on or was broken off, its colour, and whether it is of now.

    One that was broken off and is resumed may have been trained by an earlier process; ``of_now``: by this one.
    """

    record: dict[str, Any]
    goes_on: bool
    broken_off: bool
    colour: str
    of_now: bool = True

    @property
    def epochs(self) -> float:
        """How many are done; the present one counts in part."""
        return self.record["num_epochs"] * self.share

    @property
    def share(self) -> float:
        """How much of it is done."""
        return self.record["step"] / max(1, self.record["num_steps"])

    @property
    def latest(self) -> dict[str, float]:
        """Of each split the last loss and the last accuracy."""
        splits = self.record["splits"].items()
        return {f"{split} {name}": points[-1][1] for split, of in splits for name, points in of.items()}


class LivePage:
    """Writes the page of a run, every few seconds, in a thread: also where a step takes long, or others train.

    Where it cannot be written, one line says so once, and the training goes on.
    """

    def __init__(self, context: Context, title: str):
        self.context, self.title = context, title
        self.recording = live.Recording(lambda: context.checkpoints / "live")
        self.status, self.error, self.complained = "running", "", False
        self.began, self.pace, self.ended = time.time(), live.Pace(), threading.Event()
        self.thread = threading.Thread(target=self._go_on, name=FILE, daemon=True)

    def tell(self, status: str, error: str) -> None:
        """The run has this status now (see :meth:`~paddle_camp.running.context.Context.write_metrics`)."""
        self.status, self.error = status, error
        if status != "running":
            self.stop()
            self.recording.flush()
            self.write()
        elif self.thread.ident is None:
            print(printable(f"live: open {self.context.path / FILE} in a browser"), file=sys.stderr)
            self.write()
            self.thread.start()

    def stop(self) -> None:
        """Write it no more by itself."""
        self.ended.set()
        if self.thread.is_alive():
            self.thread.join()

    def _go_on(self) -> None:
        while not self.ended.wait(self.pace.due - time.monotonic()):
            self.write()

    def write(self) -> None:
        """Write the page as it is now."""
        try:
            with self.pace.writing():
                write_text(self.context.path / FILE, self.render())
        except Exception as error:  # a disk, or a record of a stranger's: no reason to end a training
            if not self.complained:
                why = one_line(getattr(error, "strerror", None) or error)
                said = f"--live: {self.context.path / FILE} cannot be written ({why}); the run goes on"
                print(printable(said), file=sys.stderr)
            self.complained = True

    def render(self) -> str:
        """The page."""
        trainings, more = self.trainings()
        sweep = self.recording.sweep
        left = time_left(trainings, sweep) if self.status == "running" else None
        return _template().render(
            title=self.title,
            status=self.status,
            state=STATES[self.status],
            refresh=REFRESH,
            error=self.error,
            notes=[info.stand_in_zh for info in self.context.stand_ins],
            data=self.context.data,
            device=self.context.device,
            sweep=sweep,
            share=shares(trainings, sweep),
            seconds=self.context.seconds,
            left=left,
            now=time.strftime("%H:%M:%S"),
            resume=resume_command(self.context.homework, self.context.path),
            charts=charts([each.record for each in trainings]),
            trainings=trainings,
            columns=list(dict.fromkeys(name for each in trainings for name in each.latest)),
            more=more,
            elsewhere=bool(self.context.options.cluster),
        )

    def trainings(self) -> tuple[list[Training], int]:
        """The last ones that have begun, in their order, and how many before them are left out."""
        there = (read_json(path) for path in sorted(self.recording.place().glob("*.json")))
        records = sorted((each for each in there if each.keys() >= KEYS), key=lambda each: each["began"])
        shown = records[-MOST:]
        found = []
        for index, each in enumerate(shown):
            of_now = each["written"] >= self.began
            goes_on = self.status == "running" and not each["ended"] and of_now
            broken_off = not goes_on and (each["broken_off"] or not each["ended"])
            found.append(Training(each, goes_on, broken_off, colour(index, len(shown)), of_now))
        return found, len(records) - len(shown)


@contextlib.contextmanager
def live_page(context: Context, title: str) -> Iterator[None]:
    """Inside, the run of ``context`` writes its page."""
    page = LivePage(context, title)
    context.told = page.tell
    try:
        with live.recorded(page.recording):
            yield
    finally:
        page.stop()


def shares(trainings: Sequence[Training], sweep: live.Sweep | None) -> float | None:
    """How much of the sweep, or else of the training that goes on, is done; None where nothing is known of it."""
    going = [each for each in trainings if each.goes_on]
    if sweep is not None:  # of a cell that trains several times, the present one counts
        of_cells = {each.record["cell"]: each.share for each in going}
        return (sweep.done + sum(of_cells.values())) / max(1, sweep.cells)
    return going[-1].share if going else None


def time_left(trainings: Sequence[Training], sweep: live.Sweep | None) -> float | None:
    """Seconds that the sweep, or else the training that goes on, will take if it goes on as it began; None: unknown."""
    going = [each for each in trainings if each.goes_on]
    share = shares(trainings, sweep)
    if share is None:
        return None
    if sweep is not None:
        resumed = {each.record["cell"]: each.record for each in trainings if each.of_now and each.record["cell"]}
        first = sweep.first + sum(each["first"] / max(1, each["num_steps"]) for each in resumed.values())
        before, seconds = first / max(1, sweep.cells), time.monotonic() - sweep.began
    else:
        record = going[-1].record
        before, seconds = record["first"] / max(1, record["num_steps"]), record["written"] - record["began"]
    return seconds * (1 - share) / (share - before) if share - before > 0.005 else None


def charts(records: Sequence[dict[str, Any]]) -> list[tuple[str, Markup, list[tuple[str, str]]]]:
    """(title, picture, (name, colour) of its lines where they are not the trainings) of every chart."""
    names = [each["name"] for each in records]
    drawn = [("训练损失（loss）", STEPS, names, [smoothed(each["losses"]) for each in records])]
    for measure, word in (("loss", "损失（loss）"), ("accuracy", "准确率（accuracy）")):
        splits = dict.fromkeys(name for each in records for name, of in each["splits"].items() if measure in of)
        if len(records) == 1:
            of = records[0]["splits"]
            drawn.append((word, EPOCHS, list(splits), [of[split][measure] for split in splits]))
            continue
        for split in (each for each in splits if each != "train"):  # the steps show that
            lines = [each["splits"].get(split, {}).get(measure, []) for each in records]
            drawn.append((f"{split} {word}", EPOCHS, names, lines))
    found = []
    for title, across, lines_of, lines in drawn:
        if any(lines):
            legend = [] if lines_of is names else [(n, colour(i, len(lines))) for i, n in enumerate(lines_of)]
            every = -(-sum(map(len, lines)) // MOST_POINTS)
            runs = [[_thinned(line, every)] if line else [] for line in lines]
            found.append((title, chart(title, runs, lines_of, across), legend))
    return found


def _thinned(line: Points, every: int) -> Points:
    """Each so many'th point, the last one among them."""
    return line[::-1][::every][::-1]


def minutes(seconds: float) -> str:
    """``41 秒``, ``3.2 分钟``."""
    return f"{seconds / 60:.1f} 分钟" if seconds >= 60 else f"{seconds:.0f} 秒"


@functools.cache  # once a process: it is compiled
def _template() -> Template:
    environment = html_templates(Path(__file__).parent)
    environment.filters["minutes"] = minutes
    return environment.get_template("live.html.j2")
