"""The assignments: a folder each, ``hw9_1_resnet_decay/`` is ``9-1``; listing them loads no Paddle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from paddle_camp.running.catalogue import Catalogue
from paddle_camp.running.options import Options

if TYPE_CHECKING:
    from paddle_camp.answers.answer import Answer

CATALOGUE = Catalogue(__name__, Path(__file__).parent)


def run(homework: str, options: Options | None = None) -> tuple[Answer, Path]:
    """Run one assignment; see :func:`paddle_camp.running.runner.run_assignment`.

    Args:
        homework: its ID, such as "9-1".
        options: as the command line gives them; None for the defaults.
    """
    from paddle_camp.running.runner import run_assignment

    return run_assignment(CATALOGUE, homework, options or Options())


def main() -> int:
    """The installed command ``paddle-camp``."""
    from paddle_camp.commands.main import main as paddle_camp_main

    return paddle_camp_main(CATALOGUE)
