"""Run one assignment, from its settings to its output files."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from paddle_camp import first_batch, machine, runtime
from paddle_camp.answers.answer import Answer
from paddle_camp.distributed import collectives
from paddle_camp.errors import CampError
from paddle_camp.files import write_json
from paddle_camp.running import again, outputs, settings, visualdl
from paddle_camp.running.catalogue import Catalogue, Page
from paddle_camp.running.context import Context
from paddle_camp.running.diagnosing import add_diagnosis
from paddle_camp.running.folder import alone_in, new_folder, resume_command
from paddle_camp.running.interpreting import add_interpretation
from paddle_camp.running.live_page import live_page
from paddle_camp.running.manifest import remove_manifest, write_manifest
from paddle_camp.running.model_card import write_model_card
from paddle_camp.running.options import Options
from paddle_camp.running.resuming import find_resumable, read_config, seconds_so_far
from paddle_camp.speed.memory import resident_peak
from paddle_camp.sweeps import cluster
from paddle_camp.training import progress
from paddle_camp.training.progress import Interrupted


def run_assignment(catalogue: Catalogue, homework: str, options: Options) -> tuple[Answer, Path]:
    """Run one assignment and write its output files.

    Args:
        catalogue: contains the assignment.
        homework: its ID.

    Returns:
        (the homework's :class:`~paddle_camp.answers.answer.Answer`, the run's folder).

    Raises:
        CampError: the command line, a setting or the data is wrong.
    """
    page = catalogue.load(homework)
    _check_supported(homework, page, options)
    _report_ignored(homework, page, options)
    world = collectives.init_process_group(options.device)
    path, values, decided = collectives.broadcast_object(lambda: _decide(homework, page, options))
    if world.size > 1:  # rank 0 decides, but device and data_dir are each rank's own
        decided = replace(decided, device=options.device, data_dir=options.data_dir or decided.data_dir)
    options = decided
    device = runtime.choose_device(options.device)
    if options.amp and device == "cpu" and (reason := machine.why_no_bfloat16()):
        print(f"--amp: {reason}; the run computes in float32", file=sys.stderr)
        options = replace(options, amp=False)
    with contextlib.ExitStack() as until_the_end:
        if world.size == 1:  # else the launcher ends the processes, each by its own error
            until_the_end.enter_context(runtime.ended_as_by_ctrl_c())
        if options.cluster and is_sweep(page):
            until_the_end.enter_context(cluster.connected(options.cluster, page.run.__module__))
        open_folder = _folder_opener(until_the_end, path, lambda: new_folder(homework, options))
        context = Context(homework, open_folder, options, settings.as_dict(values), device)
        if options.live and world.rank == 0:
            until_the_end.enter_context(live_page(context, catalogue.assignments[homework].title))
        if path is not None:
            context.began -= seconds_so_far(path)
            context.open()  # the folder of a resumed run is locked from the start
        return _run_in(context, page, values), context.path


def check(catalogue: Catalogue, homework: str, options: Options) -> None:
    """Check ID, settings and options as :func:`run_assignment` does before it loads data; raises the same errors."""
    page = catalogue.load(homework)
    _check_supported(homework, page, options)
    _decide(homework, page, options)


def is_sweep(page: Page) -> bool:
    """Whether the page is a sweep, whose cells ``--jobs`` and ``--cluster`` run in parallel."""
    return getattr(page, "IS_SWEEP", False)


def _folder_opener(
    until_the_end: contextlib.ExitStack, resumed: Path | None, make: Callable[[], Path]
) -> Callable[[], Path]:
    """A function that opens the run's folder, once: locked on rank 0, a temporary folder on every other rank."""

    def open_folder() -> Path:
        if own is not None:
            return own
        path = resumed or make()
        until_the_end.enter_context(alone_in(path))
        remove_manifest(path)
        return path

    own = until_the_end.enter_context(collectives.own_folder())
    return open_folder


def _check_supported(homework: str, page: Page, options: Options) -> None:
    """Raise :class:`CampError` if the page cannot run with these options."""
    if collectives.launched_processes() > 1 and not getattr(page, "DATA_PARALLEL", False):
        raise CampError(f"homework {homework} runs in one process: start it without paddle.distributed.launch")
    if options.visualdl:
        visualdl.require_visualdl()


def _report_ignored(homework: str, page: Page, options: Options) -> None:
    """Print which options have no effect on this page."""
    if (options.jobs not in (None, 1) or options.cluster) and not is_sweep(page):
        print(f"homework {homework} is no sweep: --jobs and --cluster change nothing", file=sys.stderr)
    if options.amp and is_sweep(page) and not getattr(page, "MIXED_PRECISION", False):
        print(f"homework {homework} computes in float32: --amp changes nothing", file=sys.stderr)


def _decide(homework: str, page: Page, options: Options) -> tuple[Path | None, Any, Options]:
    """The folder (None: a new one is created later), settings and options of this run."""
    if options.resume is None:
        start = page.QUICK if options.quick else page.Settings()
        if options.config is not None:
            if options.quick:
                raise CampError("--config has its own settings: leave out --quick")
            again.homework_of(options.config, [homework])
            start, options = again.settings_of(options.config, page.Settings), again.options_of(options.config, options)
        options = replace(options, seed=options.seed or 0)
        return None, settings.override(start, options.overrides), options
    if options.overrides or options.quick or options.config:
        raise CampError("--resume goes on with the run's own settings: leave out -o, --quick and --config")
    path = find_resumable(homework, options)
    saved, options = read_config(path, options)
    return path, settings.restore(page.Settings, saved), options


def _run_in(context: Context, page: Page, values: Any) -> Answer:
    logs = visualdl.LiveLogs(lambda: context.path / "visualdl")
    logged = context.options.visualdl and collectives.world().rank == 0
    try:
        watched = progress.watched_by(logs.begin) if logged else contextlib.nullcontext()
        with watched, first_batch.kept_at(lambda: first_batch.file_in(context.checkpoints)):
            answer = page.run(values, context)
        add_interpretation(context, answer)
        add_diagnosis(context, answer)
        context.environment["peak_memory"] = resident_peak()
        write_json(context.path / "env.json", context.environment)
        outputs.write_answer_files(context, page, answer)
        write_model_card(context, answer, (page.__doc__ or "").partition("\n")[0])
        if logged:
            logs.finish(answer.histories)
        context.write_metrics("done", answer.results, headline=answer.headline)
    except BaseException as error:
        if context.is_open or not isinstance(error, CampError | KeyboardInterrupt):  # else nothing has been written yet
            _record(context, error)
        raise
    context.clean_up()
    write_manifest(context.path, answer.headline_from_predictions)
    return answer


def _record(context: Context, error: BaseException) -> None:
    """Write to ``metrics.json`` how the run ended, and print the command that resumes it where that can help."""
    interrupted = isinstance(error, KeyboardInterrupt)
    command = resume_command(context.homework, context.path) if context.is_open else ""
    if isinstance(error, Interrupted) and command:  # it speaks of one training
        error.args = (f"interrupted; go on with: {command}",)
    with contextlib.suppress(OSError, CampError):  # the disk may be full; the first error is the one to report
        said = str(error) or type(error).__name__
        context.write_metrics("interrupted" if interrupted else "failed", error=said)
    if command and (interrupted or isinstance(error, OSError)):  # once there is room on the disk, for example
        with contextlib.suppress(OSError):
            print(f"go on with: {command}", file=sys.stderr)
