"""What the command lines of ``run`` and ``predict`` have in common."""

from __future__ import annotations

import argparse


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that uses a network."""
    add = parser.add_argument
    add("--device", default="auto", metavar="auto|cpu|gpu|gpu:N", help="auto: a GPU where there is one")
    own = "a Python file with your networks"
    add("--import", dest="imports", action="append", default=[], metavar="FILE", help=own)
    add("--debug", action="store_true", help="show tracebacks")
