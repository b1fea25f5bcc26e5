#!/usr/bin/env python
"""Draw docs/architecture.png from the imports in the code: ``python tools/draw_architecture.py``."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # works in a clone that was never installed

from paddle_camp import plots  # noqa: E402
from paddle_camp.plots.style import INK, MUTED, colour, new_figure, tint  # noqa: E402

ABOVE = ("homework", "tools")


def imports(root: Path = ROOT) -> dict[str, set[str]]:
    """Room -> the rooms it imports, itself left out; "homework" and "tools" are rooms above the library's."""
    found: dict[str, set[str]] = {}
    for place in ("paddle_camp", *ABOVE):
        for path in (root / place).rglob("*.py"):
            me = _room(path.relative_to(root).with_suffix("").parts)
            names = found.setdefault(me, set()) if me else set()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names |= {_room(name.split(".")) for name in _names(node)} - {me, ""}
    return found


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def _room(parts) -> str:
    """The room of a dotted name; "" for the root of the library and for what is not ours."""
    if parts[0] in ABOVE:
        return parts[0]
    inside = len(parts) > 1 and parts[0] == "paddle_camp" and (ROOT / "paddle_camp" / parts[1]).is_dir()
    return parts[1] if inside else ""


def layers(arrows: dict[str, set[str]]) -> dict[str, int]:
    """How high a room stands: one above the highest that it imports.

    Raises:
        ValueError: rooms import each other in a circle.
    """
    heights: dict[str, int] = {}
    while len(heights) < len(arrows):
        ready = {room for room, below in arrows.items() if room not in heights and below <= heights.keys()}
        if not ready:
            raise ValueError(f"a circle among {', '.join(sorted(arrows.keys() - heights.keys()))}")
        heights |= {room: max((heights[b] + 1 for b in arrows[room]), default=0) for room in ready}
    return heights


def needed(arrows: dict[str, set[str]]) -> dict[str, set[str]]:
    """The arrows without those that a way through other rooms says already (the transitive reduction)."""

    def reach(room: str) -> set[str]:
        return arrows[room].union(*(reach(below) for below in arrows[room]))

    return {room: {b for b in below if all(b not in reach(o) for o in below - {b})} for room, below in arrows.items()}


def arrange(arrows: dict[str, set[str]]) -> dict[str, tuple[float, int]]:
    """Room -> (x from 0 to 1, layer): under the middle of those that import it, so that few arrows cross."""
    heights = layers(arrows)
    places: dict[str, tuple[float, int]] = {}
    for level in sorted(set(heights.values()), reverse=True):
        middles = {}
        for room in sorted(room for room, height in heights.items() if height == level):
            above = [places[other][0] for other, below in arrows.items() if room in below]
            middles[room] = sum(above) / len(above) if above else 0.5
        row = sorted(middles, key=middles.__getitem__)
        aside = 0.03 if level % 2 else -0.03  # so that an arrow over two layers passes beside the box between
        places |= {room: ((i + 0.5) / len(row) + aside, level) for i, room in enumerate(row)}
    return places


def draw(arrows: dict[str, set[str]]) -> Figure:
    """Rooms as boxes in layers, an arrow from each to those it stands on."""
    arrows = needed(arrows)
    places = arrange(arrows)
    top = max(level for _, level in places.values())
    figure = new_figure(0.9 * (top + 1), "The rooms, and who stands on whom", None)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(-0.5, top + 0.5))
    boxes = {}
    for room, place in places.items():
        box = {"boxstyle": "round,pad=0.45", "facecolor": tint(1 if room in ABOVE else 0, 0.18), "edgecolor": MUTED}
        boxes[room] = axes.text(*place, room, ha="center", va="center", fontsize=12, color=INK, bbox=box, zorder=3)
    for room, below in arrows.items():
        for other in below:
            style = {
                "arrowstyle": "-|>",
                "color": colour(places[room][1]),
                "linewidth": 1.3,
                "shrinkA": 0,
                "shrinkB": 2,
            }
            style |= {"patchA": boxes[room].get_bbox_patch(), "patchB": boxes[other].get_bbox_patch()}
            axes.annotate("", places[other], places[room], arrowprops=style, zorder=2)
    return figure


if __name__ == "__main__":
    plots.save(draw(imports()), ROOT / "docs" / "architecture.png")
