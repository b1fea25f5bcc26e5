"""Tab completion: ``eval "$(paddle-camp completion)"`` in ``~/.bashrc`` or ``~/.zshrc``.

The words come from the parsers and the catalogue, and stand in the script: a TAB starts no Python.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
from collections.abc import Iterable

from paddle_camp.running.catalogue import COURSES, Catalogue

SCRIPT = """\
# Tab completion of paddle-camp for bash and zsh; "paddle-camp completion" writes it.
if [ -n "${ZSH_VERSION:-}" ]; then
    autoload -U compinit && compinit -u
    autoload -U bashcompinit && bashcompinit
fi
_paddle_camp() {
    local word="${COMP_WORDS[COMP_CWORD]}" words=""
    case "${COMP_WORDS[1]} ${COMP_WORDS[COMP_CWORD-1]}" in
%(cases)s
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then words="%(commands)s"; fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _paddle_camp paddle-camp
"""  # -o default: where no word fits, the names of files


def script(catalogue: Catalogue, commands: Iterable[str]) -> str:
    """The script for a shell: commands, their options and the options' values, IDs and courses."""
    cases: list[tuple[str, Iterable[str]]] = []
    for command in commands:
        actions = _actions(command)
        for action in actions:
            values = [str(value) for value in action.choices or () if action.option_strings]
            cases += [(f'"{command} {option}"', values) for option in action.option_strings if values]
        ids = [*catalogue.assignments, *COURSES, "all"] if command == "run" else []
        options = [option for action in actions for option in action.option_strings]
        cases.append((f'"{command} "*', [*ids, *options]))
    lines = (f'        {pattern}) words="{" ".join(words)}" ;;' for pattern, words in cases)
    return SCRIPT % {"cases": "\n".join(lines), "commands": " ".join(commands)}


def module_of(command: str) -> str:
    """The dotted name of its module, if it has one; ``try`` is a word of Python's, so no name of a module."""
    return f"paddle_camp.commands.{'try_page' if command == 'try' else command}"


def _actions(command: str) -> list[argparse.Action]:
    """The options of a command: of ``build_parser`` in its module, where it has one."""
    name = module_of(command)
    module = importlib.import_module(name) if importlib.util.find_spec(name) else None
    return module.build_parser()._actions if hasattr(module, "build_parser") else []
