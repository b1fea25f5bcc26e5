import pytest

from paddle_camp.choosing import edge_of


@pytest.mark.parametrize(
    ("chosen", "tried", "edge"),
    [
        (0.1, (0.01, 0.1, 0.001), "largest"),
        (0.001, (0.01, 0.1, 0.001), "smallest"),
        (0.01, {0.01: 1, 0.1: 2, 0.001: 3}, None),
        (0.1, (0.1,), None),
    ],
)
def test_the_edge_is_an_end_of_several_values(chosen, tried, edge):
    assert edge_of(chosen, tried) == edge
