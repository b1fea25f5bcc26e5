#!/usr/bin/env python
"""Draw docs/architecture.png from the imports in the code: ``python tools/draw_architecture.py``.

``--check`` draws nothing and exits with 1 where the picture shows other arrows than the code has.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # works in a clone that was never installed

from paddle_camp.plots.style import DPI, INK, MUTED, colour, new_figure, tint  # noqa: E402

ABOVE = ("homework", "tools")  # what stands on the library
PICTURE = ROOT / "docs" / "architecture.png"
HALF_HEIGHT = 0.19  # of a box, in layers

Arrows = dict[str, set[str]]  # room -> the rooms it imports
Places = dict[str, tuple[float, int]]  # room -> (x from 0 to 1, layer)


def imports(root: Path = ROOT) -> Arrows:
    """The rooms and what each imports, itself left out; the modules at the library's root are no room."""
    rooms = {path.parent.name for path in root.glob("paddle_camp/*/__init__.py")} | set(ABOVE)
    found: Arrows = {room: set() for room in sorted(rooms)}
    for place in ("paddle_camp", *ABOVE):
        for path in sorted((root / place).rglob("*.py")):
            module = path.relative_to(root).parts
            me = _room(module, rooms)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                others = {_room(name.split("."), rooms) for name in _names(node, module)} - {me, None}
                if me:
                    found[me] |= others
    return found


def _names(node: ast.AST, module: tuple[str, ...]) -> Iterator[str]:
    """The dotted names that an import statement of the file ``module`` may load."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = [*(module[: -node.level] if node.level else ()), *([node.module] if node.module else ())]
        yield from (".".join([*package, alias.name]) for alias in node.names)


def _room(parts, rooms: set[str]) -> str | None:
    """The room of a dotted name or a path; None for the library's root and for what is not ours."""
    if parts[0] in ABOVE:
        return parts[0]
    return parts[1] if parts[0] == "paddle_camp" and len(parts) > 1 and parts[1] in rooms else None


def layers(arrows: Arrows) -> dict[str, int]:
    """The layer of each room, 0 at the bottom: right below the lowest room that imports it.

    A room of the library that only pages use, by the names that the package hands out, is right above what it imports.

    Raises:
        ValueError: rooms import each other in a circle.
    """
    depths: dict[str, int] = {}
    while len(depths) < len(arrows):
        above = {room: [other for other, below in arrows.items() if room in below] for room in arrows}
        ready = {room for room in arrows if room not in depths and depths.keys() >= set(above[room])}
        if not ready:
            raise ValueError(f"a circle among {', '.join(sorted(arrows.keys() - depths.keys()))}")
        depths |= {room: max((depths[other] + 1 for other in above[room]), default=0) for room in ready}
    heights = {room: max(depths.values()) - depth for room, depth in depths.items()}
    alone = {room for room in arrows if arrows[room] and not depths[room] and room not in ABOVE}
    return heights | {room: 1 + max(heights[other] for other in arrows[room]) for room in alone}


def needed(arrows: Arrows) -> Arrows:
    """The arrows without those that a way through other rooms says already (the transitive reduction)."""

    def reach(room: str) -> set[str]:
        return arrows[room].union(*(reach(below) for below in arrows[room]))

    return {room: {b for b in below if all(b not in reach(o) for o in below - {b})} for room, below in arrows.items()}


def arrange(arrows: Arrows) -> Places:
    """A place for every room: of all orders within the layers, the one whose arrows are easiest to follow."""
    heights = layers(arrows)
    rows = [sorted(room for room in arrows if heights[room] == level) for level in sorted(set(heights.values()))]
    lines = [(room, other) for room in arrows for other in sorted(arrows[room])]
    best: Places = {}
    # A gap beside the rooms of a layer lets an arrow pass; as few as leave no arrow hidden.
    for count in range(len(rows) + 1):
        gaps = itertools.combinations(range(len(rows)), count)
        wide = [[row + [""] * (level in chosen) for level, row in enumerate(rows)] for chosen in gaps]
        orders = (order for each in wide for order in itertools.product(*map(itertools.permutations, each)))
        best = min((_spread(order) for order in orders), key=lambda places: _cost(places, lines))
        if not _cost(best, lines)[0]:
            break
    return best


