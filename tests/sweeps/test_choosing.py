"""The value of a setting that held-out samples choose."""

from __future__ import annotations

import pytest

from paddle_camp.errors import SettingError
from paddle_camp.sweeps.choosing import choose_rate


def test_the_rate_is_chosen_by_held_out_samples_alone():
    rows = {0.1: [{"holdout_loss": 0.3, "loss": 0.1}, {"holdout_loss": 0.2, "loss": 0.1}]}
    rows |= {0.5: [{"holdout_loss": 0.1, "loss": 0.9}, {"holdout_loss": 0.2, "loss": 0.9}]}
    found = choose_rate(rows)
    assert (found["rate"], found["edge"]) == (0.5, "largest")
    assert found["losses"] == pytest.approx({"0.1": 0.25, "0.5": 0.15})


def test_a_rate_with_a_training_that_diverged_is_out():
    rows = {0.1: [{"holdout_loss": 0.25}] * 2, 0.5: [{"holdout_loss": 0.1}, {"diverged": 3}]}
    assert choose_rate(rows) == {"rate": 0.1, "edge": "smallest", "losses": {"0.1": 0.25}}
    with pytest.raises(SettingError, match="body_rates: a training of every rate diverged; give smaller ones"):
        choose_rate({0.1: [{"diverged": 3}]}, "body_rates")
