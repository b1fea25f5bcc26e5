"""What each setting means: the comment behind its line in the class that declares it."""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
import tokenize
from dataclasses import fields


def meanings(kind: type) -> dict[str, str]:
    """Setting -> its comment, in the order of the fields; empty for one without, or where the source is not at hand.

    A comment that goes on in the lines below its field belongs to it; the nearest class that declares a field is asked.
    """
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__[:-1]):
        try:
            source = textwrap.dedent(inspect.getsource(each))
        except (OSError, TypeError):  # typed into a console
            continue
        found |= _comments(source)
    return {field.name: found.get(field.name, "") for field in fields(kind)}


def _comments(source: str) -> dict[str, str]:
    """Name -> comment of the annotated lines of a class."""
    body = ast.parse(source).body[0].body  # type: ignore[attr-defined]
    lines = {node.end_lineno: node.target.id for node in body if isinstance(node, ast.AnnAssign)}  # type: ignore
    found: dict[str, str] = dict.fromkeys(lines.values(), "")
    name = None
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            alone = not token.line[: token.start[1]].strip()
            name = name if alone else lines.get(token.start[0])
            if name is not None:
                found[name] = f"{found[name]} {token.string.lstrip('# ')}".strip()
        elif token.type not in (tokenize.NL, tokenize.NEWLINE):
            name = None  # code between: a comment on a line of its own belongs to what follows
    return found