def _spread(rows: tuple[tuple[str, ...], ...]) -> Places:
    places = {room: ((i + 0.5) / len(row), level) for level, row in enumerate(rows) for i, room in enumerate(row)}
    return {room: place for room, place in places.items() if room}


def _cost(places: Places, lines: list[tuple[str, str]]) -> tuple[int, int, float]:
    """(arrows behind a box, crossings, widths that the arrows travel sideways); less is better."""
    ends = [(*places[room], *places[other]) for room, other in lines]
    hidden = crossings = 0
    for x0, y0, x1, y1 in ends:
        for name, (x, y) in places.items():
            if y1 < y < y0:
                hidden += abs(x0 + (x1 - x0) * (y0 - y) / (y0 - y1) - x) < half_width(name) + 0.02
    for (a0, top, a1, bottom), (b0, other_top, b1, other_bottom) in itertools.combinations(ends, 2):
        crossings += top == other_top and bottom == other_bottom and (a0 - b0) * (a1 - b1) < 0
    return hidden, crossings, sum(abs(x0 - x1) for x0, _, x1, _ in ends)


def half_width(room: str) -> float:
    """Half the width of a room's box, in widths of the picture."""
    return 0.014 + 0.0052 * len(room)


def draw(arrows: Arrows) -> Figure:
    """Rooms as boxes in layers, an arrow from each to those it stands on."""
    arrows = needed(arrows)
    places = arrange(arrows)
    top = max(level for _, level in places.values())
    figure = new_figure(0.85 * (top + 1), "The rooms, and who stands on whom", None)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(-0.5, top + 0.5))
    note = "A → B: A imports B.\nWhat follows from other\narrows is left out."
    axes.text(0.01, top, note, color=MUTED, fontsize=10, va="center", linespacing=1.5)
    for index, room in enumerate(sorted(arrows, key=lambda room: (-places[room][1], places[room][0]))):
        x, y = places[room]
        box = {"boxstyle": "round,pad=0.45", "facecolor": tint(1 if room in ABOVE else 0, 0.18), "edgecolor": MUTED}
        axes.text(x, y, room, ha="center", va="center", fontsize=12, color=INK, bbox=box, zorder=3)
        style = {"arrowstyle": "-|>", "color": colour(index), "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
        for other in sorted(arrows[room]):
            x1, y1 = places[other]
            axes.annotate("", (x1, y1 + HALF_HEIGHT), (x, y - HALF_HEIGHT), arrowprops=style, zorder=2)
    return figure


def in_words(arrows: Arrows) -> str:
    """The arrows that are drawn, as the picture's file carries them (as the PNG's description)."""
    return "; ".join(f"{room}: {' '.join(sorted(below))}" for room, below in sorted(needed(arrows).items())) + "."


def is_current(picture: Path, arrows: Arrows) -> bool:
    """Whether the picture was drawn from these arrows; its file holds them uncompressed."""
    return picture.is_file() and in_words(arrows).encode() in picture.read_bytes()


def main(arguments: list[str] | None = None) -> int:
    """Draw, or check; returns the exit status."""
    parser = argparse.ArgumentParser(description="Draw docs/architecture.png from the imports in the code.")
    parser.add_argument("--check", action="store_true", help="draw nothing; 1 where the picture is out of date")
    arrows = imports()
    if not parser.parse_args(arguments).check:
        os.environ["PADDLE_CAMP_FIGURES"] = "en"  # as the page that shows it
        draw(arrows).savefig(PICTURE, dpi=DPI, metadata={"Software": None, "Description": in_words(arrows)})
    elif not is_current(PICTURE, arrows):
        print(f"{PICTURE}: out of date; type: python tools/draw_architecture.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
