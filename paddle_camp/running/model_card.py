"""``model_card.md`` of a run that publishes a model: data, metrics, settings, machine, licence; arXiv:1810.03993."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from paddle_camp.answers.answer import Answer
from paddle_camp.answers.template import render_card
from paddle_camp.data.licences import licence_of
from paddle_camp.files import write_text
from paddle_camp.running.context import Context

FILE = "model_card.md"


def write_model_card(context: Context, answer: Answer, title: str) -> None:
    """Write the card beside the answer; a run that has published no model gets none.

    Args:
        title: of the assignment, a line.
    """
    saved, data = context.published, context.data
    if saved is None or data is None:
        return
    files = [Path(path).name for path in saved.files(context.checkpoints)]
    interpretation = answer.results.get("interpretation", {})
    weights = "; ".join(f"{name}: {info.origin}" for name, info in context.weights.items())
    values: dict[str, Any] = {
        "homework": context.homework,
        "about": title,
        "model": asdict(saved),
        "seed": context.seed,
    }
    values |= {"takes": takes(saved), "says": says(saved), "weights": ", ".join(files), "weights_from": weights}
    values |= {"data": asdict(data), "licence": licence_of(data), "headline": answer.headline}
    values |= {"stand_ins": [info.stand_in for info in context.stand_ins], "settings": context.settings}
    values |= {"classes": interpretation.get("classes", []), "medical": saved.reader == "fundus"}
    write_text(context.path / FILE, render_card(values | {"environment": environment(context)}) + "\n")


def takes(saved: Any) -> str:
    """The inputs of a :class:`~paddle_camp.predicting.saved_model.SavedModel` in words."""
    if saved.reader == "table":
        return f"rows of a table: {', '.join(saved.table['columns'])}"
    if saved.image_size is not None:
        return f"pictures of {saved.image_size} x {saved.image_size} pixels, read and scaled as `{saved.reader}`"
    return saved.reader or "something that predict does not read"


def says(saved: Any) -> str:
    """Its outputs in words."""
    if saved.number:
        return f"a number, {saved.number['unit']}"
    if saved.model == "captioner":
        return "a caption, in English"
    return f"one of {len(saved.classes)} classes: {', '.join(saved.classes)}" if saved.classes else "numbers"


def environment(context: Context) -> dict[str, str]:
    """Where and how long it was trained, and with which packages."""
    found = context.environment
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    where = found["gpu"] if context.device.startswith("gpu") else f"{found['cpu']}, {found['physical_cores']} cores"
    time = f"{context.seconds / 60:.1f} minutes"
    return {"software": f"Python {found['python']}, {versions}", "machine": f"{context.device}: {where}", "run": time}
