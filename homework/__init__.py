"""The assignments: a folder each, ``hw9_1_resnet_decay/`` is ``9-1``; listing them loads no Paddle."""

from __future__ import annotations

from dataclasses import fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddle_camp.errors import require
from paddle_camp.running.catalogue import Catalogue
from paddle_camp.running.options import Options
from paddle_camp.running.settings import in_words, names_of

if TYPE_CHECKING:
    from paddle_camp.answers.answer import Answer

CATALOGUE = Catalogue(__name__, Path(__file__).parent)


def run(homework: str, options: Options | None = None, **keywords: Any) -> tuple[Answer, Path]:
    """Run one assignment: ``homework.run("9-1", quick=True, model="resnet18")``.

    Args:
        homework: its ID, such as "9-1".
        options: as the command line gives them; None for the defaults.
        **keywords: options by name (``quick``, ``seed``, ``data``, ``out``, ...; ``resume=True`` is the latest), and
            settings of the assignment.

    Returns:
        (the answer, which shows itself in a notebook; the run's folder).

    Raises:
        CampError: the ID, an option, a setting or the data is wrong.
    """
    from paddle_camp.running.runner import run_assignment

    if keywords.get("resume") is True:  # the command line's bare --resume
        keywords["resume"] = ""
    names = [field.name for field in fields(Options)]
    given = {name: value for name, value in keywords.items() if name in names}
    own = in_words({name: value for name, value in keywords.items() if name not in names})
    settings = names_of(CATALOGUE.load(homework).Settings)
    for name in keywords:
        near = get_close_matches(name, [*settings, *names], n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        known = f"the settings of {homework} are {', '.join(settings)}; the options are {', '.join(names)}"
        require(name in [*names, *settings], f"there is neither a setting nor an option {name!r}: {hint}{known}")
    options = replace(options or Options(), **given)
    options = replace(options, overrides=(*options.overrides, *own))
    return run_assignment(CATALOGUE, homework, options)


def main() -> int:
    """The installed command ``paddle-camp``."""
    from paddle_camp.commands.main import main as paddle_camp_main

    return paddle_camp_main(CATALOGUE)
