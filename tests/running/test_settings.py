"""``-o key=value`` and the way of settings to JSON and back."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from paddle_camp.errors import SettingError, require
from paddle_camp.running import settings


@dataclass(frozen=True)
class Example:
    learning_rate: float = 0.001
    num_epochs: int = 5
    augment: bool = False
    model: str = "resnet50"
    rates: tuple[float, ...] = (0.1, 0.01)
    limit: int | None = None

    def __post_init__(self):
        require(self.num_epochs > 0, f"num_epochs={self.num_epochs}: must be positive")


def test_each_type_is_converted():
    texts = ["learning_rate=1e-2", "num_epochs=7", "augment=true", "model=lenet", "rates=1, 0.5", "limit=3"]
    assert settings.override(Example(), texts) == Example(0.01, 7, True, "lenet", (1.0, 0.5), 3)
    assert settings.override(Example(limit=3), ["limit=none"]).limit is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("epochs=3", "no setting 'epochs'; the settings of this homework are: learning_rate, num_epochs, augment"),
        ("num_epochs", "write it as key=value"),
        ("num_epochs=three", "num_epochs wants int .*it is now 5"),
        ("num_epochs=2.5", "num_epochs wants int"),
        ("learning_rate=inf", "not a finite number"),
        ("learning_rate=nan", "not a finite number"),
        ("augment=maybe", "neither true nor false"),
        ("rates=1,x", "rates wants"),
        ("num_epochs=0", "must be positive"),
    ],
)
def test_a_wrong_override_says_what_is_right(text, says):
    with pytest.raises(SettingError, match=says):
        settings.override(Example(), [text])


def test_json_and_back():
    example = Example(rates=(1.0,), limit=2)
    assert settings.restore(Example, json.loads(json.dumps(settings.as_dict(example)))) == example


def test_settings_of_another_version_are_refused():
    with pytest.raises(SettingError, match="not known to this version: warmup"):
        settings.restore(Example, {"warmup": 3})


@pytest.mark.parametrize(
    "values",
    [
        {"num_epochs": "5"},
        {"num_epochs": 5.0},
        {"num_epochs": True},
        {"learning_rate": None},
        {"augment": 1},
        {"model": ["resnet50"]},
        {"rates": [0.1, "x"]},
        {"rates": 0.1},
        {"limit": "none"},
        [],
        None,
    ],
)
def test_a_saved_value_of_another_type_is_one_line(values):
    with pytest.raises(SettingError, match="of another type|no object") as caught:
        settings.restore(Example, values)
    assert "\n" not in str(caught.value)


def test_saved_values_of_the_right_type_are_taken():
    values = {"learning_rate": 1, "rates": [1, 0.5], "limit": None}
    found = settings.restore(Example, values)
    assert found == Example(learning_rate=1.0, rates=(1.0, 0.5), limit=None)
    assert [type(each) for each in (found.learning_rate, *found.rates)] == [float] * 3  # Paddle takes no rate of 1


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**400])
def test_a_saved_number_that_no_training_can_use_is_refused(number):
    """Python reads NaN and Infinity from JSON, which has neither."""
    with pytest.raises(SettingError, match="the saved setting learning_rate is .*, of another type"):
        settings.restore(Example, {"learning_rate": number})
