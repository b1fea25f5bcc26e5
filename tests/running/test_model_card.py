"""The card of a published model."""

from __future__ import annotations

import numpy as np
import pytest

import paddle_camp as camp
from paddle_camp.data.cats_and_dogs.loading import CatsAndDogsData
from paddle_camp.data.fundus.loading import FundusData
from paddle_camp.data.housing import HousingData
from paddle_camp.data.info import DataInfo
from paddle_camp.data.licences import DRAWN, TERMS, UNKNOWN, licence_of
from paddle_camp.data.mnist import MnistData
from paddle_camp.data.spam import SpamData
from paddle_camp.data.traffic_signs.loading import TrafficSignsData
from paddle_camp.running.context import Context
from paddle_camp.running.model_card import write_model_card
from paddle_camp.running.options import Options
from paddle_camp.training import checkpoint
from tests.helpers.markdown import tables_of


def card(tmp_path, saved: camp.SavedModel | None, data: DataInfo, network=None, **answer) -> str | None:
    context = Context("5-1", lambda: tmp_path, Options(), {"rate": 0.1, "a|b": (1, 2)}, data=data)
    if saved is not None:
        checkpoint.save_network(context.checkpoints / "one", network)
        context.publish(context.checkpoints / "one", saved)
    write_model_card(context, camp.Answer("作业5-1:图", {}, **answer), "Digits")
    path = tmp_path / "model_card.md"
    return path.read_text(encoding="utf-8") if path.exists() else None


def digits(**more) -> dict:
    shares = np.full((4, 10), 0.1)
    shares[:, 1] = 0.5
    return {"predictions": camp.Predictions(tuple("abcd"), np.array([1, 1, 1, 2]), shares)} | more


def test_it_says_what_the_model_is_and_what_it_was_measured_to_be(tmp_path):
    data = DataInfo("MNIST", "real", "/digits", {"train": 60000, "test": 4}, "abc")
    saved = camp.SavedModel.usual("two_conv_net", "digits")
    text = card(tmp_path, saved, data, camp.create_for("two_conv_net", camp.DIGITS), **digits())
    assert text.startswith("# two_conv_net, trained by 5-1\n\nDigits\n") and "stand-in" not in text
    assert "Accuracy **0.75** (95 % interval 0.3006 to 0.9544), test samples" in text  # 3 of 4
    assert "CC BY-SA 3.0" in text and "60,000 train, 4 test" in text and "| fingerprint | abc |" in text
    assert "pictures of 28 x 28 pixels" in text and "one of 10 classes: 0, 1, 2" in text
    assert "| rate | 0.1 |" in text and "| a\\|b | (1, 2) |" in text and "| seed | 0 |" in text
    assert "Python 3." in text and "no medical device" not in text and "None" not in text
    assert all(len({len(row) for row in table}) == 1 for table in tables_of(text.replace("\\|", "")))


def test_a_stand_in_and_eyes_are_said_to_be_what_they_are(tmp_path):
    data = DataInfo("iChallenge-PM", "synthetic", "/eyes", {"train": 4})
    arguments = camp.model_arguments("small_conv_net", 2, 3, 224)
    saved = camp.SavedModel("small_conv_net", "fundus", arguments)
    text = card(tmp_path, saved, data, camp.create_model("small_conv_net", **arguments))
    assert "stand-in data, generated: not iChallenge-PM**: no number here" in text and DRAWN in text
    assert "It is no medical device" in text and "The run has no single figure" in text


def test_a_run_without_a_model_gets_none(tmp_path):
    assert card(tmp_path, None, DataInfo("MNIST", "real", "/digits", {}), **digits()) is None


@pytest.mark.parametrize("kind", [CatsAndDogsData, FundusData, HousingData, MnistData, SpamData, TrafficSignsData])
def test_every_data_set_has_its_terms(kind):
    assert kind.name in TERMS


def test_what_is_not_known_is_said():
    assert licence_of(DataInfo("my cups", "real", "/cups", {})) == UNKNOWN
    assert licence_of(camp.load_iris().info) == TERMS["iris"]
