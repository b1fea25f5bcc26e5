"""What reaches the terminal: a name or a message from a file may hold characters that a terminal obeys."""

from __future__ import annotations

import sys
import unicodedata

# Controls (ESC, BEL, CR, ...), marks that turn the direction of writing, what has no character.
_OBEYED = {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}


def printable(text: object) -> str:
    """``text`` with every character that a terminal would obey shown as its escape (``\\x1b``); newlines stay."""
    return "".join(
        each.encode("unicode_escape").decode() if each != "\n" and unicodedata.category(each) in _OBEYED else each
        for each in str(text)
    )


def print_loudly(line: str) -> None:
    """Print a line on stderr between two rows of stars."""
    line = printable(line)
    print(f"{'*' * len(line)}\n{line}\n{'*' * len(line)}", file=sys.stderr, flush=True)
