#!/usr/bin/env python
"""Verify a run that was handed in: ``python tools/verify.py runs/5-1/latest``. See docs/collecting.md."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # works in a clone that was never installed

import homework
from paddle_camp.commands.verify import main

if __name__ == "__main__":
    sys.exit(main(homework.CATALOGUE))
