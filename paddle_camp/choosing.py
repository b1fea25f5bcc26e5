"""Of a value that was chosen among several: whether others, beyond those that were tried, might be better."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal


def edge_of(chosen: float, tried: Collection[float]) -> Literal["largest", "smallest"] | None:
    """At which end of the ``tried`` values the ``chosen`` one lies; None: at neither, or there is one value only."""
    if len(tried) < 2:
        return None
    return "largest" if chosen == max(tried) else "smallest" if chosen == min(tried) else None
