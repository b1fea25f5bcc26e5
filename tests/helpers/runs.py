"""Folders of finished runs, made without training, for what looks at runs from outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from paddle_camp.answers.answer import Predictions
from paddle_camp.files import write_csv, write_json, write_sealed
from paddle_camp.history import History, write_histories
from paddle_camp.running.manifest import write_manifest


def predictions_of(count: int, right: int, classes: int = 3, seed: int = 0) -> Predictions:
    """``count`` samples with random labels (of seed 0), ``right`` of which, drawn with ``seed``, are predicted so."""
    labels = np.random.default_rng(0).integers(classes, size=count)
    said = labels.copy()
    wrong = np.random.default_rng(seed).permutation(count)[right:]
    said[wrong] = (said[wrong] + 1) % classes
    shares = np.full((count, classes), 0.1 / (classes - 1))
    shares[np.arange(count), said] = 0.9
    return Predictions(tuple(f"picture-{n}.png" for n in range(count)), labels, shares)


def make_run(
    folder: Path,
    homework: str = "1-1",
    predictions: Predictions | None = None,
    settings: dict | None = None,
    origin: str = "real",
    seed: int = 0,
    curve: tuple[float, ...] = (1.5, 0.9, 0.6),
) -> Path:
    """The files that :mod:`paddle_camp.running` writes for a run that is done, with its manifest."""
    headline = None if predictions is None else {**predictions.headline(), "split": "test"}
    data = {"name": "Toys", "origin": origin, "path": "/toys", "counts": {"train": 9, "test": 4}}
    if predictions is not None:
        data["counts"]["test"] = len(predictions.names)
        write_csv(folder / "predictions.csv", predictions.rows())
    settings = {"rate": 0.1, "count": 3, "layers": [1, 2]} if settings is None else settings
    results = {"other": 4.5} | ({"networks": [{"accuracy": headline["value"]}]} if headline else {})
    write_sealed(folder / "config.json", {"homework": homework, "settings": settings, "options": {}, "data": data})
    write_json(folder / "env.json", {"cpu": "AMD EPYC", "gpu": None})
    kept = {"homework": homework, "seed": seed, "settings": settings, "results": results, "headline": headline}
    write_sealed(folder / "answer.json", kept)
    described = {key: data[key] for key in ("name", "origin", "path")} | data["counts"]
    metrics = {"homework": homework, "status": "done", "data": described, "seed": seed, "device": "cpu"}
    write_json(folder / "metrics.json", metrics | {"seconds": 90.0, "headline": headline, "results": results})
    rows = [{"epoch": e, "step": 9 * e, "split": "holdout", "loss": loss} for e, loss in enumerate(curve, 1)]
    write_histories(folder, {"net": History([], [row | {"accuracy": 1 - row["loss"] / 2} for row in rows])})
    write_manifest(folder, headline is not None)
    return folder


def add_figure(folder: Path, name: str = "loss.png", size: tuple[int, int] = (900, 600)) -> None:
    (folder / "figures").mkdir(exist_ok=True)
    Image.new("RGB", size, "navy").save(folder / "figures" / name)
