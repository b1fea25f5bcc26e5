"""``homework.run("9-1", quick=True, model="resnet18")``: options and settings as keywords of one call."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pytest

import homework
from paddle_camp.errors import CampError, SettingError
from paddle_camp.running.options import Options
from paddle_camp.running.settings import in_words, names_of, override

SMALL = {"quick": True, "data": "synthetic", "full_epochs": 50, "num_epochs": 20}


def config_of(folder: Path) -> dict:
    return json.loads((folder / "config.json").read_text("utf-8"))


def test_keywords_are_options_and_settings(tmp_path):
    answer, folder = homework.run("1-1", out=tmp_path, seed=4, learning_rate=np.float64(0.02), batch_size=8, **SMALL)
    config = config_of(folder)
    assert answer.title.startswith("作业1-1") and folder.parent == tmp_path / "1-1"
    assert (config["options"]["quick"], config["options"]["seed"]) == (True, 4)
    assert {key: config["settings"][key] for key in ("learning_rate", "batch_size", "full_epochs")} == {
        "learning_rate": 0.02,
        "batch_size": 8,
        "full_epochs": 50,
    }


def test_options_as_one_object_go_on_working_and_keywords_are_added(tmp_path):
    options = Options(out=str(tmp_path), quick=True, data="synthetic", overrides=("full_epochs=50", "num_epochs=9"))
    _, folder = homework.run("1-1", options)
    assert config_of(folder)["settings"]["num_epochs"] == 9 and config_of(folder)["options"]["seed"] == 0
    _, folder = homework.run("1-1", options, seed=2, num_epochs=11)
    assert config_of(folder)["settings"]["num_epochs"] == 11 and config_of(folder)["options"]["seed"] == 2


@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        ({"quik": True}, "nor an option 'quik': did you mean 'quick'? the settings of 1-1 are learning_rate, "),
        ({"quik": True}, "the options are data, data_dir, device, "),
        ({"learning_rate": -1}, "learning_rate=-1.0: must be positive"),
        ({"learning_rate": "fast"}, "learning_rate wants float"),
        ({"learning_rate": None}, "learning_rate wants float"),
        ({"learning_rate": [0.1, 0.2]}, "learning_rate wants float"),
        ({"batch_size": 2.5}, "batch_size wants int"),
        ({"batch_size": True}, "batch_size wants int"),
        ({"data": "fake"}, "--data fake: there are auto, real, synthetic"),
        ({"seed": "3"}, "seed='3': this option wants int | None"),
        ({"seed": -3}, "--seed -3: give 0 or a positive number"),
        ({"resume": True}, "is no run folder"),
        ({"quick": "yes"}, "quick='yes': this option wants bool"),
        ({"overrides": ["num_epochs=3"]}, "this option wants tuple[str, ...]"),
    ],
)
def test_a_mistake_is_one_line_and_starts_nothing(tmp_path, keywords, says):
    with pytest.raises(CampError) as caught:
        homework.run("1-1", **{"out": tmp_path / "runs"} | keywords)
    assert says in str(caught.value) and "\n" not in str(caught.value)
    assert not (tmp_path / "runs").exists()


def test_an_unknown_homework_lists_the_known_ones():
    with pytest.raises(CampError, match=r"no homework '9-9'; did you mean 9-2\? there are: 1-1, 1-2"):
        homework.run("9-9", quick=True)


@pytest.mark.parametrize("name", homework.CATALOGUE.assignments)
def test_no_setting_is_called_like_an_option(name):
    """A keyword means one thing."""
    settings = homework.CATALOGUE.load(name).Settings
    assert {field.name for field in fields(settings)}.isdisjoint(field.name for field in fields(Options))


@dataclass(frozen=True)
class Common:
    patience: int | None = 3
    rates: tuple[float, ...] = (0.1,)


@dataclass(frozen=True)
class Example(Common):
    names: tuple[str, ...] = ("a",)
    shuffle: bool = False
    image: str | None = None


def test_values_become_texts_and_the_same_values_again():
    values = {"patience": None, "rates": [1, 1e-5, 0.1 + 0.2], "names": ("b", "c d"), "shuffle": True}
    values |= {"image": Path("/tmp/my digit.png")}
    made = override(Example(), in_words(values))
    assert made == Example(None, (1.0, 1e-5, 0.1 + 0.2), ("b", "c d"), True, "/tmp/my digit.png")
    assert override(Example(), in_words({"rates": range(3), "names": ()})) == Example(rates=(0.0, 1.0, 2.0), names=())


def test_a_pages_own_settings_are_listed_before_those_it_inherits():
    assert names_of(Example) == ["names", "shuffle", "image", "patience", "rates"]
    with pytest.raises(SettingError, match="the settings of this homework are: names, shuffle, image, patience, rates"):
        override(Example(), ["rate=1"])
