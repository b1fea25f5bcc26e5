#!/usr/bin/env python
"""Run homework of the camp: ``python tools/run_homework.py 9-1``. See README.md."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # works in a clone that was never installed

import homework
from paddle_camp.commands import run


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    return run.main(homework.CATALOGUE, arguments)


if __name__ == "__main__":
    sys.exit(main())
