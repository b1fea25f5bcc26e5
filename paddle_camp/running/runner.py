"""Run one assignment from its settings to the files of the contract."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from paddle_camp import runtime
from paddle_camp.answers.answer import Answer
from paddle_camp.distributed import collectives
from paddle_camp.errors import CampError
from paddle_camp.files import write_json
from paddle_camp.running import outputs, settings, visualdl
from paddle_camp.running.catalogue import Catalogue, Page
from paddle_camp.running.context import Context
from paddle_camp.running.folder import alone_in, new_folder, resume_command
from paddle_camp.running.options import Options
from paddle_camp.running.resuming import find_resumable, read_config, seconds_so_far
from paddle_camp.speed.memory import resident_peak
from paddle_camp.sweeps import cluster


def run_assignment(catalogue: Catalogue, homework: str, options: Options) -> tuple[Answer, Path]:
    """Run one assignment and leave the files of the contract.

    Args:
        catalogue: has the assignment.
        homework: its ID.

    Returns:
        (the homework's :class:`~paddle_camp.answers.answer.Answer`, the run's folder).

    Raises:
        CampError: the command line, a setting or the data is wrong.
    """
    page = catalogue.load(homework)
    _refuse_what_it_cannot(homework, page, options)
    _say_what_is_ignored(homework, page, options)
    world = collectives.init_process_group(options.device)
    path, values, decided = collectives.broadcast_object(lambda: _decide(homework, page, options))
    if world.size > 1:  # process 0 decides, but each knows its own device and where on its machine the data lie
        decided = replace(decided, device=options.device, data_dir=options.data_dir or decided.data_dir)
    options = decided
    device = runtime.choose_device(options.device)
    if options.amp and device == "cpu":
        print("--amp is for GPUs: on this CPU the run computes in float32", file=sys.stderr)
        options = replace(options, amp=False)
    with contextlib.ExitStack() as until_the_end:
        if options.cluster and is_sweep(page):
            until_the_end.enter_context(cluster.connected(options.cluster, page.run.__module__))
        open_folder = _folder_opener(until_the_end, path, lambda: new_folder(homework, options))
        context = Context(homework, open_folder, options, settings.as_dict(values), device)
        if path is not None:
            context.began -= seconds_so_far(path)
            context.path  # noqa: B018  (a resumed run's folder is held from the start)
        return _run_in(context, page, values), context.path


def check(catalogue: Catalogue, homework: str, options: Options) -> None:
    """Raise what :func:`run_assignment` would before it loads data: an ID, a setting or an option is wrong."""
    page = catalogue.load(homework)
    _refuse_what_it_cannot(homework, page, options)
    _decide(homework, page, options)


def is_sweep(page: Page) -> bool:
    """Whether the page trains many cells, which ``--jobs`` and ``--cluster`` spread."""
    return getattr(page, "IS_SWEEP", False)


def _folder_opener(
    until_the_end: contextlib.ExitStack, resumed: Path | None, make: Callable[[], Path]
) -> Callable[[], Path]:
    """How the run's folder is opened, once: held in process 0, a temporary one of its own in every other process."""

    def open_folder() -> Path:
        if collectives.world().rank > 0:
            return own
        path = resumed or make()
        until_the_end.enter_context(alone_in(path))
        return path

    own = until_the_end.enter_context(collectives.own_folder())
    return open_folder


def _refuse_what_it_cannot(homework: str, page: Page, options: Options) -> None:
    if collectives.launched_processes() > 1 and not getattr(page, "DATA_PARALLEL", False):
        raise CampError(f"homework {homework} runs in one process: start it without paddle.distributed.launch")
    if options.visualdl:
        visualdl.require_visualdl()


def _say_what_is_ignored(homework: str, page: Page, options: Options) -> None:
    if (options.jobs not in (None, 1) or options.cluster) and not is_sweep(page):
        print(f"homework {homework} is no sweep: --jobs and --cluster change nothing", file=sys.stderr)
    if options.amp and is_sweep(page):
        print(f"homework {homework} computes in float32: --amp changes nothing", file=sys.stderr)


def _decide(homework: str, page: Page, options: Options) -> tuple[Path | None, Any, Options]:
    """The folder (None: a new one is to be made), settings and options of this run."""
    if options.resume is None:
        start = page.QUICK if options.quick else page.Settings()
        return None, settings.override(start, options.overrides), options
    if options.overrides or options.quick:
        raise CampError("--resume goes on with the run's own settings: leave out -o and --quick")
    path = find_resumable(homework, options)
    saved, options = read_config(path, options)
    return path, settings.restore(page.Settings, saved), options


def _run_in(context: Context, page: Page, values: Any) -> Answer:
    try:
        answer = page.run(values, context)
        context.environment["peak_memory"] = resident_peak()
        write_json(context.path / "env.json", context.environment)
        outputs.write_answer_files(context, answer)
        if context.options.visualdl:
            visualdl.write_visualdl(context.path / "visualdl", answer.histories)
        context.write_metrics("done", answer.results)
    except BaseException as error:
        if context.is_open or not isinstance(error, CampError | KeyboardInterrupt):  # else it has not begun
            _record(context, error)
        raise
    context.clean_up()
    return answer


def _record(context: Context, error: BaseException) -> None:
    """Note in ``metrics.json`` how the run ended, and say how to go on where that is possible."""
    interrupted = isinstance(error, KeyboardInterrupt)
    with contextlib.suppress(OSError, CampError):  # the disk may be full: the error to report is the first one
        said = str(error) or type(error).__name__
        context.write_metrics("interrupted" if interrupted else "failed", error=said)
    if context.is_open and (interrupted or isinstance(error, OSError)):  # with room on the disk again, say
        with contextlib.suppress(OSError):
            print(f"go on with: {resume_command(context.homework, context.path)}", file=sys.stderr)
