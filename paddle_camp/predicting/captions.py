"""Captions for pictures: the network that looks, those that write, and the words that they were trained with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from paddle import nn

from paddle_camp.consensus import expected_likeness
from paddle_camp.data.captions.words import Vocabulary, Words
from paddle_camp.errors import CampError, CheckpointError, one_line, require
from paddle_camp.files import load_json, write_text
from paddle_camp.models import create_model, kind_of
from paddle_camp.networks.captioner import Captioner
from paddle_camp.networks.decoding import Candidate, beam_search
from paddle_camp.pretrained.features import POOLED, FeatureExtractor

CAPTIONER = "captioner"  # what model.json calls a PictureCaptioner
FILE = "captions.json"  # beside model.json
MAX_FEATURES = 1 << 26  # of all known pictures: 256 MiB
MAX_WIDTH, MAX_LENGTH, MAX_NEIGHBOURS = 64, 100, 10_000  # what a captions.json may ask for at most


@dataclass(frozen=True)
class Way:
    """How a caption is found, and chosen from what is found.

    Attributes:
        width: of the beam; 1 is greedy search.
        exponent: the logarithm of a candidate's probability is divided by (words + 1) ** exponent.
        neighbours: the weight with which its likeness to the captions of the most similar training pictures is added.
        count: how many of these vote; ``sharpness``: exp(sharpness * cosine) is the weight of one of them.
    """

    width: int
    exponent: float = 0.0
    neighbours: float = 0.0
    count: int = 80
    sharpness: float = 10.0


def similar(features: np.ndarray, known: np.ndarray, count: int, sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """The most similar of ``known`` ``[M, D]`` to each of ``features`` ``[N, D]``, by the cosine.

    Returns:
        Their places, int64 ``[N, count]``, the most similar first, and exp(sharpness * (cosine - the largest)).
    """
    unit, others = (each / np.linalg.norm(each, axis=1, keepdims=True).clip(1e-12) for each in (features, known))
    cosines = unit @ others.T
    places = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
    found = np.take_along_axis(cosines, places, axis=1)
    return places, np.exp(sharpness * (found - found[:, :1]))


def choose(candidates: Sequence[Candidate], words: Sequence[Words], near: np.ndarray, way: Way) -> Words:
    """The caption with the highest sum of its rank and its weighted likeness to captions of similar pictures.

    Args:
        words: of the candidates.
        near: their expected likeness to the captions of similar pictures, float ``[C]``.
    """
    ranks = np.array([candidate.rank(way.exponent) for candidate in candidates])
    return words[int(np.argmax(ranks + way.neighbours * near))]


class PictureCaptioner(nn.Layer):
    """A network of the zoo that looks at pictures, and one or several that write captions.

    Args:
        model: of the zoo; ``arguments`` are further ones of ``create_model``.
        layer: whose outputs are the places that attention looks at.
        members: the channels of these places for each writing network; 0: without attention.
        num_words, pooled, width: as for :class:`~paddle_camp.networks.captioner.Captioner`.
        known: training pictures, whose features are kept.
    """

    def __init__(
        self,
        model: str,
        layer: str,
        members: Sequence[int],
        num_words: int,
        pooled: int,
        width: int,
        known: int,
        **arguments: Any,
    ):
        super().__init__()
        require(known * pooled <= MAX_FEATURES, f"known={known}, pooled={pooled}: more features than fit into memory")
        self.looks = create_model(model, num_classes=1000, **arguments)
        self.writes = nn.LayerList([Captioner(num_words, pooled, grid, width) for grid in members])
        self.register_buffer("known", paddle.zeros([known, pooled]))
        self.kind, self.layer, self.attends = kind_of(model), layer, any(members)

    def features(self, images: paddle.Tensor) -> dict[str, paddle.Tensor]:
        """ "pooled" ``[B, D]`` and, for attention, "grid" ``[B, P, C]``, of scaled pictures ``[B, C, H, W]``."""
        layers = {"pooled": POOLED} | ({"grid": self.layer} if self.attends else {})
        found = {name: FeatureExtractor(self.looks, self.kind, layer)(images) for name, layer in layers.items()}
        if "grid" in found:
            found["grid"] = found["grid"].flatten(2).transpose([0, 2, 1])
        return found

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """Logits ``[B, V]`` of the first word, by the first writing network."""
        features = self.features(images)
        first = self.writes[0]
        start = paddle.ones([images.shape[0]], "int64")
        return first.step(first.start(**features), start)[0]


@dataclass(frozen=True)
class Captions:
    """What is in ``captions.json``: the words, the captions of the training pictures, and how one is chosen."""

    vocabulary: Vocabulary
    known: tuple[tuple[Words, ...], ...]
    way: Way
    longest: int

    def save(self, path: Path) -> None:
        """Write the file."""
        known = [[" ".join(words) for words in captions] for captions in self.known]
        content = {"words": self.vocabulary.words, "known": known, "way": asdict(self.way), "longest": self.longest}
        write_text(path, json.dumps(content, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> Captions:
        """Read what :meth:`save` wrote; the file may be a stranger's.

        Raises:
            CheckpointError: it is missing, damaged, or not such a file.
        """
        try:
            content = load_json(path)
            words, way, longest = content["words"], Way(**content["way"]), content["longest"]
            known = tuple(tuple(tuple(text.split()) for text in captions) for captions in content["known"])
            if not all(isinstance(word, str) for word in words):
                raise ValueError("words are texts")
            bounds = {"width": MAX_WIDTH, "count": MAX_NEIGHBOURS}
            if any(
                type(getattr(way, key)) is not int or not 1 <= getattr(way, key) <= top for key, top in bounds.items()
            ):
                raise ValueError(f"width is 1 to {MAX_WIDTH}, count 1 to {MAX_NEIGHBOURS}")
            numbers = (way.exponent, way.neighbours, way.sharpness)
            if not all(isinstance(each, int | float) and abs(each) <= 1000 for each in numbers):
                raise ValueError("exponent, neighbours and sharpness are numbers up to 1000")
            if type(longest) is not int or not 1 <= longest <= MAX_LENGTH:
                raise ValueError(f"longest is 1 to {MAX_LENGTH}")
            return cls(Vocabulary(tuple(words)), known, way, longest)
        except OSError as error:
            raise CheckpointError(f"{path}: cannot be read ({error.strerror}); run the homework again") from None
        except (CampError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise CheckpointError(f"{path}: damaged or of another version ({one_line(error)})") from None

    def describe(self, network: PictureCaptioner, images: np.ndarray) -> list[str]:
        """The caption of each scaled picture, float32 ``[B, C, H, W]``.

        Raises:
            CheckpointError: the network is of other words, or of other training pictures.
        """
        fits = len(self.vocabulary) == len(network.writes[0].bias) and len(self.known) == len(network.known)
        if not fits:
            raise CheckpointError(f"{FILE}: it is of other words or pictures than the weights; run the homework again")
        with paddle.no_grad():
            features = {name: each.numpy() for name, each in network.features(paddle.to_tensor(images)).items()}
        if not all(np.isfinite(each).all() for each in features.values()):
            raise CheckpointError("the features of a picture are no numbers; the weights are damaged")
        return [" ".join(words) for words in say(list(network.writes), features, network.known.numpy(), self)]


def say(
    networks: Sequence[Captioner], features: Mapping[str, np.ndarray], known: np.ndarray, captions: Captions
) -> list[Words]:
    """Captions, each as words, of pictures with these features ("pooled" and "grid").

    Args:
        known: pooled features of the training pictures, ``[M, D]``.
    """
    way, decode = captions.way, captions.vocabulary.decode
    found = beam_search(networks, features, way.width, captions.longest)
    places, weights = similar(features["pooled"], known, way.count, way.sharpness)
    said = []
    for candidates, near, each in zip(found, places, weights, strict=True):
        words = [decode(candidate.words) for candidate in candidates]
        said.append(choose(candidates, words, votes(words, captions.known, near, each), way))
    return said


def votes(
    words: Sequence[Words], known: Sequence[Sequence[Words]], places: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """The likeness of captions to those of similar pictures: float ``[C]``.

    Args:
        known: the captions of each training picture; ``places`` are those that vote, and ``weights`` how much.
    """
    others = [each for place in places for each in known[place]]
    return expected_likeness(words, others, np.repeat(weights, [len(known[place]) for place in places]))
