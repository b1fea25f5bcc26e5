#!/usr/bin/env python
"""What a run will find on this machine, and what is missing: ``python tools/doctor.py``. See docs/running.md."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # works in a clone that was never installed

from paddle_camp.commands.doctor import main

if __name__ == "__main__":
    sys.exit(main())
