"""Computations timed in turns: the order of the calls, and what is counted."""

from __future__ import annotations

from paddle_camp.speed import timing


def test_each_is_called_once_a_round_and_the_first_round_does_not_count(monkeypatch):
    clock, calls = [0.0], []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])

    def takes(name, seconds):
        def call():
            calls.append(name)
            clock[0] += seconds.pop(0)

        return call

    functions = {"a": takes("a", [9.0, 1.0, 2.0]), "b": takes("b", [7.0, 4.0, 3.0])}
    assert timing.time_in_turns(functions, 2) == {"a": [1.0, 2.0], "b": [4.0, 3.0]}
    assert calls == ["a", "b"] * 3
