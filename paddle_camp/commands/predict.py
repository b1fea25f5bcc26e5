"""Classify pictures with the model of a run: ``predict runs/5-1/latest digit.png``. See README.md."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from pathlib import Path

from paddle_camp.commands.reporting import escape_what_cannot_be_shown, guarded, report
from paddle_camp.errors import CampError
from paddle_camp.files import write_csv
from paddle_camp.predicting.kinds import KINDS_WITH_CLASSES
from paddle_camp.running.printing import print_loudly, printable

AT_ONCE = 50  # pictures to a batch
SHOWN = 0.01  # the other classes are named from this probability on


def build_parser(program: str | None = None) -> argparse.ArgumentParser:
    """The command line of the contract."""
    parser = argparse.ArgumentParser(
        program,
        description="Classify pictures with the model that a run saved.",
        epilog="exit status: 0 done, 1 failed, 2 a picture, the run or the command line is wrong, 130 interrupted",
    )
    add = parser.add_argument
    add("source", metavar="RUN_OR_WEIGHTS", help="a run such as runs/5-1/latest: its best weights; or a .pdparams file")
    add("pictures", nargs="+", metavar="PICTURE", help="a picture, or a folder of them")
    add("--device", default="auto", metavar="auto|cpu|gpu|gpu:N", help="auto: a GPU where there is one")
    add("--tta", action="store_true", help="average over small changes of each picture (digits: shape; others: mirror)")
    add("--csv", metavar="FILE", help="also write every probability to FILE")
    add("--model", metavar="NAME", help="the network of a .pdparams file that has no model.json beside it")
    add("--classes", choices=KINDS_WITH_CLASSES, help="with --model: what its pictures are")
    add(
        "--import", dest="imports", action="append", default=[], metavar="FILE", help="a Python file with your networks"
    )
    add("--debug", action="store_true", help="show tracebacks")
    return parser


def main(arguments: list[str] | None = None, program: str | None = None) -> int:
    """Run the command line and return its exit status."""
    escape_what_cannot_be_shown()
    parser = build_parser(program)
    parsed = parser.parse_args(arguments)
    if (parsed.model is None) != (parsed.classes is None):
        parser.error("--model and --classes go together")
    return guarded(lambda: predict(parsed), parsed.debug)


def predict(parsed: argparse.Namespace) -> int:
    """Print a line for each picture; one that fails is said on stderr and makes the exit status 2."""
    from paddle_camp import runtime
    from paddle_camp.models import import_networks
    from paddle_camp.predicting.classifying import class_probabilities
    from paddle_camp.predicting.picture_reader import read_all
    from paddle_camp.predicting.saved_model import find_saved_model

    runtime.choose_device(parsed.device)
    import_networks(parsed.imports)
    saved, files = find_saved_model(Path(parsed.source), parsed.model, parsed.classes)
    reader, networks = saved.pictures, saved.load(files)
    print(printable(f"{saved.model}: {', '.join(map(str, files))}"), file=sys.stderr)
    if saved.stand_in:
        print_loudly(f"*** trained on {saved.stand_in.upper()} *** what it says of real pictures means little")
    statuses, rows = [0], []

    def fail(error: Exception) -> None:
        statuses.append(report(error, parsed.debug))

    readable = read_all(parsed.pictures, reader, saved.image_size, fail)
    while batch := list(itertools.islice(readable, AT_ONCE)):
        paths, images = zip(*batch, strict=True)
        for path, shares in zip(paths, class_probabilities(saved, networks, images, parsed.tta), strict=True):
            by_class = dict(zip(saved.classes, shares.tolist(), strict=True))
            name = os.fsencode(path).decode("utf-8", "backslashreplace")  # a zip's GBK names are no UTF-8
            print(printable(in_words(name, by_class)), flush=True)
            columns = {f"probability_{name}": share for name, share in by_class.items()}
            rows.append({"sample": name, "prediction": max(by_class, key=by_class.get)} | columns)
    if parsed.csv is not None and rows:
        write_table(Path(parsed.csv), rows)
    return max(statuses)


def in_words(name: str, by_class: dict[str, float]) -> str:
    """``four.png: 4 0.962; 9 0.031``: the class, and the others that may be meant."""
    first, *others = sorted(by_class.items(), key=lambda item: -item[1])
    also = ", ".join(f"{name} {share:.3f}" for name, share in others if share >= SHOWN)
    return f"{name}: {first[0]} {first[1]:.3f}" + (f"; {also}" if also else "")


def write_table(path: Path, rows: list[dict]) -> None:
    """Write the CSV file.

    Raises:
        CampError: the place cannot be written.
    """
    try:
        write_csv(path, rows, excel=True)
    except OSError as error:
        raise CampError(f"--csv {path}: cannot be written ({error.strerror}); choose another place") from None
