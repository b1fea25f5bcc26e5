"""What a homework hands back: its answer, and which data it used."""

from __future__ import annotations

import html
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from paddle_camp.answers.page import as_html
from paddle_camp.comparisons import share_interval
from paddle_camp.history import History
from paddle_camp.metrics import probabilities
from paddle_camp.notebook import png_html

_HEADLINE: dict[str, Any] = {"name": None, "value": None, "interval": None, "split": None}


@dataclass(frozen=True)
class Predictions:
    """A classifier's predictions for the N samples of a split.

    Attributes:
        names: N.
        labels: int ``[N]``; ``[N, 1]`` is taken too.
        probabilities: float ``[N, K]``.
        split: "test", "validation".
        pictures: the ``ImageSet`` of the N samples, where they are pictures: the run's report shows the mistakes.
        classes: names of the K classes for people; by default those of the pictures' kind, or their numbers.
    """

    names: tuple[str, ...]
    labels: np.ndarray
    probabilities: np.ndarray
    split: str = "test"
    pictures: Any = None
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # [N, 1] beside [N] would compare each label with each prediction.
        object.__setattr__(self, "labels", np.asarray(self.labels).reshape(-1))
        object.__setattr__(self, "probabilities", np.asarray(self.probabilities))
        count = self.probabilities.shape[1]
        known = self.classes or (self.pictures.kind.classes if self.pictures is not None else ())
        object.__setattr__(self, "classes", tuple(known) if len(known) == count else tuple(map(str, range(count))))

    @classmethod
    def of(cls, part: Any, outputs: np.ndarray, split: str = "test") -> Predictions:
        """Of a network's outputs ``[N, K]`` (logits) for the N pictures of ``part``, an ``ImageSet``."""
        return cls.of_shares(part, probabilities(np.asarray(outputs)), split)

    @classmethod
    def of_shares(cls, part: Any, shares: np.ndarray, split: str = "test", classes: Sequence[str] = ()) -> Predictions:
        """Of class probabilities ``[N, K]``, such as the mean of several networks'."""
        return cls(part.names, part.labels, shares, split, part, tuple(classes))

    def headline(self) -> dict[str, Any]:
        """The accuracy, with its 95 % interval."""
        right, count = int((self.probabilities.argmax(axis=1) == self.labels).sum()), len(self.labels)
        interval = share_interval(right, count)
        return {"name": "accuracy", "value": right / count, "interval": interval, "split": self.split}

    def rows(self) -> list[dict[str, Any]]:
        """``sample, label`` and one probability column per class."""
        columns = [f"probability_{k}" for k in range(self.probabilities.shape[1])]
        return [
            {"sample": name, "label": int(label)} | dict(zip(columns, map(float, row), strict=True))
            for name, label, row in zip(self.names, self.labels, self.probabilities, strict=True)
        ]


@dataclass(repr=False)
class Answer:
    """What a homework's ``run`` returns; its text is ``answer.md.j2`` filled with settings, values and results.

    Attributes:
        title: as the student posts it, ``作业9-1:…``.
        results: JSON values that depend on data, settings and seed alone: the same run, the same bits. What was
            measured of the machine (seconds, memory) stands under a key ``cost``. Arrays become lists, NaN and
            infinity, which JSON does not have, become None; the same holds for ``values`` and ``headline``.
        figures: name to (caption, matplotlib figure).
        histories: name of the training to its history.
        values: JSON values that the text needs besides.
        headline: the one figure that a class is compared by: "name", "value", "interval" (or None) and "split"; by
            default the accuracy of the predictions.
        text: Markdown in Chinese; the runner fills it in.
        note: the Chinese line that says that the data are a stand-in; the runner fills it in.

    Raises:
        TypeError: a result or value is no JSON value.
        ValueError: the headline has other keys.
    """

    title: str
    results: dict[str, Any]
    figures: dict[str, tuple[str, Any]] = field(default_factory=dict)
    histories: dict[str, History] = field(default_factory=dict)
    predictions: Predictions | None = None
    values: dict[str, Any] = field(default_factory=dict)
    headline: dict[str, Any] | None = None
    text: str = ""
    note: str | None = None

    @property
    def headline_from_predictions(self) -> bool:
        """Whether the headline is the accuracy of the predictions, which whoever has them can compute again."""
        return self.predictions is not None and self.headline == as_json(self.predictions.headline())

    def __repr__(self) -> str:
        figures = ", ".join(self.figures) or "none"
        return f"Answer({self.title}; {len(self.text):,} characters; figures: {figures})"

    def _repr_html_(self) -> str:
        """In a notebook: the text, and the figures below it."""
        shown = []
        for number, (caption, figure) in enumerate(self.figures.values(), start=1):
            png = io.BytesIO()
            figure.savefig(png, format="png", dpi=75)
            shown.append(f"<p>图 {number}：{html.escape(caption)}</p>{png_html(png.getvalue(), caption)}")
        note = f"<p><b>{html.escape(self.note)}</b></p>" if self.note else ""
        return f"{note}<h2>{html.escape(self.title)}</h2>{as_html(self.text)}{''.join(shown)}"

    def __post_init__(self) -> None:
        if self.headline is None and self.predictions is not None:
            self.headline = self.predictions.headline()
        if self.headline is not None:
            if not {"name", "value"} <= set(self.headline) <= set(_HEADLINE):
                raise ValueError(f"a headline has {', '.join(_HEADLINE)}, not {', '.join(self.headline)}")
            self.headline = as_json(_HEADLINE | self.headline, "headline")
        self.results, self.values = as_json(self.results, "results"), as_json(self.values, "values")


def as_json(value: Any, name: str = "value") -> Any:
    """``value`` as a JSON file will give it back: arrays and tuples as lists, keys as texts, NaN and infinity as None.

    Raises:
        TypeError: something in it has no such form; the message says where, beginning with ``name``.
    """
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): as_json(each, f"{name}.{key}") for key, each in value.items()}
    if isinstance(value, list | tuple | range):
        return [as_json(each, f"{name}[{index}]") for index, each in enumerate(value)]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"{name} is of type {type(value).__name__}, which is no JSON value")
