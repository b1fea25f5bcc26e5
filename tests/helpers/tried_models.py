"""Small published models of every kind, of weights that say something known or of random ones, to try."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import paddle
from paddle import nn
from sklearn.feature_extraction.text import TfidfVectorizer

import paddle_camp as camp
from paddle_camp.data.captions.words import Vocabulary
from paddle_camp.data.info import DataInfo
from paddle_camp.predicting.captions import CAPTIONER, Captions, PictureCaptioner, Way
from paddle_camp.predicting.messages import MessageInputs
from paddle_camp.training import checkpoint

REAL = DataInfo("Data", "real", "/data", {"train": 10})
FLOWERS = {"columns": ["length", "width"], "shift": [5.0, 3.0], "scale": [2.0, 0.5], "label": "species"}


def published(folder: Path, saved: camp.SavedModel, network: nn.Layer, data: DataInfo = REAL) -> Path:
    """The weights file of a network, with ``model.json`` beside it."""
    checkpoint.save_network(folder, network)
    saved.write(folder, data)
    return folder / "last.pdparams"


def digits(folder: Path, model: str = "two_conv_net", data: DataInfo = REAL) -> Path:
    paddle.seed(0)
    return published(folder, camp.SavedModel.usual(model, "digits"), camp.create_for(model, camp.DIGITS), data)


def fundus(folder: Path, data: DataInfo = REAL) -> Path:
    paddle.seed(0)
    arguments = {"num_classes": 2, "in_channels": 3}
    saved = camp.SavedModel("small_conv_net", "fundus", arguments, image_size=64)
    return published(folder, saved, camp.create_model("small_conv_net", **arguments), data)


def messages(folder: Path) -> Path:
    """Spam where "prize" stands, else ham."""
    inputs = MessageInputs((TfidfVectorizer().fit(["win a prize now", "are you home now"]),))
    (terms,) = inputs.shape
    network, weights = camp.perceptron([terms, 1]), np.zeros((terms, 1), np.float32)
    weights[inputs.vectorizers[0].vocabulary_["prize"]] = 10
    network[0].weight.set_value(weights)
    network[0].bias.set_value(paddle.to_tensor([-2.0]))
    saved = camp.SavedModel("perceptron", "messages", {"sizes": [terms, 1]}, classes=("ham", "spam"))
    path = published(folder, saved, network)
    inputs.save(folder / "terms.json")
    return path


def flowers(folder: Path) -> Path:
    """Class a where the scaled length is the larger, else b."""
    network = camp.perceptron([2, 2])
    network[0].weight.set_value(paddle.to_tensor([[1.0, 0.0], [0.0, 1.0]]))
    network[0].bias.set_value(paddle.zeros([2]))
    saved = camp.SavedModel("perceptron", "table", {"sizes": [2, 2]}, classes=("a", "b"), table=FLOWERS)
    return published(folder, saved, network)


def lengths(folder: Path) -> Path:
    """2 * the scaled length + 1, in cm."""
    network = camp.perceptron([2, 1])
    network[0].weight.set_value(paddle.to_tensor([[1.0], [0.0]]))
    network[0].bias.set_value(paddle.zeros([1]))
    number = {"unit": "cm", "shift": 1.0, "scale": 2.0}
    saved = camp.SavedModel("perceptron", "table", {"sizes": [2, 1]}, table=FLOWERS, number=number)
    return published(folder, saved, network)


def captions(folder: Path) -> Path:
    paddle.seed(0)
    vocabulary = Vocabulary.of([("a", "dog", "runs"), ("a", "cat")], 1)
    arguments = {"model": "efficientnet_lite0", "layer": "", "members": [0], "num_words": len(vocabulary)}
    arguments |= {"pooled": 1280, "width": 8, "known": 2}
    path = published(
        folder,
        camp.SavedModel(CAPTIONER, "pictures-lite", arguments, image_size=64),
        PictureCaptioner(**arguments),
    )
    Captions(vocabulary, ((("a", "dog"),), (("a", "cat"),)), Way(2, count=2), 6).save(folder / "captions.json")
    return path


def draw_digit(path: Path, *texts: str) -> Path:
    """Digits in dark ink on white paper."""
    image = np.full((200, 160 * len(texts)), 255, np.uint8)
    for place, text in enumerate(texts):
        cv2.putText(image, text, (160 * place + 30, 160), cv2.FONT_HERSHEY_SIMPLEX, 5.0, 0, 18)
    assert cv2.imwrite(str(path), image)
    return path


def draw_eye(path: Path, side: int = 200) -> Path:
    image = np.zeros((side, side, 3), np.uint8)
    cv2.circle(image, (side // 2, side // 2), side // 2 - 8, (30, 70, 190), -1)
    cv2.circle(image, (side // 3, side // 2), side // 12, (120, 200, 250), -1)
    assert cv2.imwrite(str(path), image)
    return path
