"""The code in an answer is that of the file that ran."""

from __future__ import annotations

from paddle_camp import code_of


def double(x: int) -> int:
    return 2 * x


class Network:
    def forward(self, x: int) -> int:
        """One more."""
        return x + 1


def test_code_stands_as_it_was_written():
    assert code_of(double) == "def double(x: int) -> int:\n    return 2 * x"


def test_a_method_begins_at_the_margin_and_follows_two_blank_lines():
    method = 'def forward(self, x: int) -> int:\n    """One more."""\n    return x + 1'
    assert code_of(double, Network.forward) == f"{code_of(double)}\n\n\n{method}"
