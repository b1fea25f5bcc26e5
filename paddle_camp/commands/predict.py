"""Predict with the model of a run: pictures, messages, rows of a table. See docs/running.md."""

from __future__ import annotations

import argparse
import itertools
import math
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from paddle_camp.commands.parsing import add_common_options, add_model_options, parse_with_model
from paddle_camp.commands.reporting import escape_what_cannot_be_shown, guarded, report
from paddle_camp.errors import CampError, cut, require
from paddle_camp.files import write_csv
from paddle_camp.running.printing import print_loudly, printable

if TYPE_CHECKING:
    from paddle_camp.predicting.saved_model import SavedModel

AT_ONCE = 50  # samples to a batch, fewer of pictures that are larger than
USUAL_PIXELS = 224 * 224
BACKENDS = ("paddle", "onnx")


def build_parser(program: str | None = None) -> argparse.ArgumentParser:
    """The command line of the contract."""
    parser = argparse.ArgumentParser(
        program,
        description="Predict with the model that a run saved: for pictures, messages or rows of a table.",
        epilog="exit status: 0 done, 1 failed, 2 a file, the run or the command line is wrong, 130 interrupted",
    )
    add = parser.add_argument
    add(
        "source",
        metavar="RUN_OR_WEIGHTS",
        help="a run such as runs/5-1/latest: its best weights; a .pdparams file; with --backend onnx also an export",
    )
    add(
        "files", nargs="*", metavar="FILE", help="a picture or a folder of them; a text, a message a line; a .csv table"
    )
    add("--text", action="append", default=[], metavar="TEXT", help="a message; the option may be repeated")
    add("--recursive", action="store_true", help="of a folder, also the pictures in the folders in it")
    add("--tta", action="store_true", help="average over small changes of each picture (shape, or a mirror image)")
    add("--csv", metavar="FILE", help="also write every probability to FILE")
    add(
        "--explain",
        metavar="DIR",
        help="also write each picture to DIR with Grad-CAM over it: what the network looks at",
    )
    add(
        "--draw",
        metavar="FILE",
        help="also draw the angles of a road's pictures: a video (.mp4 .avi) or a strip (.png)",
    )
    add(
        "--backend",
        choices=BACKENDS,
        default="paddle",
        help="what computes the network; onnx: ONNX Runtime, of a folder or file that export --to onnx has written, or "
        "of a run, which is exported on the way (that needs paddle2onnx)",
    )
    add_model_options(parser)
    add_common_options(parser)
    return parser


def main(arguments: list[str] | None = None, program: str | None = None) -> int:
    """Run the command line and return its exit status."""
    escape_what_cannot_be_shown()
    parser = build_parser(program)
    parsed = parse_with_model(parser, arguments)
    if not (parsed.files or parsed.text):
        parser.error("name a FILE, or give a --text")
    return guarded(lambda: predict(parsed), parsed.debug)


def predict(parsed: argparse.Namespace) -> int:
    """Print a line for each sample; one that fails is said on stderr and makes the exit status 2."""
    import numpy as np

    from paddle_camp import runtime
    from paddle_camp.models import import_networks
    from paddle_camp.predicting.backends import load_model
    from paddle_camp.predicting.saying import sayer_of

    runtime.choose_device(device_of(parsed))
    import_networks(parsed.imports)
    saved, files, networks = load_model(Path(parsed.source), parsed.backend, parsed.model, parsed.classes)
    if parsed.draw is not None:
        check_drawing(parsed.draw, saved)
    inputs = saved.inputs(files[0].parent)
    if parsed.recursive:
        require(
            hasattr(inputs, "recursive"), f"--recursive is for folders of pictures; this network takes {inputs.name}"
        )
        inputs = replace(inputs, recursive=True)
    says = sayer_of(saved, networks, files[0].parent)
    by = " by ONNX Runtime" if parsed.backend == "onnx" else ""
    print(printable(f"{saved.model}{by}: {', '.join(map(str, files))}"), file=sys.stderr)
    if saved.stand_in:
        print_loudly(f"*** trained on {saved.stand_in.upper()} *** what it says of real {inputs.name} means little")
    if parsed.explain is not None:
        from paddle_camp.predicting.explaining import explanation, picture_inputs

        picture_inputs(saved, files)  # or one line that says that they are none
    statuses, rows, written, angles = [0], [], [], []

    def fail(error: Exception) -> None:
        statuses.append(report(error, parsed.debug))

    readable = inputs.samples(parsed.files, parsed.text, fail)
    at_once = max(1, AT_ONCE * USUAL_PIXELS // max(USUAL_PIXELS, math.prod(inputs.shape[1:])))
    while batch := list(itertools.islice(readable, at_once)):
        names, samples = zip(*batch, strict=True)
        if parsed.explain is not None:
            (seen,) = inputs.arrays(samples)
            found = explanation(networks, seen, np.stack(samples), saved.classes, names)
            written += found.save(parsed.explain, written)
        for name, said in zip(names, says(inputs.arrays(samples, parsed.tta)), strict=True):
            angles.append((name, said.prediction))
            name = os.fsencode(name).decode("utf-8", "backslashreplace")  # a zip's GBK names are no UTF-8
            print(printable(f"{cut(name)}: {said.words}"), flush=True)
            rows.append({"sample": name} | said.columns)
    if written:
        print(printable(f"Grad-CAM of {len(written)} pictures: {parsed.explain}"), file=sys.stderr)
    if parsed.csv is not None and rows:
        write_table(Path(parsed.csv), rows)
    if parsed.draw is not None and angles:
        from paddle_camp.predicting.drawn_drive import draw_drive

        draw_drive(Path(parsed.draw), angles)
    return max(statuses)


def device_of(parsed: argparse.Namespace) -> str:
    """Paddle's device; ONNX Runtime computes on the CPU.

    Raises:
        CampError: what only Paddle can do is asked of ONNX Runtime.
    """
    if parsed.backend == "paddle":
        return parsed.device
    require(
        parsed.explain is None, "--explain: Grad-CAM needs gradients, which Paddle computes; leave out --backend onnx"
    )
    require(
        parsed.device in ("auto", "cpu"), f"--device {parsed.device}: --backend onnx computes on the CPU; leave it out"
    )
    return "cpu"


def check_drawing(file: str, saved: SavedModel) -> None:
    """Before anything is predicted: whether its angles can be drawn into this file.

    Raises:
        CampError: another kind of file, or a network that gives no angles.
    """
    from paddle_camp.predicting.drawn_drive import STRIPS, VIDEOS, gives_angles

    if not gives_angles(saved):
        raise CampError(f"--draw: draws steering angles, and {saved.model} gives none; leave it out")
    if Path(file).suffix.lower() not in (*STRIPS, *VIDEOS):
        raise CampError(f"--draw {file}: a video ends in {' or '.join(VIDEOS)}, a strip in {' or '.join(STRIPS)}")


def write_table(path: Path, rows: list[dict]) -> None:
    """Write the CSV file.

    Raises:
        CampError: the place cannot be written.
    """
    try:
        write_csv(path, rows, excel=True)
    except OSError as error:
        raise CampError(f"--csv {path}: cannot be written ({error.strerror}); choose another place") from None
