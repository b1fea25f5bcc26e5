"""The command lines: ``tools/*.py`` from a clone, ``paddle-camp`` where it is installed; the same parsers."""
