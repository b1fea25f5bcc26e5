"""The assignments: one file each, ``hw9_1_resnet_decay.py`` is ``9-1``. Listing them loads no paddle."""

from __future__ import annotations

import ast
import contextlib
import importlib
import re
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType

_FILE = re.compile(r"hw(\d+)(?:_(\d+))?_\w+\.py")


def list_homework() -> dict[str, Path]:
    """Assignment ID, such as "9-1", to its file, in the camp's order."""
    found = {}
    for path in Path(__file__).parent.glob("hw*.py"):
        if match := _FILE.fullmatch(path.name):
            found[tuple(int(part) for part in match.groups() if part)] = path
    return {"-".join(map(str, numbers)): found[numbers] for numbers in sorted(found)}


def title_of(path: Path) -> str:
    """The first line of a homework's docstring, read without running the file."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or path.stem).splitlines()[0]


def load(homework: str) -> ModuleType:
    """Import an assignment.

    Raises:
        CampError: there is no such ID; the message lists those there are.
    """
    from paddle_camp.errors import CampError

    known = list_homework()
    if homework not in known:
        raise CampError(f"there is no homework {homework!r}; there are: {', '.join(known)} (and: all)")
    return importlib.import_module(f"homework.{known[homework].stem}")


def run(homework: str, options=None):
    """Run one assignment and leave the files of the contract.

    Args:
        homework: its ID.
        options: :class:`paddle_camp.runs.Options`; None for the defaults.

    Returns:
        (the homework's :class:`~paddle_camp.results.Answer`, the run's folder).

    Raises:
        CampError: the command line, a setting or the data is wrong.
    """
    from paddle_camp import cluster, files, parallel, runs, runtime, settings

    options = options or runs.Options()
    module = load(homework)
    _check(homework, module, options)
    _say_what_is_ignored(homework, module, options)
    world = parallel.join(options.device)
    path, values, decided = parallel.from_first(lambda: _decide(homework, module, options))
    if world.size > 1:  # process 0 decides, but each knows its own device and where on its machine the data lie
        decided = replace(decided, device=options.device, data_dir=options.data_dir or decided.data_dir)
    options = decided
    device = runtime.choose_device(options.device)
    if options.amp and device == "cpu":
        print("--amp is for GPUs: on this CPU the run computes in float32", file=sys.stderr)
        options = replace(options, amp=False)
    address = options.cluster if getattr(module, "IS_SWEEP", False) else None
    with contextlib.ExitStack() as until_the_end:
        if address:
            until_the_end.enter_context(cluster.connected(address, __name__))
        path = parallel.from_first(lambda: path or runs.new_folder(homework, options))
        if world.rank == 0:
            until_the_end.enter_context(files.alone_in(path))
        folder = until_the_end.enter_context(parallel.apart(path))
        context = runs.Context(homework, folder, options, settings.as_dict(values), device)
        return _run_in(context, module, values), folder


def check(homework: str, options) -> None:
    """Raise what :func:`run` would before it makes a folder: an ID, a setting or an option is wrong."""
    module = load(homework)
    _check(homework, module, options)
    _decide(homework, module, options)


def _check(homework: str, module: ModuleType, options) -> None:
    """Refuse what this homework cannot do."""
    from paddle_camp import parallel, runs, visual

    if parallel.launched() > 1 and not getattr(module, "DATA_PARALLEL", False):
        raise runs.CampError(f"homework {homework} runs in one process: start it without paddle.distributed.launch")
    if options.visualdl:
        visual.require_visualdl()


def _say_what_is_ignored(homework: str, module: ModuleType, options) -> None:
    if (options.jobs not in (None, 1) or options.cluster) and not getattr(module, "IS_SWEEP", False):
        print(f"homework {homework} is no sweep: --jobs and --cluster change nothing", file=sys.stderr)
    if options.amp and getattr(module, "IS_SWEEP", False):
        print(f"homework {homework} computes in float32: --amp changes nothing", file=sys.stderr)


def _decide(homework: str, module: ModuleType, options):
    """The folder (None: a new one is to be made), settings and options of this run."""
    from paddle_camp import runs, settings

    if options.resume is None:
        start = module.QUICK if options.quick else module.Settings()
        return None, settings.override(start, options.overrides), options
    if options.overrides or options.quick:
        raise runs.CampError("--resume goes on with the run's own settings: leave out -o and --quick")
    path = runs.find_resumable(homework, options)
    saved, options = runs.read_config(path, options)
    return path, settings.restore(module.Settings, saved), options


def _run_in(context, module: ModuleType, values):
    from paddle_camp import runs, runtime, visual
    from paddle_camp.files import write_json
    from paddle_camp.memory import resident_peak

    began = time.monotonic() - runs.seconds_so_far(context.path)
    environment = runtime.environment()
    write_json(context.path / "env.json", environment)
    if not (context.path / "config.json").exists():
        runs.write_config(context)
    runs.write_metrics(context, "running", time.monotonic() - began, {})
    print(f"homework {context.homework} on {context.device}; files: {context.path}", file=sys.stderr)
    try:
        answer = module.run(values, context)
        seconds = time.monotonic() - began
        environment["peak_memory"] = resident_peak()
        write_json(context.path / "env.json", environment)
        runs.write_answer_files(context, answer, runs.facts(context, seconds, environment))
        if context.options.visualdl:
            visual.write_visualdl(context.path / "visualdl", answer.histories)
        runs.write_metrics(context, "done", seconds, answer.results)
    except BaseException as error:
        status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        with contextlib.suppress(OSError):  # the disk may be full: the error to report is the first one
            said = str(error) or type(error).__name__
            runs.write_metrics(context, status, time.monotonic() - began, {}, said)
        if isinstance(error, KeyboardInterrupt | OSError):  # with room on the disk again, say
            command = f"python tools/run_homework.py {context.homework} --resume {context.path}"
            with contextlib.suppress(OSError):
                print(f"go on with: {command}", file=sys.stderr)
        raise
    context.clean_up()
    return answer
