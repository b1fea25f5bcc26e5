"""The memory of a training that is over is free when the next one begins."""

from __future__ import annotations

import gc
import weakref

import pytest

from paddle_camp.training import leftovers
from paddle_camp.training.fit import fit
from tests.helpers.toys import build, toy_batches


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(("much", "freed"), [(1, True), (10**9, False)])
def test_the_optimizer_of_a_network_that_is_gone_is_collected_if_it_holds_much(monkeypatch, no_collector, much, freed):
    monkeypatch.setattr(leftovers, "MUCH", much)
    monkeypatch.setattr(leftovers, "_trained", [])

    def train() -> weakref.ref:
        model, optimizer, _ = build()
        fit(model, optimizer, toy_batches(), num_epochs=1, quiet=True)
        return weakref.ref(optimizer)

    first = train()
    train()
    assert (first() is None) == freed


def test_a_network_in_use_is_left_alone(monkeypatch, no_collector):
    monkeypatch.setattr(leftovers, "MUCH", 1)
    monkeypatch.setattr(leftovers, "_trained", [])
    collected = []
    monkeypatch.setattr(gc, "collect", lambda: collected.append(1))
    model, optimizer, _ = build()
    for epochs in (1, 2):
        fit(model, optimizer, toy_batches(), num_epochs=epochs, quiet=True)
    assert not collected
