"""What made-up histories say of their trainings, a branch each."""

from __future__ import annotations

import numpy as np
import pytest

from paddle_camp.diagnosis import diagnose, probed, summarise
from paddle_camp.history import History

LN2 = float(np.log(2))


def history(losses, held=(), rates=None, accuracy: bool = True, noise: float = 0.0) -> History:
    """100 steps in 10 epochs whose loss runs along ``losses``, and held-out losses after each epoch."""
    rng = np.random.default_rng(0)
    line = np.interp(np.linspace(0, 1, 100), np.linspace(0, 1, len(losses)), losses) + noise * rng.normal(size=100)
    rates = np.interp(np.linspace(0, 1, 100), np.linspace(0, 1, len(rates)), rates) if rates else np.full(100, 0.1)
    steps = [
        {"step": i + 1, "epoch": i // 10, "loss": float(loss), "learning_rate": float(rate)}
        for i, (loss, rate) in enumerate(zip(line, rates, strict=True))
    ]
    more = {"accuracy": 0.5} if accuracy else {}
    rows = [
        {"epoch": e + 1, "step": 10 * (e + 1), "split": "train", "loss": float(line[10 * e : 10 * e + 10].mean())}
        for e in range(10)
    ]
    rows += [
        {"epoch": e + 1, "step": 10 * (e + 1), "split": "holdout", "loss": loss} | more for e, loss in enumerate(held)
    ]
    return History(steps, rows)


FLAT = [0.5] * 10


@pytest.mark.parametrize(
    ("state", "made"),
    [
        ("settled", history([0.7, 0.2, 0.1, 0.1, 0.1, 0.1], FLAT)),
        ("worse", history([0.7, 0.9, 2.0, 5.0], FLAT)),
        ("chance", history([0.9, 0.69, 0.69, 0.69], FLAT)),
        ("rebound", history([0.7, 0.1, 0.1, 0.1, 0.5], FLAT)),
        ("overfits", history([0.7, 0.2, 0.1, 0.08, 0.08, 0.079], [0.6, 0.5, 0.4, 0.45, 0.5, 0.5, 0.6, 0.6, 0.6, 0.6])),
        ("falling", history([0.7, 0.6, 0.5, 0.4, 0.3], FLAT)),
        ("settled", history([0.7, 0.6, 0.5, 0.4, 0.3], FLAT, rates=[0.1, 0.0])),  # the schedule has ended it
        ("settled", history([0.7, 0.6, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4], FLAT, noise=0.2)),  # up and down by chance
        ("unknown", History([{"step": 1, "epoch": 0, "loss": 1.0}], [])),
        ("unknown", History()),
        ("game", History([{"step": 1, "epoch": 0, "loss": 1.4, "generator_loss": 0.7}], [])),
    ],
)
def test_each_state_is_found(state: str, made: History):
    assert diagnose(made, LN2)["state"] == state


def test_the_numbers_are_those_of_the_first_and_the_last_tenth():
    found = diagnose(history([1.0, 0.1], FLAT), LN2)
    assert found["start"] == pytest.approx(1 - 0.9 * 4.5 / 99) and found["end"] == pytest.approx(0.1 + 0.9 * 4.5 / 99)
    assert found["chance"] == LN2


def test_overfitting_names_the_split_and_the_epoch_of_the_lowest_loss():
    made = history([0.7, 0.2, 0.1, 0.05], [0.6, 0.4, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    assert {"split": "holdout", "epoch": 2}.items() <= diagnose(made, LN2).items()


def test_a_held_out_loss_that_rises_with_the_training_loss_is_no_overfitting():
    made = history([0.7, 0.1, 0.1, 0.1, 0.12], [0.6] * 7 + [0.4, 0.45, 0.5])
    assert diagnose(made, LN2)["state"] != "overfits"


def test_numbers_are_not_compared_with_guessing_a_class():
    made = history([0.9, 0.69, 0.69, 0.69], accuracy=False)
    assert diagnose(made, LN2) == diagnose(made) and diagnose(made, LN2)["chance"] is None
    assert diagnose(made, LN2)["state"] == "settled"


def test_without_steps_the_epochs_say_it():
    made = history([0.7, 0.6, 0.5, 0.4, 0.3], FLAT)
    assert diagnose(History([], made.evaluations), LN2)["state"] == "falling"
    assert diagnose(History([], made.evaluations[:2]), LN2)["state"] == "unknown"


def test_trainings_are_put_together_by_their_state():
    good, bad = history([0.7, 0.2, 0.1, 0.1, 0.1], FLAT), history([0.7, 0.7], FLAT)
    rows = summarise({"a": good, "b": bad, "c": good}, LN2)
    assert [(row["state"], row["names"]) for row in rows] == [("chance", ["b"]), ("settled", ["a", "c"])]


def test_dead_units_and_vanished_gradients_are_read_where_they_were_measured():
    row = {"epoch": 1, "step": 1, "split": "train", "loss": 1.0}
    kept = History([], [row | {"gradient_a": 1.0, "gradient_b": 2.0, "dead_a": 0.1}])
    dead = History([], [row | {"gradient_a": None, "gradient_b": 2.0, "dead_a": 0.1, "dead_b": 0.5}])
    gone = History([], [row | {"gradient_a": 1e-4, "gradient_b": 1.0, "dead_a": 0.0}])
    assert probed({"kept": kept, "dead": dead, "gone": gone}) == {
        "trainings": 3,
        "dead": ["dead"],
        "vanished": ["gone"],
    }
    assert probed({"plain": History([], [row])}) is None
