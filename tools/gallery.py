#!/usr/bin/env python
"""Show a figure of each recorded run in docs/gallery.md: ``python tools/gallery.py runs/9-1/latest runs/8/latest``.

The runs are those that :mod:`tools.results` has recorded. The figures are such as show no picture of a data set, which
stay where they are: curves, tables, and what a network has drawn itself.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # works in a clone that was never installed

import homework
from paddle_camp.errors import CampError
from paddle_camp.files import read_json, replace_file, write_json, write_text
from paddle_camp.running.folder import follow_latest
from tools import results

FIGURES = {
    "1-1": "loss",
    "1-2": "market",
    "2-1": "training",
    "2-2": "noise",
    "3-1": "tanh",
    "4-1": "predictions",
    "4-2": "cost",
    "5-1": "scatter",
    "5-2": "networks",
    "5-3": "heat_map",
    "6-1": "losses",
    "6-2": "ablation",
    "7-1": "positions",
    "7-2": "layers",
    "8": "loss",
    "9-1": "decay",
    "9-2": "comparison",
    "autoencoder": "errors",
    "captions": "test",
    "car-buyers": "line",
    "cats-and-dogs": "schedules",
    "conv-features": "time",
    "convolutions": "fields",
    "deep-convnet": "recipes",
    "fundus-transfer": "ways",
    "gan": "drawn",
    "groups": "accuracy",
    "iris": "regions",
    "mnist-cnn": "time",
    "mnist-mlp": "accuracy",
    "norms": "accuracy",
    "overfitting": "gradients",
    "spam": "words",
    "steering": "errors",
    "traffic-signs": "changes",
    "transfer": "curve",
}
WIDEST, COLOURS = 1000, 128  # pixels; of a figure's palette: a third of the bytes
HEAD = """# Gallery

A figure of each assignment, from full runs on real data; made by `python tools/gallery.py RUN_FOLDER`. Figures that
show pictures of a data set are left out. The numbers, and what measured them, are in [results.md](results.md).
"""


def take(folder: Path, docs: Path) -> tuple[str, dict[str, str]]:
    """Copy a run's figure to ``docs/gallery/``, smaller; its ID, and what the page says of it.

    Raises:
        CampError: no full run on real data, not the one that is recorded, or without the figure.
    """
    metrics, _, _ = results.read_run(folder)
    name = metrics["homework"]
    recorded = read_json(docs / "results.json").get("records", {}).get(name, {}).get("result")
    if results.in_one_line(name, metrics) != recorded:
        raise CampError(
            f"{folder} is not the recorded run of {name}: record it first, python tools/results.py {folder}"
        )
    source = follow_latest(folder) / "figures" / f"{FIGURES[name]}.png"
    try:
        with Image.open(source) as image:
            picture = image.convert("RGB")
    except OSError as error:
        raise CampError(f"{source}: no figure that can be read ({error})") from None
    picture.thumbnail((WIDEST, 10 * WIDEST))
    png = io.BytesIO()
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(png, "PNG", optimize=True)
    replace_file(docs / "gallery" / f"{name}.png", lambda temporary: temporary.write_bytes(png.getvalue()))
    captions = read_json(follow_latest(folder) / "answer.json").get("figures", {})
    return name, {"figure": FIGURES[name], "caption": captions.get(FIGURES[name], "")}


def render(shown: dict[str, dict[str, str]], records: dict[str, Any]) -> str:
    """The page ``docs/gallery.md``, in the order of the assignments."""
    parts = [HEAD]
    for name in homework.CATALOGUE.assignments:
        if name in shown and name in records:
            question, result = records[name]["question"], records[name]["result"]
            found = "" if result == results.NONE else f" {result[0].upper()}{result[1:]}."
            asked = question if question.endswith("?") else f"{question}."
            parts.append(f"## {name}\n\n{asked}{found}\n\n![{shown[name]['caption']}](gallery/{name}.png)\n")
    return "\n".join(parts)


def update(folders: list[Path], docs: Path) -> int:
    """Take the runs' figures and draw the page."""
    place = docs / "gallery" / "gallery.json"
    shown = read_json(place) | dict(take(folder, docs) for folder in folders)
    if folders:
        write_json(place, {name: shown[name] for name in homework.CATALOGUE.assignments if name in shown})
    write_text(docs / "gallery.md", render(shown, read_json(docs / "results.json").get("records", {})))
    return 0


def main(arguments: list[str] | None = None, docs: Path = results.DOCS) -> int:
    """Run the command line and return its exit status."""
    said = "Show figures of recorded runs in docs/gallery.md."
    return results.with_folders(said, arguments, lambda folders: update(folders, docs))


if __name__ == "__main__":
    sys.exit(main())
