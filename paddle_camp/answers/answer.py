"""What a homework hands back: its answer, and which data it used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from paddle_camp.history import History


@dataclass(frozen=True)
class Predictions:
    """A classifier's predictions: N ``names``, labels int ``[N]``, ``probabilities`` float ``[N, K]``."""

    names: tuple[str, ...]
    labels: np.ndarray
    probabilities: np.ndarray

    def rows(self) -> list[dict[str, Any]]:
        """``sample, label`` and one probability column per class."""
        columns = [f"probability_{k}" for k in range(self.probabilities.shape[1])]
        return [
            {"sample": name, "label": int(label)} | dict(zip(columns, map(float, row), strict=True))
            for name, label, row in zip(self.names, self.labels, self.probabilities, strict=True)
        ]


@dataclass
class Answer:
    """What a homework's ``run`` returns.

    Attributes:
        title: as the student posts it, ``作业9-1:…``.
        text: Markdown in Chinese, built from the run's numbers.
        results: JSON values that depend on data, settings and seed alone: the same run, the same bits. What was
            measured of the machine (seconds, memory) stands under a key ``cost``.
        figures: name to (caption, matplotlib figure).
        histories: name of the training to its history.
    """

    title: str
    text: str
    results: dict[str, Any]
    figures: dict[str, tuple[str, Any]] = field(default_factory=dict)
    histories: dict[str, History] = field(default_factory=dict)
    predictions: Predictions | None = None
