"""Damaged files for any reader: honest ones with bytes changed, cut out, doubled and cut off."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from paddle_camp.errors import CampError

TOKENS = (b"", b"\0", b"\xff", b'"', b",", b"\n", b"\t", b"1e999", b"-", b"\xd9\xa3", b"\xef\xbb\xbf", b"9" * 400)


def mutant(rng: random.Random, content: bytes, tokens: Sequence[bytes] = TOKENS, start: int = 0) -> bytes:
    """``content`` with one to four changes, none before byte ``start``."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(start, len(changed) + 1)
        new = rng.choice([bytes([rng.randrange(256)]), rng.choice(tokens), bytes(changed[at : at + 9]) * 2])
        over = len(new) if rng.random() < 0.5 else rng.randint(0, 3)  # the same length gets further into a reader
        changed[at : at + over] = new
    if rng.random() < 0.1:
        del changed[rng.randrange(len(changed) + 1) :]
    return bytes(changed)


def survive(
    read: Callable[[Path], Any], path: Path, content: bytes | Sequence[bytes], count: int, seed: int, **options: Any
) -> int:
    """Read ``count`` mutants of a file; each gives a value or one line with the file's name. How many gave a value.

    Args:
        content: of the honest file, or of several, each of which may be the one.
        options: as for :func:`mutant`.
    """
    rng, taken = random.Random(seed), 0
    for _ in range(count):
        path.write_bytes(mutant(rng, content if isinstance(content, bytes) else rng.choice(content), **options))
        try:
            read(path)
        except CampError as error:
            assert path.name in str(error) and "\n" not in str(error) and len(str(error)) < 1000
        else:
            taken += 1
    return taken
