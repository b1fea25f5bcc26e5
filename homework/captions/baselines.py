"""What captions are compared with: those of other pictures, and those of people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paddle_camp.bleu import statistics
from paddle_camp.consensus import expected_likeness
from paddle_camp.data.captions.words import Words
from paddle_camp.predicting.captions import similar

NEAREST, CONSENSUS, RANDOM, HUMAN = "nearest", "consensus", "random", "human"


def measure_baselines(
    features: np.ndarray,
    captions: Sequence[Sequence[Words]],
    known: tuple[np.ndarray, Sequence[Sequence[Words]]],
    count: int,
    sharpness: float,
) -> dict[str, np.ndarray]:
    """The :func:`~paddle_camp.bleu.statistics` of captions without a network that writes: name -> int ``[N, 10]``.

    "nearest": the first caption of the most similar training picture; "consensus": of all captions of the ``count``
    most similar ones that which is most like the others; "random": of any training picture. "human": the first caption
    of a picture against its others, one reference fewer; pictures with a single caption are left out.

    Args:
        features: pooled, ``[N, D]``, of the pictures to caption; ``captions`` are theirs.
        known: pooled features ``[M, D]`` and captions of the training pictures.
        sharpness: see :class:`~paddle_camp.predicting.captions.Way`.
    """
    places, weights = similar(features, known[0], count, sharpness)
    drawn = np.random.default_rng(0).integers(len(known[1]), size=len(captions))
    said = {NEAREST: [known[1][row[0]][0] for row in places]}
    said[CONSENSUS] = [_most_like_the_others(known[1], *each) for each in zip(places, weights, strict=True)]
    said[RANDOM] = [known[1][i][0] for i in drawn]
    rows = {name: statistics(each, captions) for name, each in said.items()}
    several = [each for each in captions if len(each) > 1]  # a single caption cannot be compared with the others
    if several:
        rows[HUMAN] = statistics([each[0] for each in several], [each[1:] for each in several])
    return rows


def _most_like_the_others(known: Sequence[Sequence[Words]], places: np.ndarray, weights: np.ndarray) -> Words:
    captions = [each for place in places for each in known[place]]
    shares = np.repeat(weights, [len(known[place]) for place in places])
    return captions[int(np.argmax(expected_likeness(captions, captions, shares)))]
