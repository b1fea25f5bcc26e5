"""Captions out of trained networks: beam search, and how its settings are chosen on dev pictures."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from homework.captions.training import NETWORKS, build, name_of
from paddle_camp.bleu import bleu, statistics
from paddle_camp.data.captions.words import Vocabulary, Words
from paddle_camp.networks.captioner import Captioner
from paddle_camp.networks.decoding import Candidate, beam_search
from paddle_camp.networks.weights import load_weights
from paddle_camp.predicting.captions import Way, choose, similar, votes

BOTH = "both"
GROUPS = (*NETWORKS, BOTH)  # of networks that are asked together: all seeds of one kind, or of both


@dataclass(frozen=True)
class Found:
    """What a search has found for N pictures.

    Attributes:
        candidates: of each picture; ``words`` are theirs.
        near: how like they are to the captions of similar training pictures, float ``[C]`` for each picture.
    """

    candidates: list[list[Candidate]]
    words: list[list[Words]]
    near: list[np.ndarray]

    def captions(self, way: Way) -> list[Words]:
        """One for each picture."""
        return [choose(*each, way) for each in zip(self.candidates, self.words, self.near, strict=True)]


def load_group(
    group: str,
    settings: Any,
    features: Mapping[str, np.ndarray],
    vocabulary: Vocabulary,
    folder: Path,
    seeds: Sequence[int],
) -> list[Captioner]:
    """The trained networks of a group with their best weights, those of the first kind first."""
    found = []
    for network in NETWORKS if group == BOTH else (group,):
        for seed in seeds:
            model = build(settings, network, vocabulary, features)
            load_weights(model, folder / name_of(network, seed) / "best.pdparams")
            found.append(model)
    return found


def search(
    settings: Any,
    networks: Sequence[Captioner],
    width: int,
    features: Mapping[str, np.ndarray],
    known: np.ndarray,
    captions: Sequence[Sequence[Words]],
    vocabulary: Vocabulary,
) -> Found:
    """Beam search for every picture.

    Args:
        features: "pooled" ``[1, N, D]`` and "grid" ``[1, N, P, C]`` of the pictures as they are.
        known: pooled features of the training pictures, ``[M, D]``; ``captions`` are theirs.
    """
    candidates = beam_search(networks, {name: each[0] for name, each in features.items()}, width, settings.longest)
    words = [[vocabulary.decode(candidate.words) for candidate in each] for each in candidates]
    similars = similar(features["pooled"][0], known, settings.neighbours, settings.sharpness)
    near = [votes(said, captions, *each) for said, each in zip(words, zip(*similars, strict=True), strict=True)]
    return Found(candidates, words, near)


def ways_of(settings: Any, width: int) -> list[Way]:
    """What is tried with a beam of this width; greedy search finds one caption, so there is nothing to choose."""
    if width == 1:
        return [way(settings, 1)]
    return [
        way(settings, width, exponent, weight)
        for exponent, weight in itertools.product(settings.exponents, (0.0, *settings.votes))
    ]


def way(settings: Any, width: int, exponent: float = 0.0, weight: float = 0.0) -> Way:
    """A way with the settings' neighbours."""
    return Way(width, exponent, weight, settings.neighbours, settings.sharpness)


def search_cell(
    group: str,
    width: int,
    *,
    settings: Any,
    features: Mapping[str, np.ndarray],
    captions: Sequence[Sequence[Words]],
    known: tuple[np.ndarray, Sequence[Sequence[Words]]],
    vocabulary: Vocabulary,
    folder: Path,
    seeds: Sequence[int],
) -> dict[str, Any]:
    """BLEU on dev pictures of a group of networks with a width, in every way; and the words of a caption.

    Args:
        captions: of the dev pictures; ``known`` are features and captions of the training pictures.
        folder: of the trainings.
    """
    networks = load_group(group, settings, features, vocabulary, folder, seeds)
    found, rows = search(settings, networks, width, features, *known, vocabulary), []
    for tried in ways_of(settings, width):
        said = found.captions(tried)
        row = {"group": group, "bleu": bleu(statistics(said, captions)), "words": mean_length(said)}
        rows.append(row | asdict(tried))
    return {"rows": rows, "best": max(row["bleu"][-1] for row in rows)}


def mean_length(captions: Sequence[Words]) -> float:
    """Words of a caption."""
    return float(np.mean([len(each) for each in captions]))


def best_row(rows: Sequence[Mapping[str, Any]], **fixed: Any) -> dict[str, Any]:
    """The row with the highest mean of BLEU-1 to BLEU-4 among those with these ``fixed`` values; of ties the first."""
    fitting = [row for row in rows if all(row[key] == value for key, value in fixed.items())]
    return dict(max(fitting, key=lambda row: float(np.mean(row["bleu"]))))


def as_way(row: Mapping[str, Any]) -> Way:
    """The way of a row of :func:`search_cell`."""
    return Way(**{key: row[key] for key in ("width", "exponent", "neighbours", "count", "sharpness")})
