"""What each setting means, out of the comments in the source."""

from __future__ import annotations

from dataclasses import dataclass

from paddle_camp.running.meanings import meanings


@dataclass(frozen=True)
class Base:
    inherited: int = 1  # from the base
    changed: int = 1  # before
    # of what follows, not of what stands above
    plain: int = 1


@dataclass(frozen=True)
class Page(Base):
    """Settings."""

    rate: float = 0.1  # of the optimizer;
    # it goes on here
    several: tuple[int, ...] = (
        1,  # inside a value
        2,
    )  # numbers
    changed: int = 2  # after: "#" too

    def method(self) -> int:
        return 1  # no setting


def test_a_comment_belongs_to_the_line_it_ends():
    assert meanings(Page) == {
        "inherited": "from the base",
        "changed": 'after: "#" too',
        "plain": "",
        "rate": "of the optimizer; it goes on here",
        "several": "numbers",
    }


def test_without_a_source_nothing_is_said():
    space: dict = {"dataclass": dataclass}
    exec("@dataclass\nclass Typed:\n    rate: float = 0.1  # lost\n", space)
    assert meanings(space["Typed"]) == {"rate": ""}
