#!/usr/bin/env python
"""Compare runs on one page: ``python tools/compare.py runs --out class.html``. See docs/collecting.md."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # works in a clone that was never installed

import homework
from paddle_camp.commands.compare import main

if __name__ == "__main__":
    sys.exit(main(homework.CATALOGUE))
