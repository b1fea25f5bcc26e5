"""Run assignments of a catalogue: ``run 9-1``. See README.md."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from paddle_camp.commands.listing import Run, latest_run, list_lines, summary_lines
from paddle_camp.commands.parsing import add_common_options
from paddle_camp.commands.reporting import escape_what_cannot_be_shown, guarded, report, unless_unread, while_read
from paddle_camp.errors import CampError
from paddle_camp.running.catalogue import Catalogue
from paddle_camp.running.options import DATA, Options


def build_parser(program: str | None = None) -> argparse.ArgumentParser:
    """The command line of the contract."""
    parser = argparse.ArgumentParser(
        program,
        description="Run homework of the deep-learning training camp; plots and the answer land in runs/ID/latest/.",
        epilog="exit status: 0 done, 1 the run failed, 2 command line, setting or data wrong, 130 interrupted",
    )
    add = parser.add_argument
    add("ids", nargs="*", metavar="ID", help="assignments such as 9-1, a course, or all")
    add("--list", action="store_true", help="list the assignments")
    add("--data", choices=DATA, default="auto", help="auto: real if found, else stand-in")
    add("--data-dir", metavar="DIR", help="where to look for data first (also $PADDLE_CAMP_DATA)")
    add("--amp", action="store_true", help="mixed precision: on a GPU, or a CPU made for bfloat16")
    add("--quick", action="store_true", help="small settings that end in a minute or two on a CPU")
    add("--seed", type=int, metavar="N", help="default 0")
    add("-o", dest="overrides", action="append", default=[], metavar="key=value", help="override a setting")
    add("--image", metavar="FILE", help="5-1: a picture of your own digit, the same as -o image=FILE")
    add("--out", metavar="DIR", help="default runs/ (work/runs/ on AI Studio)")
    add("--resume", nargs="?", const="", metavar="RUN_DIR", help="go on with an interrupted run (default: the latest)")
    add("--config", metavar="FILE", help="run again what a run's config.json says; -o and --seed go before it")
    add("--render", metavar="RUN_DIR", help="write answer.md and report.html of a finished run anew, without training")
    add("--jobs", type=int, metavar="N", help="sweeps: how many trainings run side by side (default 1)")
    add("--cluster", metavar="auto|ADDRESS", help="sweeps: run on a Ray cluster, at its full width")
    add("--live", action="store_true", help="show the curves while it trains, on a page for the browser: live.html")
    add("--visualdl", action="store_true", help="also write VisualDL logs")
    add_common_options(parser)
    return parser


def main(catalogue: Catalogue, arguments: Sequence[str] | None = None, program: str | None = None) -> int:
    """Run the command line and return its exit status."""
    escape_what_cannot_be_shown()
    parser = build_parser(program)
    parsed = vars(parser.parse_args(arguments))
    names, listing, rendered = (parsed.pop(key) for key in ("ids", "list", "render"))
    if image := parsed.pop("image"):
        parsed["overrides"].append(f"image={image}")
    if listing:
        return print_list(catalogue)
    if rendered is not None:
        changes = {
            key for key in ("quick", "seed", "resume", "config", "overrides") if parsed[key] not in (None, False, [])
        }
        if changes:
            parser.error(f"--render {rendered}: trains nothing: leave out {', '.join(sorted(changes))}")
        if names:
            parser.error(f"--render {rendered}: name no assignment, the run's folder says which one it is")
        return guarded(lambda: _render(catalogue, Path(rendered)), parsed["debug"])
    if not names and parsed["config"] is None:
        parser.error(f"name an assignment, for example: {parser.prog} 9-1 (or --list)")
    return guarded(lambda: _run_all(catalogue, names, parsed), parsed["debug"])


def print_list(catalogue: Catalogue) -> int:
    """Print the assignments, course by course; a folder that is none is said on stderr (exit status 2)."""
    with unless_unread():
        print(*list_lines(catalogue), sep="\n")
    return max([report(CampError(fault), debug=False) for fault in catalogue.faults], default=0)


def _run_all(catalogue: Catalogue, names: list[str], parsed: dict) -> int:
    from paddle_camp.running import again, runner

    ids = catalogue.expand(names)
    if parsed["config"] is not None:
        ids = again.homework_of(parsed["config"], ids)
    if imports := parsed.pop("imports"):
        from paddle_camp import models

        if parsed["cluster"]:
            raise CampError("--import: the nodes of a cluster do not have these files; leave --cluster out")
        models.import_networks(imports)
    options = Options(**parsed | {"overrides": tuple(parsed["overrides"])})
    if len(ids) > 1:  # a slip in the last one must not be found after hours
        for name in ids:
            runner.check(catalogue, name, options)
        return _run_each(catalogue, ids, options)
    for name in ids:
        _run(catalogue, name, options)
    return 0


def _run_each(catalogue: Catalogue, ids: list[str], options: Options) -> int:
    """Run one after the other, also after one that fails, and end with a table; the status is the worst."""
    runs, status = [], 0
    try:
        for name in ids:
            before, how = latest_run(name, options), "done"
            try:
                _run(catalogue, name, options)
            except Exception as error:
                status, how = max(status, report(error, options.debug)), "failed"
            except KeyboardInterrupt:
                how = "interrupted"
                raise
            finally:
                folder = latest_run(name, options)
                runs.append(Run(name, folder if folder != before or options.resume is not None else None, how))
    finally:
        runs += [Run(name, None, "not begun") for name in ids[len(runs) :]]
        print("", *summary_lines(runs), sep="\n")
    return status


def _render(catalogue: Catalogue, folder: Path) -> int:
    from paddle_camp.running.folder import follow_latest
    from paddle_camp.running.outputs import render_again
    from paddle_camp.running.printing import printable

    folder = follow_latest(folder)
    print(printable(render_again(catalogue, folder)))
    print(f"\nanswer:  {folder / 'answer.md'}\nreport:  {folder / 'report.html'}")
    return 0


def _run(catalogue: Catalogue, name: str, options: Options) -> None:
    from paddle_camp.distributed import collectives
    from paddle_camp.running.runner import run_assignment

    with while_read():
        answer, path = run_assignment(catalogue, name, options)
    if collectives.world().rank > 0:
        return  # process 0 speaks for all
    with unless_unread():
        print(f"\n{answer.title}\n")
        print(answer.text)
        print(f"\nanswer:  {path / 'answer.md'}\nreport:  {path / 'report.html'}\nfigures: {path / 'figures'}")
