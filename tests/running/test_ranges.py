"""The ranges of settings as annotations: each is checked, inside tuples and beside None too, and said in one line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import pytest
from annotated_types import Ge, Gt, Interval, Le, Lt, MinLen, MultipleOf

from paddle_camp.errors import SettingError, require
from paddle_camp.running import settings
from paddle_camp.running.ranges import (
    Check,
    Count,
    Distinct,
    Fraction,
    Hint,
    HyperParameters,
    NonNegative,
    OneOf,
    Rate,
    Several,
    Share,
)

OPTIMIZERS = {"SGD": 1, "Adam": 2}


def even(value: int) -> None:
    require(value % 2 == 0, f"{value} is odd")


@dataclass(frozen=True)
class Example(HyperParameters):
    learning_rate: Rate = 0.1
    momentum: Fraction = 0.9
    holdout: Share = 0.1
    weight_decay: NonNegative = 0.0
    batch_size: Count = 10
    optimizer: Annotated[str, OneOf(OPTIMIZERS)] = "SGD"
    optimizers: Annotated[tuple[Annotated[str, OneOf(OPTIMIZERS)], ...], MinLen(1), Distinct] = ("SGD",)
    rates: Several[Rate] = (0.1, 0.01)
    depths: Annotated[tuple[Annotated[int, Ge(0)], ...], MinLen(2)] = (0, 2)
    pictures: Count | None = None
    limits: tuple[Rate, ...] | None = None
    num_epochs: Annotated[int, Ge(3), Hint("a plateau needs at least 3 epochs to be seen")] = 5
    discount: Annotated[float, Gt(0), Le(1)] = 0.9
    points: Annotated[int, Interval(ge=2, le=9)] = 5
    target: Annotated[float, Gt(1)] = 1.1
    steps: Annotated[int, Ge(100)] = 100
    few: Annotated[int, Lt(5)] = 1
    most: Annotated[int, Le(5)] = 1
    middle: Annotated[float, Gt(1), Lt(5)] = 2.0
    pairs: Annotated[int, Check(even)] = 2
    low: float = 0.0
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.low < self.learning_rate, f"low={self.low}: must be below learning_rate={self.learning_rate}")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("learning_rate=-1", "learning_rate=-1.0: must be positive"),
        ("learning_rate=0", "learning_rate=0.0: must be positive"),
        ("momentum=1", "momentum=1.0: give a number from 0 to below 1"),
        ("momentum=-0.1", "momentum=-0.1: give a number from 0 to below 1"),
        ("holdout=2", "holdout=2.0: give a share between 0 and 1"),
        ("holdout=0", "holdout=0.0: give a share between 0 and 1"),
        ("weight_decay=-1", "weight_decay=-1.0: must not be negative"),
        ("batch_size=0", "batch_size=0: must be positive"),
        ("optimizer=foo", "optimizer=foo: there are SGD, Adam"),
        ("optimizers=foo,SGD,bar", "optimizers=foo,bar: there are SGD, Adam"),
        ("optimizers=SGD,SGD", "optimizers=SGD,SGD: each one once"),
        ("optimizers=", "optimizers: name at least one"),
        ("rates=0.1,-2,0", "rates=-2.0,0.0: must be positive"),
        ("rates=", "rates: name at least one"),
        ("rates=1,1", "rates=1.0,1.0: each one once"),
        ("depths=1", "depths=1: name at least two"),
        ("pictures=0", "pictures=0: must be positive"),
        ("limits=1,0", "limits=0.0: must be positive"),
        ("num_epochs=2", "num_epochs=2: a plateau needs at least 3 epochs to be seen"),
        ("discount=1.5", "discount=1.5: give a number above 0 and up to 1"),
        ("points=1", "points=1: give a number from 2 to 9"),
        ("target=1", "target=1.0: give more than 1"),
        ("steps=99", "steps=99: give at least 100"),
        ("few=5", "few=5: give less than 5"),
        ("most=6", "most=6: give at most 5"),
        ("middle=5", "middle=5.0: give a number above 1 and below 5"),
        ("pairs=3", "3 is odd"),
        ("low=0.5", "low=0.5: must be below learning_rate=0.1"),
    ],
)
def test_a_value_out_of_range_is_one_line(text, says):
    with pytest.raises(SettingError) as caught:
        settings.override(Example(), [text])
    assert str(caught.value) == says


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("momentum=0", 0.0),
        ("weight_decay=0", 0.0),
        ("pictures=none", None),
        ("pictures=3", 3),
        ("limits=1,2", (1.0, 2.0)),
        ("limits=none", None),
        ("discount=1", 1.0),
        ("points=9", 9),
        ("optimizers=Adam,SGD", ("Adam", "SGD")),
        ("notes=a,a", ("a", "a")),
    ],
)
def test_a_value_in_its_range_is_taken(text, value):
    assert getattr(settings.override(Example(), [text]), text.partition("=")[0]) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pictures=many", "pictures wants int | None"),
        ("rates=1,x", "rates wants tuple[float, ...]"),
        ("batch_size=2.5", "batch_size wants int"),
    ],
)
def test_a_range_is_no_part_of_the_type_that_is_asked_for(text, says):
    with pytest.raises(SettingError) as caught:
        settings.override(Example(), [text])
    assert says in str(caught.value) and "Annotated" not in str(caught.value)


def test_values_of_a_file_are_held_to_the_ranges_as_well():
    assert settings.restore(Example, {"rates": [1, 0.5], "pictures": None}) == Example(rates=(1.0, 0.5))
    with pytest.raises(SettingError, match="pictures=-1: must be positive"):
        settings.restore(Example, {"pictures": -1})
    with pytest.raises(SettingError, match="the saved setting rates is .*, of another type"):
        settings.restore(Example, {"rates": ["0.1"]})


def test_a_union_is_checked_by_the_type_that_the_value_has():
    @dataclass(frozen=True)
    class Either(HyperParameters):
        size: Count | Annotated[str, OneOf(("small", "large"))] = 3

    Either.__annotations__["size"] = Count | Annotated[str, OneOf(("small", "large"))]  # its names are local ones
    assert settings.override(Either(), ["size=large"]).size == "large"
    assert settings.override(Either(), ["size=7"]).size == 7
    for text, says in (("0", "size=0: must be positive"), ("huge", "size=huge: there are small, large")):
        with pytest.raises(SettingError, match=says):
            settings.override(Either(), [f"size={text}"])


def test_an_annotation_that_is_not_checked_is_a_mistake_of_the_page():
    @dataclass(frozen=True)
    class Wrong(HyperParameters):
        size: int = 3

    Wrong.__annotations__["size"] = Annotated[int, MultipleOf(3)]
    with pytest.raises(TypeError, match="MultipleOf"):
        Wrong()
