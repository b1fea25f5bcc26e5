"""What the command lines of several commands have in common."""

from __future__ import annotations

import argparse

from paddle_camp.predicting.kinds import KINDS_WITH_CLASSES


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that uses a network."""
    add = parser.add_argument
    add("--device", default="auto", metavar="auto|cpu|gpu|gpu:N", help="auto: a GPU where there is one")
    own = "a Python file with your networks"
    add("--import", dest="imports", action="append", default=[], metavar="FILE", help=own)
    add("--debug", action="store_true", help="show tracebacks")


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that takes weights without a ``model.json`` beside them."""
    add = parser.add_argument
    add("--model", metavar="NAME", help="the network of a .pdparams file that has no model.json beside it")
    add("--classes", choices=KINDS_WITH_CLASSES, help="with --model: what its pictures are")


def parse_with_model(parser: argparse.ArgumentParser, arguments: list[str] | None) -> argparse.Namespace:
    """The values of a parser with :func:`add_model_options`, of which there are both or none; else the program ends."""
    parsed = parser.parse_args(arguments)
    if (parsed.model is None) != (parsed.classes is None):
        parser.error("--model and --classes go together")
    return parsed
