#!/usr/bin/env python
"""Hand on the model of a run: ``python tools/export.py runs/5-1/latest --to onnx --out DIR``. See docs/running.md."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # works in a clone that was never installed

from paddle_camp.commands.export import main

if __name__ == "__main__":
    sys.exit(main())
