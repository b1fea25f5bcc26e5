"""Task 2: what a frozen network makes of every picture, computed once, and one file with all of it, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import paddle_camp as camp
from paddle_camp.data.captions.captioned import CaptionedPictures
from paddle_camp.data.pictures.augment import mirror
from paddle_camp.files import replace_file
from paddle_camp.preprocessing import PICTURES_CAFFE

# The layer that attention looks at: of EfficientNet-Lite0 the last block, 320 channels at 7 x 7 places, which the wide
# 1x1 convolution behind it spreads over 1280; of the others the last feature map.
GRIDS = {"efficientnet_lite0": "features.16"}
CAFFE = (
    "vgg16",
    "vgg19",
)  # weights that a user names are taken to be Keras', of pictures less the mean of their pixels


def find_extractors(settings: Any, context: camp.Context) -> tuple[Any, dict[str, camp.FeatureExtractor]]:
    """The weights, announced, and the extractors: "pooled" and "grid".

    Raises:
        DataError, SettingError: as for :func:`~paddle_camp.pretrained.finding.find_weights`.
    """
    weights = camp.find_weights(settings.model, settings.weights)
    context.announce_weights(weights.info)
    kind = PICTURES_CAFFE if settings.model in CAFFE and weights.info.origin == "file" else weights.kind
    model = weights.create()
    layers = {"pooled": "pooled", "grid": GRIDS.get(settings.model, "grid")}
    return weights, {name: camp.FeatureExtractor(model, kind, layer) for name, layer in layers.items()}


def extract_all(
    extractors: Mapping[str, camp.FeatureExtractor], parts: Mapping[str, CaptionedPictures]
) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, Any]]:
    """The features of all pictures; those to train on mirrored as well.

    What is on the disk already is not computed again, so an interrupted computation goes on where it was.

    Returns:
        part -> "pooled" float32 ``[R, N, D]`` and "grid" float32 ``[R, N, P, C]``, R versions (2 to train on, else 1);
        and what it took: seconds, pictures that were run through the network, bytes on the disk.
    """
    found: dict[str, dict[str, np.ndarray]] = {}
    cost = {"seconds": 0.0, "pictures": 0, "bytes": 0}
    for part, captioned in parts.items():
        versions = [captioned.pictures]
        if part == "train":
            versions.append(replace(captioned.pictures, images=mirror(captioned.pictures.images)))
        found[part] = {}
        for name, extractor in extractors.items():
            each = [extractor.extract(pictures) for pictures in versions]
            found[part][name] = np.stack([features.values for features in each])
            cost["seconds"] += sum(features.seconds for features in each)
            cost["pictures"] += sum(len(features.values) for features in each)
            cost["bytes"] += sum(features.bytes for features in each)
        found[part]["grid"] = as_places(found[part]["grid"])
    return found, cost


def as_places(grid: np.ndarray) -> np.ndarray:
    """Feature maps ``[..., C, H, W]`` as C numbers at each of P = H x W places: ``[..., P, C]``."""
    return np.ascontiguousarray(np.moveaxis(grid.reshape(*grid.shape[:-2], -1), -2, -1))


def write_features(path: Path, parts: Mapping[str, CaptionedPictures], features: Mapping[str, Mapping]) -> None:
    """One ``.npz`` for all pictures: ``names`` ``[N]`` and ``pooled`` float32 ``[N, D]``, in the same order."""
    names = np.array([name for part in parts.values() for name in part.names])
    pooled = np.concatenate([features[part]["pooled"][0] for part in parts])

    def save(temporary: Path) -> None:
        with open(temporary, "wb") as file:
            np.savez(file, names=names, pooled=pooled)

    replace_file(path, save)
