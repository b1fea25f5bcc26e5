"""What is said of samples, in words and in numbers: a class and its probabilities, a number, or a caption."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from paddle_camp.errors import require
from paddle_camp.predicting import captions
from paddle_camp.predicting.classifying import Network, class_probabilities, numbers
from paddle_camp.predicting.saved_model import SavedModel

SHOWN = 0.01  # the other classes are named from this probability on


@dataclass(frozen=True)
class Said:
    """What is said of one sample.

    Attributes:
        words: for a line: ``4 0.962; 9 0.031``, ``28.1 thousand dollars``, or a caption.
        prediction: the class or the caption, or the number.
        shares: the probability of each class; empty where there are none.
    """

    words: str
    prediction: str | float
    shares: dict[str, float] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Any]:
        """Of its row in a table."""
        return {"prediction": self.prediction} | {f"probability_{name}": each for name, each in self.shares.items()}


Sayer = Callable[[Sequence[np.ndarray]], Iterator[Said]]  # of samples as arrays, and their variations


def sayer_of(saved: SavedModel, networks: Sequence[Network], folder: Path) -> Sayer:
    """What a saved model says of samples: float32 ``[N, ...]``, and as many such arrays as they have variations.

    Args:
        folder: that of ``model.json``.

    Raises:
        CheckpointError: ``captions.json`` is missing or damaged.
    """
    if saved.model != captions.CAPTIONER:
        return functools.partial(_predictions, saved, networks)
    words = captions.Captions.load(folder / captions.FILE)

    def describe(seen: Sequence[np.ndarray]) -> Iterator[Said]:
        require(len(seen) == 1, "--tta: captions of changed pictures cannot be averaged; leave it out")
        for caption in words.describe(networks[0], seen[0]):
            yield Said(caption, caption)

    return describe


def _predictions(saved: SavedModel, networks: Sequence[Network], seen: Sequence[np.ndarray]) -> Iterator[Said]:
    if saved.number:
        for value in numbers(saved, networks, seen).tolist():
            yield Said(f"{value:.4g} {saved.number['unit']}".strip(), value)
        return
    for shares in class_probabilities(saved, networks, seen).tolist():
        by_class = dict(zip(saved.classes, shares, strict=True))
        yield Said(in_words(by_class), max(by_class, key=by_class.__getitem__), by_class)


def in_words(by_class: dict[str, float]) -> str:
    """``4 0.962; 9 0.031``: the class, and the others that may be meant."""
    first, *others = sorted(by_class.items(), key=lambda item: -item[1])
    also = ", ".join(f"{name} {share:.3f}" for name, share in others if share >= SHOWN)
    return f"{first[0]} {first[1]:.3f}" + (f"; {also}" if also else "")
